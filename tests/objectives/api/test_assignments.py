"""What a variation may call: added, taken away, replaced."""

import pytest

from objectives.ids import Prefix, spell
from objectives.models import AgentState, Assignment, ToolSetState, ToolState
from spaces.models import Role
from tests.factories import make_actor
from tests.objectives.factories import make_agent, make_tool, make_tool_set, make_variation
from tests.objectives.workspace_client import WorkspaceClient

pytestmark = pytest.mark.django_db


@pytest.fixture
def api():
    return WorkspaceClient(make_actor(role=Role.ADMIN))


@pytest.fixture
def things(api):
    """One of each kind, by what assignments call them."""
    owner = {"space": api.actor.space, "created_by": api.actor.principal}
    tool_set = make_tool_set(**owner, external_id="the-set")
    return {
        "toolId": make_tool(tool_set=tool_set, external_id="the-tool"),
        "toolSetId": tool_set,
        "subAgentId": make_agent(**owner, name="Helper", external_id="the-agent"),
    }


@pytest.fixture
def variation(api):
    return make_variation(agent=make_agent(space=api.actor.space, created_by=api.actor.principal))


PREFIXES = {"toolId": Prefix.TOOL, "toolSetId": Prefix.TOOL_SET, "subAgentId": Prefix.AGENT}
EXTERNAL = {"toolId": "the-tool", "toolSetId": "the-set", "subAgentId": "the-agent"}
UNUSABLE = [
    ("toolId", ToolState.OMITTED),
    ("toolId", ToolState.ARCHIVED),
    ("toolSetId", ToolSetState.ARCHIVED),
    ("subAgentId", AgentState.ARCHIVED),
]


def path_of(variation):
    agent = spell(Prefix.AGENT, variation.agent_id)
    return f"/agents/{agent}/variations/{spell(Prefix.VARIATION, variation.id)}"


def of(kind, thing):
    return {"type": kind, kind: spell(PREFIXES[kind], thing.id)}


@pytest.mark.parametrize("kind", PREFIXES)
def test_a_thing_is_assigned_and_taken_away(api, things, variation, kind):
    wanted = of(kind, things[kind])

    added = api.post(f"{path_of(variation)}:addAssignment", wanted)
    removed = api.post(f"{path_of(variation)}:removeAssignment", wanted)

    assert added["spec"]["assignments"] == [wanted]
    assert added["info"]["assignmentMetadata"] == {
        wanted[kind]: {"id": wanted[kind], "name": things[kind].name}
    }
    assert added["metadata"]["updatedAt"]
    assert removed["spec"]["assignments"] == []
    assert not Assignment.objects.exists()


@pytest.mark.parametrize("kind", PREFIXES)
def test_a_thing_is_named_by_external_id_and_without_a_type(api, things, variation, kind):
    wanted = {kind: f"external_id:{EXTERNAL[kind]}", "agentId": "ignored"}

    added = api.post(f"{path_of(variation)}:addAssignment", wanted)
    removed = api.post(f"{path_of(variation)}:removeAssignment", wanted)

    assert added["spec"]["assignments"] == [of(kind, things[kind])]
    assert removed["spec"]["assignments"] == []


@pytest.mark.parametrize("kind", PREFIXES)
def test_a_thing_is_assigned_once_and_taken_away_once(api, things, variation, kind):
    wanted = of(kind, things[kind])

    assert api.refused("post", f"{path_of(variation)}:removeAssignment", wanted)[:2] == (404, 5)
    api.post(f"{path_of(variation)}:addAssignment", wanted)
    assert api.refused("post", f"{path_of(variation)}:addAssignment", wanted)[:2] == (409, 6)
    assert Assignment.objects.count() == 1


def test_an_agent_may_call_itself(api, variation):
    wanted = of("subAgentId", variation.agent)

    assert api.post(f"{path_of(variation)}:addAssignment", wanted)["info"]["subAgentCount"] == 1


@pytest.mark.parametrize(
    ("wanted", "path"),
    [
        ({}, ""),
        ({"type": "toolId"}, ""),
        ({"type": "toolId", "toolSetId": "toolset_x"}, ""),
        ({"toolId": "tool_x", "toolSetId": "toolset_x"}, ""),
        ({"type": "toolId", "toolId": "tool_x"}, "toolId: "),
        ({"toolSetId": "external_id:nothing"}, "toolSetId: "),
        ({"subAgentId": "agent_01ARZ3NDEKTSV4RRFFQ69G5FAV"}, "subAgentId: "),
    ],
)
def test_what_names_nothing_is_invalid(api, variation, wanted, path):
    for verb in ("addAssignment", "removeAssignment"):
        status, code, message = api.refused("post", f"{path_of(variation)}:{verb}", wanted)

        assert (status, code) == (400, 3)
        assert message.startswith(path), message


