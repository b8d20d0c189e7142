"""Makes the agents of the benchmark and their tools, in a process of its own, in a scratch database."""

import json
import os
import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup(set_prefix=False)

# Below the setup: these read models and settings.
from django.utils import timezone  # noqa: E402

from objectives.models import (  # noqa: E402
    AdapterKind,
    Agent,
    AgentState,
    AgentVariation,
    Assignment,
    Tool,
    ToolSet,
)
from spaces.models import Space  # noqa: E402

LOOK, TOUCH = "look_up_order", "change_order"  # what tools are called as; people are asked about the second
LONG_TURNS, CALLS_EACH = 58, 3  # of the long objective: each turn has seven entries on its timeline
_ORDER = {
    "type": "object",
    "properties": {"order": {"type": "string", "description": "The order's number."}},
    "required": ["order"],
}
_OUTPUT = {"type": "object", "properties": {"answer": {"type": "string"}}, "required": ["answer"]}
ANSWER = {"answer": {"answer": "{message}"}}
_PROMPT = """You are a careful clerk of a shop. You find out what happened to orders, and change them only
after somebody agreed. You answer shortly, in the language in which you were asked, and name your sources."""


def make_fixtures(*, ids: Mapping[str, Any], tools_at: str) -> dict[str, Any]:
    """Agents by what they do, each with a script for the demo model; gives their ids, and a quiet space's.

    `clerk` calls four tools and answers, `asker` waits for two decisions and `decider` for one, `long` takes
    many turns, `answerer` only answers. `retired` and `idle` start nothing. `tools_at` is where tools are
    called.
    """
    now, maker = timezone.now(), Maker(ids)
    tools = maker.tools(tools_at, now)
    quiet = Space.objects.create(tenant_id=ids["tenant_id"], name="Quiet", created_at=now)
    scripts: dict[str, list[dict[str, Any]]] = {
        "clerk": [{"tools": calls_of(LOOK, 4)}, ANSWER],
        "asker": [{"tools": calls_of(TOUCH, 2)}, ANSWER],
        "decider": [{"tools": calls_of(TOUCH, 1)}, ANSWER],
        "long": [*([{"tools": calls_of(LOOK, CALLS_EACH)}] * LONG_TURNS), ANSWER],
        "answerer": [ANSWER],
        "retired": [ANSWER],
        "idle": [ANSWER],
    }
    agents = {name: maker.agent(name, script, tools, now) for name, script in scripts.items()}
    return {"agents": {name: str(agent.id) for name, agent in agents.items()}, "quiet_space": str(quiet.id)}


def calls_of(tool: str, count: int) -> list[dict[str, Any]]:
    """Calls of one turn in the demo model's script, each about another order."""
    return [{"tool": tool, "arguments": {"order": f"2026-{number:05}"}} for number in range(count)]


def make_askers(*, ids: Mapping[str, Any], tools_at: str) -> dict[str, str]:
    """Agents by id, to be made with another model than the demo's: `teller` answers, `changer` has a tool."""
    now, maker = timezone.now(), Maker(ids)
    (_, touch) = maker.tools(tools_at, now, name="Counter")
    teller, changer = (
        maker.agent("teller", [ANSWER], [], now),
        maker.agent("changer", [ANSWER], [touch], now),
    )
    return {"teller": str(teller.id), "changer": str(changer.id)}


class Maker:
    """Makes rows of the benchmark's space, by its machine."""

    def __init__(self, ids: Mapping[str, Any]) -> None:
        self._owner = {
            "space_id": uuid.UUID(ids["space_id"]),
            "created_by_id": uuid.UUID(ids["principal_id"]),
        }

    def tools(self, base_url: str, now: datetime, name: str = "Orders") -> list[Tool]:
        """Both tools of one set, each a GET of `/healthz` there."""
        tool_set = ToolSet.objects.create(
            name=name, adapter=AdapterKind.HTTP, base_url=base_url, created_at=now, **self._owner
        )
        return [
            Tool.objects.create(
                tool_set=tool_set,
                name=function.replace("_", " "),
                function_name=function,
                description="What the shop knows of an order, by its number.",
                requires_approval=function == TOUCH,
                parameters=_ORDER,
                config={"requestMethod": "GET", "path": "/healthz"},
                created_at=now,
                **self._owner,
            )
            for function in (LOOK, TOUCH)
        ]

    def agent(
        self,
        name: str,
        script: list[dict[str, Any]],
        tools: Sequence[Tool],
        now: datetime,
        *,
        prompt: str = _PROMPT,
    ) -> Agent:
        """A published agent with one variation that may call the tools; the script is for the demo model."""
        agent = Agent.objects.create(
            name=name.capitalize(),
            state=AgentState.PUBLISHED,
            output_definition=_OUTPUT,
            created_at=now,
            **self._owner,
        )
        variation = AgentVariation.objects.create(
            agent=agent,
            name="Only",
            system_prompt_template=f"{prompt}\n\n```demo\n{json.dumps(script)}\n```\n",
            created_at=now,
            **self._owner,
        )
        for tool in tools:
            Assignment.objects.create(variation=variation, tool=tool, created_at=now)
        return agent
