"""Variations over HTTP: made, read, listed, changed, deleted."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from objectives.ids import Prefix, spell
from objectives.models import AgentState, AgentVariation, LanguageModel, ToolState
from spaces.models import Role
from tests.factories import NOW, make_actor
from tests.objectives.factories import (
    make_agent,
    make_feedback,
    make_objective,
    make_tool,
    make_tool_set,
    make_variation,
)
from tests.objectives.workspace_client import WorkspaceClient

pytestmark = pytest.mark.django_db
DEMO = "Be kind, {{ name }}.\n\n```demo\n- say: Hello {message}\n```\n"
SPEC = {
    "description": "Takes its time.",
    "systemPromptTemplate": DEMO,
    "firstUserMessageTemplate": "Look into {{ topic }}.",
    "modelConfig": {
        "modelId": "demo",
        "temperature": 0.5,
        "topP": 0.9,
        "topK": 40,
        "stopSequences": ["END"],
        "maxOutputTokens": 1000,
        "reasoningEffort": "REASONING_EFFORT_LOW",
        "cachingEnabled": False,
    },
    "constraints": {"maxToolCalls": 5, "maxSubObjectives": 2, "inactivityTimeout": "3600s"},
    "compactionConfig": {
        "triggerThreshold": 0.5,
        "summarization": {"instructions": "Keep the names."},
        "toolResultClearing": {"preserveRecentResults": 3},
    },
    "progressiveDiscovery": {"maxTools": 3, "hints": ["orders"]},
}


@pytest.fixture
def api():
    return WorkspaceClient(make_actor(role=Role.ADMIN))


@pytest.fixture
def agent(api):
    return make_agent(space=api.actor.space, created_by=api.actor.principal)


def variations_of(agent):
    return f"/agents/{spell(Prefix.AGENT, agent.id)}/variations"


def path_of(variation):
    return f"{variations_of(variation.agent)}/{spell(Prefix.VARIATION, variation.id)}"


def body(**spec):
    return {"metadata": {"name": "Thorough"}, "spec": spec}


def test_a_variation_is_made_and_read_back_whole(api, agent):
    made = api.post(variations_of(agent), {"metadata": {"name": "V", "externalId": "v:1"}, "spec": SPEC})

    model = LanguageModel.objects.get(external_id="demo")
    model_id = spell(Prefix.MODEL, model.id)
    assert made["spec"] == {
        **SPEC,
        "modelConfig": {**SPEC["modelConfig"], "modelId": model_id},
        "assignments": [],
        "memoryLayerAssignments": [],
    }
    assert made["info"]["model"]["id"] == model_id
    assert made["info"]["score"] == 0
    counts = {name: count for name, count in made["info"].items() if name.endswith("Count")}
    assert counts == dict.fromkeys(
        [
            "toolCount",
            "toolSetCount",
            "subAgentCount",
            "agentPoolCount",
            "memoryLayerCount",
            "effectiveToolCount",
            "feedbackCount",
        ],
        0,
    )
    assert api.get(f"{variations_of(agent)}/{made['metadata']['id']}") == made
    assert api.get(f"{variations_of(agent)}/external_id:v:1") == made
    assert api.get(variations_of(agent))["items"] == [made]


def test_a_variation_may_be_empty(api, agent):
    made = api.post(variations_of(agent), {"metadata": {"name": "Plain"}})

    assert "modelConfig" not in made["spec"]
    assert "constraints" not in made["spec"]
    assert made["spec"]["systemPromptTemplate"] == ""


@pytest.mark.parametrize(("given", "shown"), [("60s", "60s"), ("86400", "86400s"), (90, "90s")])
def test_the_timeout_is_read_in_every_spelling(api, agent, given, shown):
    made = api.post(variations_of(agent), body(constraints={"inactivityTimeout": given}))

    assert made["spec"]["constraints"] == {"inactivityTimeout": shown}


@pytest.mark.parametrize(
    ("spec", "path"),
    [
        ({"systemPromptTemplate": "{% if %}"}, "spec.systemPromptTemplate: "),
        ({"systemPromptTemplate": "```demo\n- shout: a\n```"}, "spec.systemPromptTemplate: "),
        ({"firstUserMessageTemplate": "{{ a"}, "spec.firstUserMessageTemplate: "),
        ({"modelConfig": {}}, "spec.modelConfig.modelId: "),
        ({"modelConfig": {"modelId": "gpt-nothing"}}, "spec.modelConfig.modelId: "),
        ({"modelConfig": {"modelId": "demo", "temperature": 3}}, "spec.modelConfig.temperature: "),
        (
            {"modelConfig": {"modelId": "demo", "reasoningEffort": "MAX"}},
            "spec.modelConfig.reasoningEffort: ",
        ),
        ({"constraints": {"maxToolCalls": -1}}, "spec.constraints.maxToolCalls: "),
        ({"constraints": {"maxToolCalls": 2**31}}, "spec.constraints.maxToolCalls: "),
        ({"constraints": {"maxToolCalls": True}}, "spec.constraints.maxToolCalls: "),
        ({"modelConfig": {"modelId": "demo", "topP": False}}, "spec.modelConfig.topP: "),
        ({"constraints": {"inactivityTimeout": "59s"}}, "spec.constraints.inactivityTimeout: "),
        ({"constraints": {"inactivityTimeout": "86401s"}}, "spec.constraints.inactivityTimeout: "),
        ({"constraints": {"inactivityTimeout": "soon"}}, "spec.constraints.inactivityTimeout: "),
        ({"compactionConfig": {"triggerThreshold": 2}}, "spec.compactionConfig.triggerThreshold: "),
    ],
)
def test_what_is_wrong_with_a_variation_is_told_with_its_path(api, agent, spec, path):
    variation = make_variation(agent=agent)

    refusals = [
        api.refused("post", variations_of(agent), body(**spec)),
        api.refused("patch", path_of(variation), {"spec": {"description": "new", **spec}}),
    ]

    assert [refusal[:2] for refusal in refusals] == [(400, 3)] * 2
    assert all(message.startswith(path) for _, _, message in refusals), refusals
    assert [(row.id, row.description) for row in AgentVariation.objects.all()] == [(variation.id, "")]


def test_memory_layers_are_not_built(api, agent):
    variation = make_variation(agent=agent)
    layers = [{"memoryLayerId": "memlyr_1", "position": 1}]
    message = "spec.memoryLayerAssignments is not built."

    assert api.refused("post", variations_of(agent), body(memoryLayerAssignments=layers)) == (
        501,
        12,
        message,
    )
    for verb in ("addMemoryLayer", "removeMemoryLayer", "updateMemoryLayer"):
        refused = api.refused("post", f"{path_of(variation)}:{verb}", layers[0])
        assert refused[:2] == (501, 12)
    assert AgentVariation.objects.count() == 1


def test_a_mask_replaces_what_it_names_and_leaves_the_rest(api, agent):
    made = api.post(variations_of(agent), {"metadata": {"name": "V"}, "spec": SPEC})
    path = f"{variations_of(agent)}/{made['metadata']['id']}"

    change = {
        "spec": {"constraints": {"maxToolCalls": 9}},
        "updateMask": "spec.constraints,spec.model_config",
    }
    changed = api.patch(path, change)

    assert changed["spec"]["constraints"] == {"maxToolCalls": 9}
    assert "modelConfig" not in changed["spec"]
    assert "model" not in changed["info"]
    assert changed["spec"]["compactionConfig"] == SPEC["compactionConfig"]
    assert changed["metadata"]["updatedAt"] > changed["metadata"]["createdAt"]
    assert api.get(path) == changed


def test_the_info_counts_what_is_assigned_and_what_was_thought(api, agent):
    owner = {"space": api.actor.space, "created_by": api.actor.principal}
    tools = make_tool_set(**owner)
    inside = make_tool(tool_set=tools)
    make_tool(tool_set=tools, name="omitted", state=ToolState.OMITTED)
    archived = make_tool(tool_set=make_tool_set(**owner, state="archived"), name="gone")
    other = make_agent(**owner, name="Other")
    variation = make_variation(agent=agent, calls=(inside, tools, archived, other))
    objective = make_objective(variation=variation)
    for score in (1.0, -0.5):
        make_feedback(objective=objective, score=score)

    info = api.get(path_of(variation))["info"]

    assert (info["toolCount"], info["toolSetCount"], info["subAgentCount"]) == (2, 1, 1)
    assert info["effectiveToolCount"] == 1
    assert (info["feedbackCount"], info["score"]) == (2, 0.25)
    assert info["assignmentMetadata"][spell(Prefix.AGENT, other.id)] == {
        "id": spell(Prefix.AGENT, other.id),
        "name": "Other",
    }
    assert len(info["assignmentMetadata"]) == 4


def test_a_list_costs_as_many_queries_for_many_variations_as_for_one(api, agent):
    tools = make_tool_set(space=api.actor.space, created_by=api.actor.principal)
    calls = (tools, make_tool(tool_set=tools), agent)
    make_variation(agent=agent, calls=calls)
    api.get(variations_of(agent))  # what only the first request of a key costs
    with CaptureQueriesContext(connection) as one:
        api.get(variations_of(agent))
    for number in range(9):
        make_variation(agent=agent, calls=calls, created_at=NOW + timedelta(seconds=number))

    with CaptureQueriesContext(connection) as many:
        page = api.get(variations_of(agent))

    assert [item["info"]["toolSetCount"] for item in page["items"]] == [1] * 10
    assert len(many) == len(one) <= 8


def test_variations_are_listed_newest_first_and_by_label(api, agent):
    for number in range(3):
        labels = {"kind": "odd" if number % 2 else "even"}
        make_variation(
            agent=agent, name=f"v{number}", labels=labels, created_at=NOW + timedelta(seconds=number)
        )

    def listed(**query):
        return [item["metadata"]["name"] for item in api.get(variations_of(agent), **query)["items"]]

    assert listed() == ["v2", "v1", "v0"]
    assert listed(sortOrder="asc", limit=2) == ["v0", "v1"]
    assert listed(labels="kind=even") == ["v2", "v0"]


def test_the_last_variation_of_a_published_agent_stays(api, agent):
    first, second = make_variation(agent=agent), make_variation(agent=agent)

    assert api.delete(path_of(first)) == {}
    assert api.refused("delete", path_of(second))[:2] == (400, 9)
    agent.state = AgentState.DRAFT
    agent.save()
    assert api.delete(path_of(second)) == {}
    assert not AgentVariation.objects.exists()


def test_an_objective_outlives_its_variation(api, agent):
    variation = make_variation(agent=agent)
    make_variation(agent=agent)
    objective = make_objective(variation=variation)

    api.delete(path_of(variation))

    objective.refresh_from_db()
    assert objective.variation_id is None
    assert objective.variation_snapshot["metadata"]["id"] == spell(Prefix.VARIATION, variation.id)


def test_a_variation_is_found_below_its_own_agent_only(api, agent):
    variation = make_variation(agent=agent, external_id="v1")
    other = make_agent(space=api.actor.space, created_by=api.actor.principal)
    stranger = WorkspaceClient(make_actor(role=Role.ADMIN))
    theirs = make_variation(agent=make_agent(space=stranger.actor.space, created_by=stranger.actor.principal))

    refusals = {
        api.refused("get", f"{variations_of(other)}/{spell(Prefix.VARIATION, variation.id)}")[:2],
        api.refused("get", f"{variations_of(other)}/external_id:v1")[:2],
        api.refused("get", path_of(theirs))[:2],
        api.refused("patch", path_of(theirs), {"metadata": {"name": "mine"}})[:2],
        api.refused("delete", path_of(theirs))[:2],
        api.refused("post", variations_of(theirs.agent), body())[:2],
        api.refused("post", f"{path_of(theirs)}:addAssignment", {"toolId": "tool_x"})[:2],
    }

    assert refusals == {(404, 5)}


def test_an_external_id_names_one_variation_of_the_workspace(api, agent):
    make_variation(agent=agent, external_id="v1")
    other = make_agent(space=api.actor.space, created_by=api.actor.principal)
    new = {"metadata": {"name": "V", "externalId": "v1"}, "spec": {}}

    assert api.refused("post", variations_of(other), new)[:2] == (409, 6)
