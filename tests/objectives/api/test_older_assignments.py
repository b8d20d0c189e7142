"""Assignments as clients before 1.2 address them: by an id of their own."""

import pytest

from objectives.ids import Prefix, spell
from objectives.models import Assignment
from spaces.models import Role
from tests.factories import make_actor
from tests.objectives.factories import make_agent, make_tool, make_tool_set, make_variation
from tests.objectives.workspace_client import WorkspaceClient

pytestmark = pytest.mark.django_db


@pytest.fixture
def api():
    return WorkspaceClient(make_actor(role=Role.ADMIN))


@pytest.fixture
def variation(api):
    return make_variation(agent=make_agent(space=api.actor.space, created_by=api.actor.principal))


def variation_path(variation):
    agent = spell(Prefix.AGENT, variation.agent_id)
    return f"/agents/{agent}/variations/{spell(Prefix.VARIATION, variation.id)}"


@pytest.mark.parametrize("kind", ["tool", "toolSet", "agent"])
def test_an_assignment_has_an_id_by_which_it_is_taken_away(api, variation, kind):
    tool_set = make_tool_set(space=api.actor.space, created_by=api.actor.principal)
    tool = make_tool(tool_set=tool_set)
    thing_id, field, name = {
        "tool": (spell(Prefix.TOOL, tool.id), "toolId", tool.name),
        "toolSet": (spell(Prefix.TOOL_SET, tool_set.id), "toolSetId", tool_set.name),
        "agent": (spell(Prefix.AGENT, variation.agent_id), "subAgentId", variation.agent.name),
    }[kind]
    path = variation_path(variation)

    added = api.post(f"{path}/assignments", {"type": field, field: thing_id})

    assert added == {"type": kind, kind: {"id": thing_id, "name": name}, "id": added["id"]}
    assert api.get(path)["info"]["assignments"] == [added]
    assert api.refused("post", f"{path}/assignments", {field: thing_id})[:2] == (409, 6)
    assert api.delete(f"{path}/assignments/{added['id']}") == {}
    assert api.get(path)["spec"]["assignments"] == []
    assert api.refused("delete", f"{path}/assignments/{added['id']}")[:2] == (404, 5)


def test_an_assignment_of_another_variation_stays(api, variation):
    other = make_variation(agent=variation.agent, name="other")
    tool_set = make_tool_set(space=api.actor.space, created_by=api.actor.principal)
    body = {"toolSetId": spell(Prefix.TOOL_SET, tool_set.id)}
    added = api.post(f"{variation_path(other)}/assignments", body)

    for odd in (added["id"], "external_id:x", "avt_x"):
        assert api.refused("delete", f"{variation_path(variation)}/assignments/{odd}")[:2] == (404, 5)
    assert Assignment.objects.count() == 1


def test_memory_layers_are_not_built_at_the_older_address_either(api, variation):
    layers = f"{variation_path(variation)}/memory_layer_assignments"

    for method, path in (("post", layers), ("patch", f"{layers}/avml_1"), ("delete", f"{layers}/avml_1")):
        assert api.refused(method, path, {"memoryLayerId": "memlyr_1", "position": 1})[:2] == (501, 12)
