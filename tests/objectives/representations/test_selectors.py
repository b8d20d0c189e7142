"""What is asked for most is read cheaply: one tool call, pages of objectives, and what filters look for."""

import pytest
from django.db import connection
from django.db.models import QuerySet
from django.test.utils import CaptureQueriesContext

from objectives.ids import Prefix, spell
from objectives.models import AdapterKind, ApprovalStatus, ExecutionStatus, Objective, ToolCall
from objectives.representations.selectors import find_call, listed, with_snapshots
from spaces.ids import new_id
from tests.factories import Actor, make_actor
from tests.objectives.factories import make_agent, make_tool, make_tool_set
from tests.objectives.runs import ask_for, begin_objective, make_published_agent
from tests.objectives.workspace_client import WorkspaceClient

pytestmark = pytest.mark.django_db
CROWD = 300  # rows, so that indexes do not all cost the same


@pytest.fixture
def actor() -> Actor:
    return make_actor()


def begin(actor: Actor, **wanted: str) -> Objective:
    tool_set = make_tool_set(space=actor.space, created_by=actor.principal, adapter=AdapterKind.BARE)
    helper = make_agent(space=actor.space, created_by=actor.principal, name="helper")
    agent = make_published_agent(actor, make_tool(tool_set=tool_set, name="ask"), helper)
    return begin_objective(actor, agent, **wanted)


def shown(actor: Actor, call: ToolCall, objective: str = "") -> dict:
    address = objective or spell(Prefix.OBJECTIVE, call.objective_id)
    return WorkspaceClient(actor).get(f"/objectives/{address}/tool_calls/{spell(Prefix.TOOL_CALL, call.id)}")


def plan_of(rows: QuerySet, *, forbidden: tuple[str, ...] = ("seqscan", "bitmapscan", "sort")) -> str:
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE objectives_objective, objectives_toolcall")
        for way in forbidden:
            cursor.execute(f"SET LOCAL enable_{way} = off")
    return str(rows.explain())


def make_crowd(objective: Objective) -> None:
    """As many more of the same."""
    rows = [Objective.objects.get(pk=objective.pk) for _ in range(CROWD)]
    for row in rows:
        row.pk = new_id()
    Objective.objects.bulk_create(rows)


def test_the_page_of_a_call_takes_no_query_beside_its_one_statement(actor):
    call = ask_for(
        begin(actor), "ask", approval=ApprovalStatus.AUTO_APPROVED, execution=ExecutionStatus.COMPLETED
    )
    shown(actor, call)  # the first use of a key in a minute is noted

    with CaptureQueriesContext(connection) as captured:
        page = shown(actor, call)

    assert page["metadata"]["id"] == spell(Prefix.TOOL_CALL, call.id)
    assert captured.captured_queries == []


@pytest.mark.parametrize("info", ["true", "false"])
@pytest.mark.parametrize("path", ["/objectives", "/objectives/{}/tool_calls", "/waiting"])
def test_a_longer_list_takes_no_further_query(actor, path, info):
    objective, client = begin(actor), WorkspaceClient(actor)
    address, asked = path.format(spell(Prefix.OBJECTIVE, objective.id)), []
    ask_for(objective, "ask", approval=ApprovalStatus.WAITING_FOR_APPROVAL)
    client.get(address)  # the first use of a key in a minute is noted

    for _ in range(2):
        with CaptureQueriesContext(connection) as captured:
            client.get(address, includeInfo=info)
        asked.append(len(captured))
        begin(actor)
        for _ in range(3):
            ask_for(objective, "ask", approval=ApprovalStatus.WAITING_FOR_APPROVAL)

    assert asked[0] == asked[1]


def test_a_call_tells_its_tool_s_set_and_who_decided_about_it(actor):
    call = ask_for(begin(actor), "ask", approval=ApprovalStatus.APPROVED)
    ToolCall.objects.filter(pk=call.pk).update(decided_by=actor.principal)

    page = shown(actor, call)

    assert page["info"]["toolSet"]["name"] == "orders"
    profile = spell(Prefix.PROFILE, actor.principal.id)
    assert page["data"]["statusChangedBy"]["metadata"]["id"] == profile
    assert page["info"]["createdBy"]["metadata"]["id"] == profile


def test_a_call_of_an_agent_has_no_tool_set(actor):
    page = shown(actor, ask_for(begin(actor), "helper", approval=ApprovalStatus.AUTO_APPROVED))

    assert {"tool", "toolSet"}.isdisjoint(page["info"])


def test_a_call_is_found_below_its_own_objective_and_space_only(actor):
    call, other = ask_for(begin(actor), "ask", approval=ApprovalStatus.AUTO_APPROVED), begin(actor)

    assert find_call(actor.space.id, call.objective_id, call.id) is not None
    assert find_call(actor.space.id, other.id, call.id) is None
    assert find_call(make_actor().space.id, call.objective_id, call.id) is None


def test_a_call_is_found_by_the_objective_s_external_id_too(actor):
    call = ask_for(begin(actor, external_id="order-7"), "ask", approval=ApprovalStatus.AUTO_APPROVED)

    assert shown(actor, call, "external_id:order-7") == shown(actor, call)


def test_a_page_reads_each_snapshot_once_and_no_plan(actor):
    make_crowd(begin(actor))

    page = with_snapshots(list(listed(Objective.objects.order_by("id"))[:9]))

    assert {row.agent_snapshot["metadata"]["name"] for row in page} == {"Researcher"}
    assert len({id(row.variation_snapshot) for row in page}) == 1
    assert all("plan" in row.get_deferred_fields() for row in page)


@pytest.mark.parametrize(
    ("column", "index"),
    [
        ("state", "objective_by_state"),  # that of one space or of all
        ("agent", "objective_by_agent"),
        ("created_by", "objective_by_principal"),
    ],
)
def test_a_filter_is_read_off_its_index_in_the_order_of_the_list(actor, column, index):
    objective = begin(actor)
    make_crowd(objective)
    rare = {"state": "failed", "agent": make_agent(space=actor.space, created_by=actor.principal)}
    rare["created_by"] = make_actor().principal

    rows = Objective.objects.filter(space=actor.space, **{column: rare[column]})
    plan = plan_of(rows.order_by("-created_at", "-id")[:51])

    assert f"using {index}" in plan, plan
    assert "Sort" not in plan


def test_a_label_is_looked_for_in_an_index(actor):
    make_crowd(begin(actor))

    rows = Objective.objects.filter(labels__contains={"team": "none"})

    assert "objective_by_label" in plan_of(rows, forbidden=("seqscan",))


@pytest.mark.parametrize(
    ("rows", "index"),
    [
        (Objective.objects.order_by("-created_at", "-id"), "objective_newest"),
        (
            Objective.objects.filter(state="failed").order_by("-created_at", "-id"),
            "objective_by_state_anywhere",
        ),
        (ToolCall.objects.filter(space_id=new_id()).order_by("-id"), "call_by_space"),
        (ToolCall.objects.filter(caller_id=new_id()).order_by("-id"), "call_by_caller"),
    ],
    ids=["newest", "of a state", "calls of a space", "calls of an agent"],
)
def test_the_desk_s_lists_are_read_off_their_indexes_in_their_order(actor, rows, index):
    objective = begin(actor)
    make_crowd(objective)
    for _ in range(20):
        ask_for(objective, "ask", approval=ApprovalStatus.AUTO_APPROVED)

    plan = plan_of(rows[:51])

    assert f"using {index} " in plan, plan
    assert "Sort" not in plan
