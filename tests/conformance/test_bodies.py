"""Every operation that is built answers with what clients demand, to the field."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction
from django.test import Client

from objectives.ids import Prefix, spell
from objectives.models import (
    AdapterKind,
    Agent,
    AgentState,
    ApprovalStatus,
    Assignment,
    ExecutionStatus,
    Objective,
    ObjectiveState,
    Tool,
    ToolSet,
    ToolSetState,
    ToolState,
)
from spaces.models import Role
from tests.conformance.contract import Contract, Operation, contract
from tests.conformance.world import World, make_world
from tests.factories import Actor, make_actor
from tests.guards.routes import Route, every_route, known_to
from tests.guards.things import body_for
from tests.objectives.factories import make_tool, make_tool_set
from tests.objectives.runs import ask_for, begin_objective, make_published_agent

pytestmark = pytest.mark.django_db

type Prepare = Callable[[World, Actor], dict[str, str]]

ROUTES = {(one.method, re.sub(r"<[^>]*>", "*", f"/{one.template}")): one for one in every_route()}
# What cannot be done, with the code of the refusal.
REFUSED: dict[str, int] = {
    "agent_variations.add_memory_layer": 12,
    "agent_variations.remove_memory_layer": 12,
    "agent_variations.update_memory_layer": 12,
    "api_keys.reveal": 9,
    "tool_sets.retrieve_open_api_spec": 9,
}
# Lists of what does not exist here.
EMPTY = {"agents.list_webhook_deliveries", "tool_sets.list_events"}
# What changes, by the collection of what is changed.
CHANGES: dict[str, Any] = {
    "agents": {"spec": {"description": "New."}},
    "variations": {"spec": {"description": "New."}},
    "tool_sets": {"spec": {"description": "New."}},
    "tools": {"spec": {"description": "New."}},
    "models": {"metadata": {"labels": {"a": "b"}}},
    "secrets": {"spec": {"value": "newer"}},
    "workspace_secrets": {"spec": {"value": "newer"}},
    "ai_provider_keys": {"metadata": {"name": "Newer"}},
    "api_keys": {"metadata": {"name": "Newer"}},
}


@pytest.fixture(scope="module")
def rules() -> Contract:
    return contract()


@pytest.fixture
def actor() -> Actor:
    return make_actor(role=Role.ADMIN)


def route_of(operation: Operation) -> Route:
    return ROUTES[operation.method, re.sub(r"{[^}]*}", "*", operation.path)]


def having(model: type[Agent | ToolSet | Tool], state: str) -> Prepare:
    """All of a kind are in a state."""

    def prepare(world: World, actor: Actor) -> dict[str, str]:
        model.objects.update(state=state)
        return {}

    return prepare


def unassigned(world: World, actor: Actor) -> dict[str, str]:
    """No variation may call anything."""
    Assignment.objects.all().delete()
    return {}


def in_state(state: ObjectiveState) -> Prepare:
    """The path's objective is in a state, without calls."""

    def prepare(world: World, actor: Actor) -> dict[str, str]:
        objective = begin_objective(actor, Agent.objects.filter(space=actor.space).earliest("id"))
        Objective.objects.filter(pk=objective.pk).update(state=state)
        return {"objective_id": spell(Prefix.OBJECTIVE, objective.id)}

    return prepare


def wants_content(world: World, actor: Actor) -> dict[str, str]:
    """The path's call is one of a bare tool that waits for its content."""
    people = make_tool_set(
        space=actor.space, created_by=actor.principal, name="people", adapter=AdapterKind.BARE
    )
    objective = begin_objective(actor, make_published_agent(actor, make_tool(tool_set=people, name="ask")))
    Objective.objects.filter(pk=objective.pk).update(state=ObjectiveState.WAITING)
    waiting = ExecutionStatus.WAITING_FOR_CONTENT
    call = ask_for(objective, "ask", approval=ApprovalStatus.AUTO_APPROVED, execution=waiting)
    return {
        "objective_id": spell(Prefix.OBJECTIVE, objective.id),
        "tool_call_id": spell(Prefix.TOOL_CALL, call.id),
    }


