"""A ticket opens what it is for, at every route of both APIs, and nothing else at any."""

import pytest

from executions.models import SkillExecution
from objectives.ids import Prefix, read
from objectives.models import ApprovalStatus, ExecutionStatus, Objective
from spaces.models import Role, Ticket
from tests.executions.api.speaking import keep, make_execution, run
from tests.factories import make_actor
from tests.guards.things import things_of
from tests.guards.ticketed import (
    EXECUTIONS,
    OPENS,
    ROUTES,
    VERBS,
    World,
    ask,
    chat_of,
    expected,
    make_world,
    minted,
    opened,
)

pytestmark = pytest.mark.django_db
each_kind = pytest.mark.parametrize("kind", OPENS)


@pytest.fixture
def world() -> World:
    return make_world()


def test_what_tickets_open_are_routes_that_exist():
    assert expected("space_id", *VERBS) <= {str(route) for route in ROUTES}
    assert len(ROUTES) > 150


@each_kind
def test_it_opens_what_it_is_for_and_no_other_route(world, kind):
    assert opened(world.own, world.ticket(kind, *VERBS)) == expected(kind, *VERBS)


@each_kind
@pytest.mark.parametrize("verb", VERBS)
def test_it_opens_by_what_it_may_alone(world, kind, verb):
    to_some = [route for route in ROUTES if str(route) in expected("space_id", *VERBS)]

    assert opened(world.own, world.ticket(kind, verb), to_some) == expected(kind, verb)


@pytest.mark.parametrize("kind", [kind for kind in OPENS if kind != "space_id"])
def test_it_opens_nothing_that_lies_beside(world, kind):
    assert opened(world.other, world.ticket(kind, *VERBS)) == set()


@each_kind
def test_it_opens_nothing_of_another_space(world, kind):
    theirs = World(make_actor(role=Role.ADMIN, name="theirs"), {}, {})
    lease = run(make_execution(theirs.actor, tool_call_id="call_1"))
    things = things_of(theirs.actor)
    values = (
        things
        | chat_of(things)
        | {
            "space_id": str(theirs.actor.space.id),
            "execution_id": str(lease.run_id),
            "artifact_id": str(keep(lease).id),
            "by-chat-tool-call/tool_call_id": "call_1",
            "slug": "private",
            "tool_name": "private",
        }
    )

    assert opened(values, world.ticket(kind, *VERBS)) == set()


@each_kind
def test_mixed_paths_open_nothing(world, kind):
    """The right thing under another's name: of the space, of the objective, of the execution."""
    swapped = [
        world.own | {name: world.other[name]}
        for name in (
            "execution_id",
            "objective_id",
            "tool_call_id",
            "artifact_id",
            "thread_id",
            "queued_id",
            "call_id",
        )
    ]
    allowed = expected(kind, *VERBS)
    ticket = world.ticket(kind, *VERBS)

    for values in swapped:
        assert opened(values, ticket) <= allowed


def test_the_ticket_counts_even_beside_its_makers_key(world):
    ticket = world.ticket("execution_id", "read")
    route = next(route for route in ROUTES if str(route) == f"GET /{EXECUTIONS}")

    assert ask(route, world.own, ticket, world.actor.headers) == 404


def test_a_ticket_for_everything_opens_no_route(world):
    ticket = minted(world.actor, {})

    assert {ask(route, world.own, ticket) for route in ROUTES} == {401}
    assert Ticket.objects.count() == 1  # and none of them has used it up


def test_what_lies_in_an_execution_is_open_too(world):
    """A card shows what its execution called, and the pictures of that."""
    parent = SkillExecution.objects.get(pk=world.own["execution_id"])
    beside = SkillExecution.objects.get(pk=world.other["execution_id"])
    below = {**world.other, "by-chat-tool-call/tool_call_id": "call_1"}
    as_child = {"parent_id": parent.id, "source": "sub_skill", "call_key": "k", "depth": 1}
    chatless = dict.fromkeys(("chat_tool_call_id", "chat_thread_id", "chat_message_id", "dispatch_key"))
    SkillExecution.objects.filter(pk=beside.pk).update(**as_child, **chatless)

    for kind in ("tool_call_id", "execution_id"):
        assert opened(below, world.ticket(kind, *VERBS)) == expected(kind, *VERBS)


def test_what_an_objective_started_lies_in_it_and_in_the_call_that_did(world):
    """A sub-agent's objective, and the skill execution of a tool call."""
    call = Objective.objects.get(pk=read(Prefix.OBJECTIVE, world.own["objective_id"])).tool_calls.get()
    child = read(Prefix.OBJECTIVE, world.other["objective_id"])
    Objective.objects.filter(pk=child).update(parent_id=call.objective_id, depth=1)
    type(call).objects.filter(pk=call.pk).update(
        run_id=child, approval=ApprovalStatus.AUTO_APPROVED, execution=ExecutionStatus.RUNNING
    )
    SkillExecution.objects.filter(pk=world.other["execution_id"]).update(
        source="objective", chat_tool_call_id=world.other["tool_call_id"]
    )
    below = {**world.other, "by-chat-tool-call/tool_call_id": world.other["tool_call_id"]}

    for kind in ("objective_id", "call of an objective"):
        found = opened(below, world.ticket(kind, *VERBS))
        assert found == expected("objective_id", *VERBS) | expected("execution_id", *VERBS)


def test_an_id_like_ours_that_a_chat_wrote_lies_in_no_objective(world):
    SkillExecution.objects.filter(pk=world.other["execution_id"]).update(
        source="chat", chat_tool_call_id=world.own["tool_call_id"]
    )
    values = {**world.other, "by-chat-tool-call/tool_call_id": world.own["tool_call_id"]}

    assert opened(values, world.ticket("objective_id", *VERBS)) == set()