def test_things_of_another_workspace_cannot_be_assigned(api, variation):
    stranger = make_actor(role=Role.ADMIN)
    theirs = make_tool_set(space=stranger.space, created_by=stranger.principal)

    for wanted in (of("toolSetId", theirs), of("toolId", make_tool(tool_set=theirs))):
        assert api.refused("post", f"{path_of(variation)}:addAssignment", wanted)[:2] == (400, 3)
    assert not Assignment.objects.exists()


def test_agent_pools_are_not_built(api, variation):
    pool = {"type": "agentPoolId", "agentPoolId": "agentpool_1"}

    added = api.refused("post", f"{path_of(variation)}:addAssignment", pool)
    written = api.refused("patch", path_of(variation), {"spec": {"assignments": [pool]}})

    assert added == (501, 12, "agentPoolId is not built.")
    assert written == (501, 12, "spec.assignments.0.agentPoolId is not built.")


@pytest.mark.parametrize("unusable", UNUSABLE, ids="-".join)
def test_what_is_archived_or_omitted_cannot_be_assigned_anew(api, things, variation, unusable):
    kind, state = unusable
    things[kind].state = state
    things[kind].save()
    wanted = of(kind, things[kind])

    assert api.refused("post", f"{path_of(variation)}:addAssignment", wanted)[:2] == (400, 9)
    assert api.refused("patch", path_of(variation), {"spec": {"assignments": [wanted]}})[:2] == (400, 9)


def test_what_was_archived_later_may_stay(api, things, variation):
    wanted = of("toolId", things["toolId"])
    api.post(f"{path_of(variation)}:addAssignment", wanted)
    things["toolId"].state = ToolState.ARCHIVED
    things["toolId"].save()

    kept = api.patch(path_of(variation), {"spec": {"assignments": [wanted]}})

    assert kept["spec"]["assignments"] == [wanted]


def test_a_list_in_the_spec_replaces_all_assignments_in_its_order(api, things, variation):
    tool, tool_set, agent = (of(kind, thing) for kind, thing in things.items())
    api.post(f"{path_of(variation)}:addAssignment", tool)

    changed = api.patch(path_of(variation), {"spec": {"assignments": [agent, tool_set]}})
    untouched = api.patch(path_of(variation), {"spec": {"description": "new"}})
    cleared = api.patch(path_of(variation), {"updateMask": "spec.assignments"})

    assert changed["spec"]["assignments"] == [agent, tool_set]
    assert untouched["spec"]["assignments"] == [agent, tool_set]
    assert cleared["spec"]["assignments"] == []


def test_one_wrong_thing_rejects_the_whole_change(api, things, variation):
    tool = of("toolId", things["toolId"])
    api.post(f"{path_of(variation)}:addAssignment", tool)

    spec = {"description": "new", "assignments": [{"toolSetId": "toolset_x"}]}
    status, code, message = api.refused("patch", path_of(variation), {"spec": spec})

    assert (status, code) == (400, 3)
    assert message.startswith("spec.assignments.0.toolSetId: ")
    shown = api.get(path_of(variation))
    assert (shown["spec"]["description"], shown["spec"]["assignments"]) == ("", [tool])


def test_a_thing_named_twice_rejects_the_whole_list(api, things, variation):
    tool = of("toolId", things["toolId"])
    twice = {"spec": {"assignments": [tool, {"toolId": "external_id:the-tool"}]}}

    assert api.refused("patch", path_of(variation), twice)[:2] == (409, 6)
    assert not Assignment.objects.exists()


def test_a_variation_is_made_with_what_it_calls_or_not_at_all(api, things, variation):
    agent = f"/agents/{spell(Prefix.AGENT, variation.agent_id)}/variations"
    wanted = [of(kind, thing) for kind, thing in things.items()]
    new = {"metadata": {"name": "V"}, "spec": {"assignments": wanted}}

    assert api.post(agent, new)["spec"]["assignments"] == wanted
    new["spec"]["assignments"] = [*wanted, {"toolId": "tool_x"}]
    assert api.refused("post", agent, new)[:2] == (400, 3)
    assert len(api.get(agent)["items"]) == 2