PREPARED: dict[str, Prepare] = {
    "agents.publish": having(Agent, AgentState.DRAFT),
    "agents.unarchive": having(Agent, AgentState.ARCHIVED),
    "agent_variations.add_assignment": unassigned,
    "tool_sets.unarchive": having(ToolSet, ToolSetState.ARCHIVED),
    "tools.omit": unassigned,
    "tools.restore": having(Tool, ToolState.OMITTED),
    "objectives.continue_": in_state(ObjectiveState.WAITING),
    "objectives.interrupt": in_state(ObjectiveState.RUNNING),
    "objectives.compact": in_state(ObjectiveState.WAITING),
    "objectives.cancel": in_state(ObjectiveState.RUNNING),
    "objectives.set_tool_call_content": wants_content,
}


def body_of(operation: Operation, route: Route, things: dict[str, str]) -> Any:
    if operation.method == "PATCH":
        return CHANGES[route.template.split("/")[-2]]
    return body_for(route.template, things)


def ask(route: Route, things: dict[str, str], actor: Actor, body: Any, **query: str) -> tuple[int, Any]:
    content = {"query_params": query}
    if route.method != "GET":
        content = {"data": json.dumps(body), "content_type": "application/json"}
    with transaction.atomic():
        answer = Client().generic(route.method, route.path(things), headers=actor.headers, **content)
        transaction.set_rollback(True)
    return answer.status_code, answer.json()


def test_every_operation_answers_with_what_clients_demand(
    actor: Actor, rules: Contract, subtests: pytest.Subtests
):
    world = make_world(actor)

    for operation in rules.operations:
        with subtests.test(operation.name), transaction.atomic():
            things = {**world.things, **PREPARED.get(operation.name, lambda *_: {})(world, actor)}
            route = route_of(operation)
            body = body_of(operation, route, things)
            takes_info = "includeInfo" in known_to(route)
            for query in [{}, {"includeInfo": "true"}] if takes_info else [{}]:
                status, shown = ask(route, things, actor, body, **query)
                check(operation, rules, status, shown)
            transaction.set_rollback(True)


def check(operation: Operation, rules: Contract, status: int, shown: Any) -> None:
    """Raises unless the answer is as it is demanded, or the refusal that is expected."""
    code = REFUSED.get(operation.name)
    if code is not None:
        assert (status >= 400, shown["code"]) == (True, code), shown
        return
    assert status == 200, shown
    if operation.answer.startswith("[]"):
        assert shown["items"] or operation.name in EMPTY
        assert list(rules.faults_in_page(operation.answer[2:], shown)) == []
    else:
        assert list(rules.faults(operation.answer, shown)) == []


def test_every_state_of_objectives_and_calls_is_shown_as_demanded(actor: Actor, rules: Contract):
    world = make_world(actor)
    one = ROUTES["GET", "/v1/workspaces/*/objectives/*"]
    call = ROUTES["GET", "/v1/workspaces/*/objectives/*/tool_calls/*"]

    for objective in world.objectives:
        _, shown = ask(one, {**world.things, "objective_id": objective}, actor, None)
        assert list(rules.faults("Objective", shown)) == []
    for tool_call in world.calls:
        _, shown = ask(call, {**world.things, "tool_call_id": tool_call}, actor, None)
        assert list(rules.faults("ObjectiveToolCallWithResult", shown)) == []
        if shown["executionStatus"].endswith("COMPLETED"):
            assert [block["type"] for block in shown["result"]["content"]] == ["text", "image", "audio"]


def test_the_rules_find_what_clients_would_not_read(rules: Contract):
    fine = {"id": "tool_1", "name": "find"}
    variant = {"type": "text", "text": {"text": "a"}}

    assert list(rules.faults("BareMetadata", fine)) == []
    assert list(rules.faults("BareMetadata", {"name": None})) == [
        ".id: missing in BareMetadata",
        ".name: null in BareMetadata",
    ]
    assert list(rules.faults("ObjectiveToolCallResult_ContentBlock", variant)) == []
    assert list(rules.faults("ObjectiveToolCallResult_ContentBlock", {"type": "video"}))
    assert list(rules.faults("ObjectiveToolCallResult_ContentBlock", {**variant, "image": {}}))
    assert list(rules.faults("ObjectiveState", "STATE_RUNNING"))
    assert list(rules.faults("time", "2026-01-01T00:00:00Z"))
    assert list(rules.faults("int", "1"))
