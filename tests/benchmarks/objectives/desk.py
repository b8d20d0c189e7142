"""The admin's pages of objectives and tool calls, with many of them in the tables."""

import uuid
from typing import Any
from urllib.parse import urlencode

from objectives.ids import Prefix, spell
from spaces.admin.kit.keyset import Place as Depth
from tests.benchmarks.context import Context
from tests.benchmarks.depth import row_at
from tests.benchmarks.figures import Figure
from tests.benchmarks.objectives.place import Place
from tests.benchmarks.pages import DETAILS, Page, measure_pages, row_of
from tests.benchmarks.servers import Server

OBJECTIVES = "/admin/objectives/objective/"
CALLS = "/admin/objectives/toolcall/"
QUEUE = f"{CALLS}waiting/"
_OBJECTIVE, _CALL = row_of("objective"), row_of("toolcall")
_DECISION = r"/toolcall/[0-9a-f-]{36}/approve/"


def measure_desk(context: Context, many: Place, _few: Place, real: Server) -> list[Figure]:
    """Milliseconds until the last byte of a page's HTML; all kinds in turns, one client."""
    chosen = many.some_calls(DETAILS)
    pages = [
        Page("dashboard", ["/admin/"], _DECISION),
        *_objective_lists(many),
        Page(
            "one objective", [f"{OBJECTIVES}{objective}/change/" for objective, _ in chosen], row_of("agent")
        ),
        Page("one with 400 entries", [f"{OBJECTIVES}{many.models['long']}/change/"], _CALL),
        *_call_lists(many),
        Page("one tool call", [f"{CALLS}{call}/change/" for _, call in chosen], _OBJECTIVE),
        *_queue(many),
    ]
    return measure_pages("objectives", pages, context, real, prefix="admin: ")


def _objective_lists(many: Place) -> list[Page]:
    """Rare and frequent, at the top and half way down, and of those for whom nothing happens any more."""
    agents, space = many.agents, many.dataset.ids["space_id"]
    middle = _row(many, "objectives_objective", many.objectives // 2)
    deep = Depth(is_older=True, number=9, at=middle.created_at, id=middle.id)
    broad = {"state__exact": "finalized", "agent__id__exact": agents["clerk"], "space__id__exact": space}
    asked = {
        "objectives, newest": {},
        f"objectives, at depth {many.objectives // 2:,}": {"p": str(deep)},
        "objectives of a state": {"state__exact": "waiting"},
        "objectives of an agent": {"agent__id__exact": agents["clerk"]},
        "objectives of an agent that is retired": {"agent__id__exact": agents["retired"]},
        "objectives of a quiet space": {"space__id__exact": many.quiet_space},
        "objectives of a state, an agent and a space": broad,
        "objectives by the agent's name": {"q": "clerk"},
        "objectives by an id": {"q": spell(Prefix.OBJECTIVE, middle.id)},
    }
    empty: dict[str, dict[str, Any]] = {
        "objectives of a state, none": {"state__exact": "cancelled"},
        "objectives of an agent, none": {"agent__id__exact": agents["idle"]},
        "objectives of a state and an agent, none": {
            "state__exact": "failed",
            "agent__id__exact": agents["retired"],
        },
    }
    return [
        *(Page(what, [_listed(OBJECTIVES, asking)], _OBJECTIVE) for what, asking in asked.items()),
        *(
            Page(what, [_listed(OBJECTIVES, asking)], _OBJECTIVE, has_rows=False)
            for what, asking in empty.items()
        ),
    ]


def _call_lists(many: Place) -> list[Page]:
    middle = _row(many, "objectives_toolcall", many.calls // 2)
    deep = Depth(is_older=True, number=9, at=None, id=middle.id)  # this list goes by the id alone
    objective = spell(Prefix.OBJECTIVE, uuid.UUID(many.models["long"]))
    asked = {
        "tool calls, newest": {},
        f"tool calls, at depth {many.calls // 2:,}": {"p": str(deep)},
        "tool calls of an approval": {"approval__exact": "waiting_for_approval"},
        "tool calls of an agent that is retired": {"caller__id__exact": many.agents["retired"]},
        "tool calls of a quiet space": {"space__id__exact": many.quiet_space},
        "tool calls by their objective": {"q": objective},
    }
    none = _listed(CALLS, {"execution__exact": "errored"})
    return [
        *(Page(what, [_listed(CALLS, asking)], _CALL) for what, asking in asked.items()),
        Page("tool calls of an execution, none", [none], _CALL, has_rows=False),
    ]


def _queue(many: Place) -> list[Page]:
    space = many.dataset.ids["space_id"]
    asked = {"queue": {}, "queue of a space": {"space": space}}
    return [Page(what, [_listed(QUEUE, asking)], _DECISION) for what, asking in asked.items()]


def _row(many: Place, table: str, depth: int) -> Any:
    return row_at(many.dataset.site.database_url, table, space_id=many.dataset.ids["space_id"], depth=depth)


def _listed(base: str, asked: dict[str, Any]) -> str:
    return f"{base}?{urlencode(asked)}"
