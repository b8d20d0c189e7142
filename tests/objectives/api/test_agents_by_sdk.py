"""The official SDK against a real server: every operation on agents and variations decodes."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from cadenya import Cadenya
from cadenya._core import APIError

from objectives.ids import Prefix, spell
from objectives.models import Agent
from spaces.models import Role
from tests.executions.runs.live.server import running_server
from tests.factories import NOW, Actor, make_actor
from tests.objectives.factories import make_feedback, make_objective, make_tool, make_tool_set

pytestmark = pytest.mark.django_db(transaction=True)
SCHEMA = {"type": "object", "properties": {"answer": {"type": "string", "default": None}}}


@pytest.fixture
def admin() -> Actor:
    return make_actor(role=Role.ADMIN)


@pytest.fixture
def client(admin: Actor) -> Iterator[Cadenya]:
    workspace = spell(Prefix.WORKSPACE, admin.space.id)
    with (
        running_server() as server,
        Cadenya(api_key=admin.token, base_url=server.url, workspace_id=workspace) as client,
    ):
        yield client


def refusal(call: Any, *args: Any, **kwargs: Any) -> tuple[int, int]:
    """HTTP status and code of what the SDK raises."""
    with pytest.raises(APIError) as refused:
        call(*args, **kwargs)
    return refused.value.status_code, refused.value.code


def test_every_operation_decodes(client: Cadenya, admin: Actor):
    agents = client.agents
    made = agents.create(
        metadata={"name": "Researcher", "external_id": "team:r-1", "labels": {"team": "north"}},
        spec={
            "description": "Finds things out.",
            "variation_selection_mode": "VARIATION_SELECTION_MODE_WEIGHTED",
            "output_definition": SCHEMA,
        },
        default_variation={
            "metadata": {"name": "Thorough", "external_id": "v:1"},
            "spec": {"model_config": {"model_id": "demo", "temperature": 0.2}},
        },
    )
    address, named = made.metadata.id, "external_id:team:r-1"
    assert made.spec.output_definition == SCHEMA
    assert (made.state, made.info.variation_count) == ("STATE_DRAFT", 1)

    assert agents.retrieve(named) == agents.retrieve(address) == made
    found = agents.list(labels="team=north", state="STATE_DRAFT", prefix="Res", include_info=True)
    assert list(found) == [made]
    changed = agents.update(named, spec={"description": "New."}, update_mask="spec.description")
    assert (changed.spec.description, changed.spec.output_definition) == ("New.", SCHEMA)
    assert agents.publish(named).state == "STATE_PUBLISHED"
    assert agents.unpublish(address).state == "STATE_DRAFT"
    assert agents.archive(address).state == "STATE_ARCHIVED"
    assert list(agents.list()) == []
    assert agents.unarchive(address).state == "STATE_DRAFT"
    assert agents.publish(address).state == "STATE_PUBLISHED"
    assert refusal(agents.publish, address) == (400, 9)

    variations(client, admin, address)
    records(client, address)

    assert refusal(agents.delete, address) == (400, 9)
    spare = agents.create(metadata={"name": "Spare"}, spec={})
    agents.delete(spare.metadata.id)
    assert refusal(agents.retrieve, spare.metadata.id) == (404, 5)


def variations(client: Cadenya, admin: Actor, agent: str) -> None:
    of_agent = client.agents.variations
    tools = make_tool_set(space=admin.space, created_by=admin.principal)
    tool = spell(Prefix.TOOL, make_tool(tool_set=tools).id)
    first = of_agent.retrieve(agent, "external_id:v:1")
    assert first.spec.model_config.temperature == 0.2
    assert first.info.model.external_id == "demo"

    made = of_agent.create(
        agent,
        metadata={"name": "Quick"},
        spec={
            "system_prompt_template": "Be brief, {{ name }}.",
            "first_user_message_template": "Look into {{ topic }}.",
            "constraints": {"max_tool_calls": 3, "max_sub_objectives": 1, "inactivity_timeout": "600s"},
            "compaction_config": {
                "trigger_threshold": 0.5,
                "summarization": {"instructions": "Short."},
                "tool_result_clearing": {"preserve_recent_results": 1},
            },
            "progressive_discovery": {"max_tools": 2, "hints": ["orders"]},
            "assignments": [{"type": "toolSetId", "tool_set_id": spell(Prefix.TOOL_SET, tools.id)}],
        },
    )
    address = made.metadata.id
    assert made.spec.constraints.inactivity_timeout == "600s"
    assert made.spec.compaction_config.tool_result_clearing.preserve_recent_results == 1
    assert (made.info.tool_set_count, made.info.effective_tool_count) == (1, 1)
    listed = list(of_agent.list(agent, include_info=True, limit=1))
    assert [one.metadata.name for one in listed] == ["Quick", "Thorough"]

    of_tool = {"type": "toolId", "tool_id": tool}
    added = of_agent.add_assignment(agent, address, body=of_tool)
    assert [one.type for one in added.spec.assignments] == ["toolSetId", "toolId"]
    assert set(added.info.assignment_metadata) == {tool, spell(Prefix.TOOL_SET, tools.id)}
    assert refusal(of_agent.add_assignment, agent, address, body=of_tool) == (409, 6)
    assert of_agent.remove_assignment(agent, address, body=of_tool).info.tool_count == 0
    itself = of_agent.add_assignment(agent, address, body={"type": "subAgentId", "sub_agent_id": agent})
    assert itself.info.sub_agent_count == 1
    for call in (of_agent.add_memory_layer, of_agent.update_memory_layer):
        assert refusal(call, agent, address, memory_layer_id="memlyr_1", position=1) == (501, 12)
    assert refusal(of_agent.remove_memory_layer, agent, address, memory_layer_id="memlyr_1") == (501, 12)

    changed = of_agent.update(agent, address, spec={"assignments": []}, update_mask="spec.assignments")
    assert (changed.spec.assignments, changed.spec.constraints) == ([], made.spec.constraints)
    of_agent.delete(agent, address)
    assert refusal(of_agent.retrieve, agent, address) == (404, 5)
    assert refusal(of_agent.delete, agent, "external_id:v:1") == (400, 9)


def records(client: Cadenya, agent: str) -> None:
    objective = make_objective(variation=Agent.objects.get(external_id="team:r-1").variations.get())
    for minute in range(3):
        make_feedback(objective=objective, score=minute / 2, created_at=NOW + timedelta(minutes=minute))
    found = client.agents.list_feedback(
        agent,
        limit=1,
        sentiment="FEEDBACK_SENTIMENT_POSITIVE",
        agent_variation_id="external_id:v:1",
        created_after=NOW,
        created_before="2027-01-01T00:00:00Z",
        include_info=True,
    )
    shown = list(found)
    assert [one.data.score for one in shown] == [1.0, 0.5]
    assert shown[0].info.submitted_by.metadata.id
    assert shown[0].info.agent_variation.name == "Thorough"
    assert list(client.agents.list_webhook_deliveries(agent, event_type="OBJECTIVE_EVENT_TYPE_ERROR")) == []
