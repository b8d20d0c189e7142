"""The demo's second story, told as a client of the workspace API: an agent, and what it has to ask."""

import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx2

from config.demo.agent import MESSAGE
from config.demo.dataset import World
from config.demo.story import DemoFailed
from config.demo.terminal import brief

LOOK_EVERY = 0.2  # seconds; a browser would use `events:stream`
LOOK_CALMLY = 1.0
MOST_SECONDS = 120.0
WAITING = "TOOL_CALL_STATUS_WAITING_FOR_APPROVAL"
type Line = tuple[float, str, str]
"""Seconds since the beginning, the event's type, and what it says."""
OVER = frozenset({"finalized", "failed", "cancelled", "timed_out"})


@dataclass
class ObjectiveScene:
    """What is known of the objective so far; the teller fills it, the terminal shows it.

    `names` are the functions that are called, by the calls' ids.
    """

    objective_id: str = ""
    state: str = "starting"
    waiting_call_id: str = ""
    last_event_id: str = ""
    lines: list[Line] = field(default_factory=list)
    names: dict[str, str] = field(default_factory=dict)
    started: float = field(default_factory=time.monotonic)

    @property
    def is_over(self) -> bool:
        return self.state in OVER

    @property
    def is_idle(self) -> bool:
        """Its turn has ended: it waits for a person's message and for no decision."""
        return self.state == "waiting" and not self.waiting_call_id

    def note(self, event: dict[str, Any]) -> str:
        """Fold one event of the API in; its type."""
        kind = str(event["data"]["type"])
        payload = event["data"][kind]
        self.last_event_id = event["metadata"]["id"]
        if kind == "stateChanged":
            self.state = payload["toState"].removeprefix("OBJECTIVE_STATE_").lower()
        elif kind == "toolApprovalRequested":
            self.waiting_call_id = payload["toolCallId"]
        elif kind in {"toolApproved", "toolDenied"}:
            self.waiting_call_id = ""
        elif kind == "assistantMessage":
            self.names |= {call["toolCallId"]: call["functionName"] for call in payload["toolCalls"]}
        self.lines.append((time.monotonic() - self.started, kind, _told(kind, payload, self.names)))
        return kind


class ObjectiveStory:
    """One objective of the demo's agent, from its first message to the decision that it waits for."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.scene = ObjectiveScene()
        self._client = httpx2.Client(
            base_url=f"{world.base_url}/v1/workspaces/{world.workspace_id}",
            headers={"Authorization": f"Bearer {world.api_key}"},
            timeout=httpx2.Timeout(20.0),
        )

    def find_waiting(self) -> bool:
        """Whether an earlier demo's objective still waits for its decision; the scene then tells of it."""
        objective_id, call_id = self.world.objective_id, self.world.waiting_tool_call_id
        if not (objective_id and call_id):
            return False
        answer = self._client.get(f"/objectives/{objective_id}/tool_calls/{call_id}")
        if answer.status_code != 200 or answer.json()["status"] != WAITING:
            return False
        self.scene.objective_id = objective_id
        self._read()
        return bool(self.scene.waiting_call_id)

    def tell(self) -> None:
        """Start and follow until somebody has to decide; raises DemoFailed where it comes to nothing."""
        wanted = {"agentId": self.world.agent_id, "firstUserMessage": MESSAGE}
        answer = self._client.post("/objectives", json=wanted)
        if answer.status_code != 200:
            raise DemoFailed(f"POST /objectives: {answer.status_code} {answer.text[:500]}")
        self.scene.objective_id = answer.json()["metadata"]["id"]
        self.world = self.world.with_objective(self.scene.objective_id)
        deadline = time.monotonic() + MOST_SECONDS
        while not (self.scene.waiting_call_id and self.scene.state == "waiting"):
            self._read()
            if self.scene.is_over or time.monotonic() > deadline:
                raise DemoFailed(f"The objective is {self.scene.state} and asks for nothing.")
            time.sleep(LOOK_EVERY)
        self.world = self.world.with_objective(self.scene.objective_id, self.scene.waiting_call_id)

    def follow(self, is_over: Callable[[], bool]) -> Iterator[Line]:
        """What happens after that, line by line as it happens, until the turn ends or nobody listens."""
        while not is_over():
            before = len(self.scene.lines)
            with contextlib.suppress(httpx2.TransportError, DemoFailed):  # the server may be starting again
                self._read()
            yield from self.scene.lines[before:]
            if self.scene.is_over or self.scene.is_idle:
                return
            time.sleep(LOOK_CALMLY)

    def _read(self) -> None:
        """Fold in every event that is new."""
        query = {"limit": "100", "sinceEventId": self.scene.last_event_id}
        answer = self._client.get(f"/objectives/{self.scene.objective_id}/events", params=query)
        if answer.status_code != 200:
            raise DemoFailed(f"GET /objectives/…/events: {answer.status_code} {answer.text[:500]}")
        for event in answer.json()["items"]:
            self.scene.note(event)


def _told(kind: str, payload: dict[str, Any], names: dict[str, str]) -> str:
    """One line of what an event says; calls go by what is called, not by their ids."""
    if kind == "stateChanged":
        return str(payload["toState"]).removeprefix("OBJECTIVE_STATE_").lower()
    if kind == "assistantMessage":
        calls = ", ".join(call["functionName"] for call in payload["toolCalls"])
        said = str(payload.get("content", "")).strip().rpartition("\n")[2]
        return f"{said}  → {calls}" if calls else said
    if kind == "toolResult":
        texts = [block["text"]["text"] for block in payload["result"]["content"] if block["type"] == "text"]
        media = [block["type"] for block in payload["result"]["content"] if block["type"] != "text"]
        return " + ".join([*map(brief, texts), *media])
    called = names.get(str(payload.get("toolCallId")))
    words = [called, *(payload.get(name) for name in ("content", "message", "memo"))]
    return ": ".join(str(word) for word in words if word)
