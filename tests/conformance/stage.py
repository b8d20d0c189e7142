"""The running system and the official SDK in front of it, and what a story is told with."""

import json
import threading
import time
from collections.abc import Callable
from typing import Any, Self

from cadenya import Cadenya
from cadenya.types import Objective, ObjectiveEvent, ObjectiveToolCall

from objectives.ids import Prefix, read, spell
from objectives.models import Objective as Row
from tests.executions.runs.live.server import Server
from tests.factories import Actor
from tests.objectives.agent_loop.tool_server import ToolServer

PATIENCE = 90.0  # seconds until something that should happen counts as not happening


class Stage:
    """A server, its worker's tool server, and an admin's client; a context manager."""

    def __init__(self, web: Server, tools: ToolServer, actor: Actor) -> None:
        self.web = web
        self.tools = tools
        self.actor = actor
        self.workspace = spell(Prefix.WORKSPACE, actor.space.id)
        self.client = self.client_at(web.url)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.client.close()

    def client_at(self, url: str) -> Cadenya:
        """The SDK with the admin's key, by way of another address."""
        return Cadenya(api_key=self.actor.token, base_url=url, workspace_id=self.workspace)

    def agent(self, name: str, script: list[Any], *, labels: Any = None, **spec: Any) -> str:
        """The id of a published agent that follows a script of the demo model."""
        prompt = f"You are {{{{ name }}}}.\n\n```demo\n{json.dumps(script)}\n```\n"
        variation = {
            "metadata": {"name": "Only", "labels": labels or {}},
            "spec": {"system_prompt_template": prompt, "model_config": {"model_id": "demo"}, **spec},
        }
        made = self.client.agents.create(metadata={"name": name}, spec={}, default_variation=variation)
        self.client.agents.publish(made.metadata.id)
        return made.metadata.id

    def start(self, agent: str, message: str = "Go.", **given: Any) -> str:
        """The id of a new objective."""
        made = self.client.objectives.create(
            agent_id=agent, first_user_message=message, system_prompt_data={"name": "Ada"}, **given
        )
        return made.metadata.id

    def until(self, objective: str, state: str, *, turns: int = 0) -> Objective:
        """The objective once it is in this state, after at least so many responses of the model."""

        def is_there(found: Objective) -> bool:
            assert found.info is not None
            return found.state == f"OBJECTIVE_STATE_{state}" and found.info.total_iterations >= turns

        return eventually(lambda: self.client.objectives.retrieve(objective), is_there)

    def until_asked(self, objective: str) -> None:
        """Until the model is being asked, which the API does not tell: what is queued now waits."""
        rows = Row.objects.filter(pk=read(Prefix.OBJECTIVE, objective), asked_at__isnull=False)
        eventually(rows.exists, bool)

    def until_calls(self, objective: str, **counts: int) -> list[ObjectiveToolCall]:
        """Its tool calls, oldest first, once so many have each execution status."""

        def read() -> list[ObjectiveToolCall]:
            return list(self.client.objectives.list_tool_calls(objective, include_info=True))[::-1]

        def are_so_many(calls: list[ObjectiveToolCall]) -> bool:
            names = [call.execution_status.removeprefix("TOOL_CALL_EXECUTION_STATUS_") for call in calls]
            return all(names.count(name) == count for name, count in counts.items())

        return eventually(read, are_so_many)


class Listener:
    """The SDK's stream of an objective's events, read in a thread until it ends."""

    def __init__(self, client: Cadenya, objective: str, **given: Any) -> None:
        self.events: list[ObjectiveEvent] = []
        self.failure: Exception | None = None
        self._stream = client.objectives.stream_events(objective, **given)
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def ended(self) -> list[ObjectiveEvent]:
        """All events of the log, once the server has ended the stream; raises what the SDK raised.

        A slow run is told heartbeats too, which no log keeps.
        """
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive(), "the stream goes on"
        if self.failure:
            raise self.failure
        return [event for event in self.events if event.data.type != "heartbeat"]

    def _read(self) -> None:
        try:
            for event in self._stream:
                self.events.append(event)
        except Exception as error:  # noqa: BLE001 - told to the test by `ended`
            self.failure = error


def eventually[T](read: Callable[[], T], holds: Callable[[T], bool]) -> T:
    """What is read once it holds."""
    deadline = time.monotonic() + PATIENCE
    while not holds(found := read()):
        assert time.monotonic() < deadline, f"it did not come to that: {found}"
        time.sleep(0.05)
    return found


def types_of(events: list[ObjectiveEvent]) -> list[str]:
    """Their types; a change of state as the state it goes to."""
    return [
        event.data.state_changed.to_state[16:] if event.data.type == "stateChanged" else event.data.type
        for event in events
    ]
