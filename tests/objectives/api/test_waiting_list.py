"""The queue of what waits for people: what is in it, in which order, and what it costs to read."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from objectives.ids import Prefix, spell
from objectives.models import AdapterKind, ApprovalStatus, ExecutionStatus, Objective, ToolCall
from objectives.representations.waiting import waiting_calls
from tests.factories import NOW, Actor, make_actor
from tests.objectives.factories import make_tool, make_tool_set
from tests.objectives.runs import ask_for, begin_objective, make_published_agent
from tests.objectives.workspace_client import WorkspaceClient

pytestmark = pytest.mark.django_db
APPROVAL = "TOOL_CALL_STATUS_WAITING_FOR_APPROVAL"
CONTENT = "TOOL_CALL_EXECUTION_STATUS_WAITING_FOR_CONTENT"


@pytest.fixture
def actor() -> Actor:
    return make_actor()


def begin(actor: Actor) -> Objective:
    tool_set = make_tool_set(space=actor.space, created_by=actor.principal, adapter=AdapterKind.BARE)
    tool = make_tool(tool_set=tool_set, name="ask", requires_approval=True)
    return begin_objective(actor, make_published_agent(actor, tool))


def wait_for_approval(objective: Objective, *, after: int = 0) -> str:
    """A call that waits since `after` seconds past the beginning; its public id."""
    call = ask_for(objective, "ask", approval=ApprovalStatus.WAITING_FOR_APPROVAL)
    return placed(call, after)


def wait_for_content(objective: Objective, *, after: int = 0) -> str:
    call = ask_for(
        objective, "ask", approval=ApprovalStatus.AUTO_APPROVED, execution=ExecutionStatus.WAITING_FOR_CONTENT
    )
    return placed(call, after)


def placed(call: ToolCall, after: int) -> str:
    ToolCall.objects.filter(pk=call.pk).update(created_at=NOW + timedelta(seconds=after))
    return spell(Prefix.TOOL_CALL, call.id)


def ids(page) -> list[str]:
    return [item["metadata"]["id"] for item in page["items"]]


def test_what_waits_is_listed_oldest_first_and_nothing_else(actor):
    first, second = begin(actor), begin(actor)
    late = wait_for_approval(first, after=9)
    early = wait_for_content(second, after=3)
    for approval, execution in (
        (ApprovalStatus.APPROVED, ExecutionStatus.PENDING),
        (ApprovalStatus.DENIED, ExecutionStatus.PENDING),
        (ApprovalStatus.AUTO_APPROVED, ExecutionStatus.COMPLETED),
        (ApprovalStatus.WAITING_FOR_APPROVAL, ExecutionStatus.INTERRUPTED),
    ):
        ask_for(first, "ask", approval=approval, execution=execution)

    page = WorkspaceClient(actor).get("/waiting")

    assert ids(page) == [early, late]
    assert page["pagination"] == {"nextCursor": ""}
    assert page["items"][1]["info"]["objective"]["id"] == spell(Prefix.OBJECTIVE, first.id)
    assert "result" not in page["items"][0]


def test_pages_follow_each_other(actor):
    objective = begin(actor)
    made = [wait_for_approval(objective, after=second) for second in (1, 2, 2, 3)]
    client = WorkspaceClient(actor)

    page = client.get("/waiting", limit=3)
    rest = client.get("/waiting", limit=3, cursor=page["pagination"]["nextCursor"])

    assert ids(page) + ids(rest) == made
    assert ids(client.get("/waiting", sortOrder="desc")) == made[::-1]


def test_it_can_be_filtered_by_what_is_asked_and_by_agent(actor):
    mine, theirs = begin(actor), begin(actor)
    decision, content = wait_for_approval(mine), wait_for_content(mine)
    other = wait_for_approval(theirs)
    client = WorkspaceClient(actor)

    assert ids(client.get("/waiting", status=APPROVAL)) == [decision, other]
    assert ids(client.get("/waiting", executionStatus=CONTENT)) == [content]
    agent = spell(Prefix.AGENT, theirs.agent_id)
    assert ids(client.get("/waiting", agentId=agent)) == [other]
    assert ids(client.get("/waiting", agentId=agent, executionStatus=CONTENT)) == []


@pytest.mark.parametrize("query", [{"status": "SOON"}, {"executionStatus": "x"}, {"agentId": "agent_x"}])
def test_a_filter_that_means_nothing_is_refused(actor, query):
    assert WorkspaceClient(actor).refused("get", "/waiting", **query)[:2] == (400, 3)


def test_another_workspace_s_queue_is_not_shown(actor):
    wait_for_approval(begin(make_actor()))

    assert ids(WorkspaceClient(actor).get("/waiting")) == []


def test_a_key_that_may_not_read_objectives_sees_nothing():
    actor = make_actor(permissions=("agents:manage",))

    assert WorkspaceClient(actor).refused("get", "/waiting")[:2] == (403, 7)


def test_the_number_of_questions_does_not_grow_with_the_rows(actor):
    client, asked = WorkspaceClient(actor), []
    client.get("/waiting")  # the key's first use is written down

    for _ in range(2):
        for objective in (begin(actor), begin(actor)):
            wait_for_approval(objective)
        with CaptureQueriesContext(connection) as captured:
            client.get("/waiting")
        asked.append(len(captured))

    assert asked[0] == asked[1]


@pytest.mark.parametrize("narrower", [{}, {"approval__in": [ApprovalStatus.WAITING_FOR_APPROVAL]}])
def test_the_queue_is_read_from_its_own_index_in_its_order(actor, narrower):
    objective = begin(actor)
    for second in range(5):
        wait_for_approval(objective, after=second)
        ask_for(objective, "ask", approval=ApprovalStatus.AUTO_APPROVED, execution=ExecutionStatus.COMPLETED)
    with connection.cursor() as cursor:
        for way in ("seqscan", "bitmapscan", "sort"):
            cursor.execute(f"SET LOCAL enable_{way} = off")

    found = waiting_calls(actor.space.id).filter(**narrower).order_by("created_at", "id")[:51]
    plan = found.explain()

    assert re.search(r"Index Scan using call_waiting", plan), plan
    assert "Sort" not in plan
