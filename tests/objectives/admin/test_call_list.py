"""The list of tool calls: what it can be narrowed to, and what that costs."""

import re
from copy import copy
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from objectives.models import AdapterKind, ApprovalStatus, ExecutionStatus, Objective, ToolCall
from spaces.ids import new_id
from tests.admin.desk import client_of, make_staff, operator_client
from tests.factories import make_actor
from tests.objectives.admin.desk import CALLS
from tests.objectives.factories import make_agent, make_tool, make_tool_set
from tests.objectives.runs import ask_for, begin_objective, make_published_agent

pytestmark = pytest.mark.django_db
STATES = [
    (ApprovalStatus.WAITING_FOR_APPROVAL, ExecutionStatus.PENDING),
    (ApprovalStatus.DENIED, ExecutionStatus.PENDING),
    (ApprovalStatus.APPROVED, ExecutionStatus.RUNNING),
    (ApprovalStatus.AUTO_APPROVED, ExecutionStatus.RUNNING),
]


def make_calls(*names: str) -> dict[str, dict[str, ToolCall]]:
    """A call in each of four states of an agent of each name; by name, and by approval."""
    actor, made = make_actor(), {}
    tool_set = make_tool_set(space=actor.space, created_by=actor.principal, adapter=AdapterKind.BARE)
    tool = make_tool(tool_set=tool_set, name="ask")
    for name in names:
        objective = begin_objective(actor, make_published_agent(actor, tool, name=name))
        made[name] = {
            approval: ask_for(objective, "ask", approval=approval, execution=execution, turn=turn)
            for turn, (approval, execution) in enumerate(STATES, 1)
        }
    return made


def make_crowd(count: int) -> None:
    """So many calls in the usual state: among a few rows every way to read them is as good."""
    call = make_calls("Crowd")["Crowd"][ApprovalStatus.AUTO_APPROVED]
    call.execution, call.result = ExecutionStatus.COMPLETED, []
    call.save()
    rows = [copy(call) for _ in range(count)]
    for place, row in enumerate(rows, 1):
        row.pk, row.place = new_id(), place
    ToolCall.objects.bulk_create(rows)


def shown(page: str) -> set[str]:
    """The ids of the calls on a page."""
    return set(re.findall(r"/toolcall/([0-9a-f-]{36})/change/", page))


def ids(*calls: ToolCall) -> set[str]:
    return {str(call.pk) for call in calls}


def agent_of(call: ToolCall) -> str:
    return str(Objective.objects.get(pk=call.objective_id).agent_id)


def test_it_is_narrowed_by_approval_execution_and_agent() -> None:
    calls = make_calls("Anna", "Bert")
    anna, bert = calls["Anna"], calls["Bert"]
    client = operator_client()

    def listed(**query: Any) -> set[str]:
        return shown(client.get(CALLS, query).content.decode())

    of_anna = agent_of(anna["denied"])
    assert listed() == ids(*anna.values(), *bert.values())
    assert listed(approval__exact="denied") == ids(anna["denied"], bert["denied"])
    assert listed(execution__exact="pending") == ids(
        *(of[state] for of in (anna, bert) for state in ("denied", "waiting_for_approval"))
    )
    assert listed(caller__id__exact=of_anna) == ids(*anna.values())
    assert listed(caller__id__exact=of_anna, execution__exact="running", approval__exact="approved") == ids(
        anna["approved"]
    )


def test_no_filter_costs_more_with_more_agents_or_calls() -> None:
    anna = make_calls("Anna")["Anna"]["denied"]
    queries = ["", "?approval__exact=denied", f"?caller__id__exact={agent_of(anna)}"]
    client, asked, pages = operator_client(), [], []
    for _ in range(2):
        for query in queries:
            with CaptureQueriesContext(connection) as captured:
                pages.append(client.get(CALLS + query).content.decode())
            assert not [each["sql"] for each in captured if "COUNT(" in each["sql"].upper()]
            asked.append(len(captured))
        make_calls(*(f"Agent {number}" for number in range(8)))

    assert asked[: len(queries)] == asked[len(queries) :]
    assert max(asked) <= 7
    assert not any("Agent 7</option>" in page for page in pages)


def test_agents_are_found_by_their_names_by_those_who_may_see_them() -> None:
    actor = make_actor()
    for name in ("Carla", "Dora"):
        make_agent(space=actor.space, created_by=actor.principal, name=name)
    where = {"app_label": "objectives", "model_name": "objective", "field_name": "agent", "term": "Car"}
    watcher = client_of(make_staff(permissions=("view_toolcall",)))

    found = operator_client().get("/admin/autocomplete/", where).json()["results"]

    assert [one["text"] for one in found] == ["Carla"]
    assert watcher.get("/admin/autocomplete/", where).status_code == 403


@pytest.mark.parametrize(
    ("narrowed", "index"),
    [({"approval": "denied"}, "call_by_approval"), ({"execution": "errored"}, "call_by_execution")],
)
def test_rare_states_are_found_through_an_index(narrowed: dict[str, str], index: str) -> None:
    make_crowd(1_000)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE objectives_toolcall")
        cursor.execute("SET LOCAL enable_seqscan = off")

    plan = ToolCall.objects.filter(**narrowed).order_by("-pk")[:51].explain()

    assert index in plan
    assert "Sort" not in plan
