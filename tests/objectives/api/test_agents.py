"""Agents over HTTP: made, read, listed, changed, deleted."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from objectives.ids import Prefix, spell
from objectives.models import Agent, AgentVariation, VariationChoice
from spaces.models import Role
from tests.factories import NOW, make_actor
from tests.objectives.factories import make_agent, make_objective, make_variation
from tests.objectives.workspace_client import WorkspaceClient

pytestmark = pytest.mark.django_db
FLAT = {"type": "object", "properties": {"a": {"type": "text"}}}  # `text` is no type
SCHEMA = {"type": "object", "properties": {"a": {"type": "string", "default": None}}}


@pytest.fixture
def api():
    return WorkspaceClient(make_actor(role=Role.ADMIN))


def agent_of(api, **fields):
    return make_agent(space=api.actor.space, created_by=api.actor.principal, **fields)


def path_of(agent):
    return f"/agents/{spell(Prefix.AGENT, agent.id)}"


def names(page):
    return [item["metadata"]["name"] for item in page["items"]]


def test_an_agent_is_made_as_a_draft_and_read_back(api):
    metadata = {"name": "Researcher", "externalId": "r-1", "labels": {"team": "north"}, "id": "agent_x"}
    spec = {"description": "Finds things out.", "outputDefinition": SCHEMA, "webhookEventsUrl": ""}
    made = api.post("/agents", {"metadata": metadata, "spec": spec, "state": "STATE_PUBLISHED"})

    assert made["state"] == "STATE_DRAFT"
    assert made["metadata"]["id"] == spell(Prefix.AGENT, Agent.objects.get().id)
    assert made["metadata"]["externalId"] == "r-1"
    assert made["metadata"]["labels"] == {"team": "north"}
    assert made["spec"]["outputDefinition"] == SCHEMA
    assert made["spec"]["variationSelectionMode"] == "VARIATION_SELECTION_MODE_RANDOM"
    assert made["info"]["variationCount"] == 0
    assert made["info"]["createdBy"]["metadata"]["id"] == made["metadata"]["profileId"]
    assert api.get(f"/agents/{made['metadata']['id']}") == made
    assert api.get("/agents/external_id:r-1") == made
    assert api.get("/agents")["items"] == [made]


def test_an_agent_and_its_first_variation_are_made_together(api):
    variation = {"metadata": {"name": "Thorough"}, "spec": {"modelConfig": {"modelId": "demo"}}}
    made = api.post("/agents", {"metadata": {"name": "R"}, "spec": {}, "defaultVariation": variation})

    assert made["info"]["variationCount"] == 1
    assert AgentVariation.objects.get().model.external_id == "demo"


def test_neither_is_made_where_the_variation_is_wrong(api):
    variation = {"metadata": {"name": "Thorough"}, "spec": {"systemPromptTemplate": "{{ a"}}
    body = {"metadata": {"name": "R"}, "spec": {}, "defaultVariation": variation}

    status, code, message = api.refused("post", "/agents", body)

    assert (status, code) == (400, 3)
    assert message.startswith("defaultVariation.spec.systemPromptTemplate: ")
    assert not Agent.objects.exists()


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"spec": {}}, "metadata: "),
        ({"metadata": {"name": ""}, "spec": {}}, "metadata.name: "),
        ({"metadata": {"name": "R", "labels": {"a b": "c"}}, "spec": {}}, "metadata.labels.a b: "),
        ({"metadata": {"name": "R", "externalId": "a/b"}, "spec": {}}, "metadata.externalId: "),
        ({"metadata": {"name": "R\0"}, "spec": {}}, "metadata.name: "),
        ({"metadata": {"name": "R"}, "spec": {"outputDefinition": FLAT}}, "spec.outputDefinition.properties"),
        (
            {"metadata": {"name": "R"}, "spec": {"systemPromptDataSchema": {"type": "string"}}},
            "spec.systemPromptDataSchema.type: ",
        ),
        (
            {"metadata": {"name": "R"}, "spec": {"variationSelectionMode": "BEST"}},
            "spec.variationSelectionMode: ",
        ),
    ],
)
def test_what_is_wrong_with_a_new_agent_is_told_with_its_path(api, body, path):
    status, code, message = api.refused("post", "/agents", body)

    assert (status, code) == (400, 3)
    assert message.startswith(path), message
    assert not Agent.objects.exists()


@pytest.mark.parametrize(
    "spec",
    [
        {"webhookEventsUrl": "https://example.com"},
        {"enableEpisodicMemory": True},
        {"episodicMemoryTtl": 86400},
        {"episodicMemoryTtl": "60s"},
        {"alwaysIncludeSubjectMemories": True},
    ],
)
def test_what_is_not_built_is_refused_by_name_and_not_kept(api, spec):
    agent = agent_of(api)

    refusals = [
        api.refused("post", "/agents", {"metadata": {"name": "R"}, "spec": spec}),
        api.refused("patch", path_of(agent), {"spec": {"description": "new", **spec}}),
    ]

    assert refusals == [(501, 12, f"spec.{next(iter(spec))} is not built.")] * 2
    assert Agent.objects.get().description == ""


def test_an_external_id_names_one_agent(api):
    agent_of(api, external_id="r-1")
    other = agent_of(api)
    body = {"metadata": {"name": "R", "externalId": "r-1"}, "spec": {}}

    assert api.refused("post", "/agents", body)[:2] == (409, 6)
    assert api.refused("patch", path_of(other), {"metadata": {"externalId": "r-1"}})[:2] == (409, 6)


def test_without_a_mask_what_the_body_brings_is_changed(api):
    agent = agent_of(api, description="old", output_definition=SCHEMA, labels={"a": "b"})

    spec = {"variationSelectionMode": "VARIATION_SELECTION_MODE_WEIGHTED"}
    changed = api.patch(path_of(agent), {"metadata": {"name": "New"}, "spec": spec})

    assert (changed["metadata"]["name"], changed["metadata"]["labels"]) == ("New", {"a": "b"})
    assert changed["metadata"]["updatedAt"] > changed["metadata"]["createdAt"]
    assert changed["spec"]["description"] == "old"
    assert changed["spec"]["outputDefinition"] == SCHEMA
    assert Agent.objects.get().variation_choice == VariationChoice.WEIGHTED


def test_a_mask_clears_what_it_names_and_the_body_leaves_out(api):
    agent = agent_of(api, description="old", output_definition=SCHEMA, external_id="r-1")

    mask = "metadata.external_id,spec.description,spec.outputDefinition"
    changed = api.patch(
        path_of(agent), {"spec": {"description": "new", "webhookEventsUrl": "x"}, "updateMask": mask}
    )

    assert changed["spec"]["description"] == "new"
    assert "outputDefinition" not in changed["spec"]
    assert changed["metadata"]["externalId"] == ""


@pytest.mark.parametrize("mask", ["spec.nothing", "state", "metadata.id", "info.variation_count"])
def test_a_mask_with_an_unknown_path_changes_nothing(api, mask):
    agent = agent_of(api, description="old")

    body = {"spec": {"description": "new"}, "updateMask": f"spec.description,{mask}"}

    assert api.refused("patch", path_of(agent), body)[:2] == (400, 3)
    assert Agent.objects.get().description == "old"


def test_a_name_cannot_be_cleared(api):
    body = {"updateMask": "metadata.name"}

    assert api.refused("patch", path_of(agent_of(api)), body)[:2] == (400, 3)


def test_agents_are_listed_newest_first_in_pages_and_hidden_when_archived(api):
    for number, state in enumerate(["draft", "published", "archived", "draft"]):
        agent_of(api, name=f"agent {number}", state=state, created_at=NOW + timedelta(seconds=number))

    first = api.get("/agents", limit=2)
    second = api.get("/agents", limit=2, cursor=first["pagination"]["nextCursor"])

    assert names(first) == ["agent 3", "agent 1"]
    assert names(second) == ["agent 0"]
    assert second["pagination"]["nextCursor"] == ""
    assert names(api.get("/agents", sortOrder="asc")) == ["agent 0", "agent 1", "agent 3"]
    assert names(api.get("/agents", state="STATE_ARCHIVED")) == ["agent 2"]


def test_a_list_of_agents_is_filtered(api):
    agent_of(api, name="Anna", labels={"team": "north", "tier": "1"}, state="draft")
    agent_of(api, name="Annabel", labels={"team": "south"}, variation_choice=VariationChoice.WEIGHTED)

    assert names(api.get("/agents", prefix="annab")) == ["Annabel"]
    assert names(api.get("/agents", query="bel")) == ["Annabel"]
    assert names(api.get("/agents", labels="team=north,tier=1")) == ["Anna"]
    assert names(api.get("/agents", state="STATE_DRAFT")) == ["Anna"]
    assert names(api.get("/agents", variationSelectionMode="VARIATION_SELECTION_MODE_WEIGHTED")) == [
        "Annabel"
    ]
    assert len(names(api.get("/agents", state="STATE_UNSPECIFIED"))) == 2


@pytest.mark.parametrize("query", [{"state": "DRAFT"}, {"cursor": "x"}, {"limit": "-1"}, {"labels": "a"}])
def test_a_filter_that_means_nothing_is_refused(api, query):
    assert api.refused("get", "/agents", **query)[:2] == (400, 3)


def test_a_list_costs_as_many_queries_for_many_agents_as_for_one(api):
    make_variation(agent=agent_of(api))
    api.get("/agents")  # what only the first request of a key costs
    with CaptureQueriesContext(connection) as one:
        api.get("/agents")
    for _ in range(9):
        make_variation(agent=agent_of(api))

    with CaptureQueriesContext(connection) as many:
        page = api.get("/agents")

    assert [item["info"]["variationCount"] for item in page["items"]] == [1] * 10
    assert len(many) == len(one) <= 5


def test_an_agent_without_objectives_is_deleted_with_its_variations(api):
    agent = make_variation(agent=agent_of(api)).agent

    assert api.delete(path_of(agent)) == {}
    assert not Agent.objects.exists()
    assert api.refused("delete", path_of(agent))[:2] == (404, 5)


def test_an_agent_with_objectives_is_not_deleted(api):
    variation = make_variation(agent=agent_of(api))
    make_objective(variation=variation)

    status, code, message = api.refused("delete", path_of(variation.agent))

    assert (status, code) == (400, 9)
    assert "Archive it" in message
    assert Agent.objects.exists()


def test_agents_of_another_workspace_do_not_exist(api):
    stranger = WorkspaceClient(make_actor(role=Role.ADMIN))
    path = path_of(agent_of(stranger, external_id="theirs"))

    refusals = {
        api.refused("get", path)[:2],
        api.refused("get", "/agents/external_id:theirs")[:2],
        api.refused("patch", path, {"metadata": {"name": "mine"}})[:2],
        api.refused("post", f"{path}:archive")[:2],
        api.refused("delete", path)[:2],
        api.refused("get", f"{path}/variations")[:2],
        api.refused("get", f"{path}/feedback")[:2],
        api.refused("get", f"{path}/webhook_deliveries")[:2],
    }

    assert refusals == {(404, 5)}
    assert api.get("/agents")["items"] == []
    assert Agent.objects.get().name == "Researcher"


def test_reading_needs_one_permission_and_changing_another():
    reader = WorkspaceClient(make_actor(role=Role.ADMIN, permissions=("agents:read",)))
    stranger = WorkspaceClient(make_actor(role=Role.ADMIN, permissions=("objectives:manage",)))
    agent = agent_of(reader)

    assert reader.get(path_of(agent))["metadata"]["name"] == agent.name
    assert reader.refused("post", f"{path_of(agent)}:archive")[:2] == (403, 7)
    assert reader.refused("post", "/agents", {"metadata": {"name": "R"}, "spec": {}})[:2] == (403, 7)
    assert stranger.refused("get", "/agents")[:2] == (403, 7)
