"""Tools over HTTP in lists, left out, and deleted."""

from datetime import timedelta

import pytest

from objectives.models import Assignment, Tool, ToolState
from spaces.models import Role
from tests.factories import NOW, make_actor
from tests.objectives.factories import make_agent, make_tool, make_variation
from tests.objectives.toolboxes import names, set_of, tools_of as path_of
from tests.objectives.workspace_client import WorkspaceClient

pytestmark = pytest.mark.django_db


@pytest.fixture
def api():
    return WorkspaceClient(make_actor(role=Role.ADMIN))


def assigned(api, tool):
    agent = make_agent(space=api.actor.space, created_by=api.actor.principal)
    return make_variation(agent=agent, calls=(tool,))


LEGAL = {
    (ToolState.AVAILABLE, "omit"): ToolState.OMITTED,
    (ToolState.OMITTED, "restore"): ToolState.AVAILABLE,
}


@pytest.mark.parametrize("verb", ["omit", "restore"])
@pytest.mark.parametrize("state", ToolState)
def test_every_verb_in_every_state(api, state, verb):
    tool_set = set_of(api)
    tool = make_tool(tool_set=tool_set, state=state)
    path = f"{path_of(tool_set, tool)}:{verb}"
    to = LEGAL.get((state, verb))

    if to is None:
        status, code, message = api.refused("post", path)
        assert (status, code) == (400, 9)
        assert state in message
        assert Tool.objects.get().updated_at is None
    else:
        assert api.post(path)["state"] == f"STATE_{to.upper()}"

    assert Tool.objects.get().state == (to or state)


def test_a_tool_that_is_assigned_is_neither_left_out_nor_deleted(api):
    tool_set = set_of(api)
    tool = make_tool(tool_set=tool_set)
    assigned(api, tool)

    assert api.refused("post", f"{path_of(tool_set, tool)}:omit")[:2] == (400, 9)
    assert api.refused("delete", path_of(tool_set, tool))[:2] == (400, 9)

    Assignment.objects.all().delete()
    assert api.post(f"{path_of(tool_set, tool)}:omit")["state"] == "STATE_OMITTED"
    assert api.delete(path_of(tool_set, tool)) == {}
    assert not Tool.objects.exists()


def test_a_tool_of_an_assigned_set_may_be_left_out(api):
    tool_set = set_of(api)
    tool = make_tool(tool_set=tool_set)
    assigned(api, tool_set)

    assert api.post(f"{path_of(tool_set, tool)}:omit")["state"] == "STATE_OMITTED"


def test_a_list_of_tools_is_paged_and_filtered(api):
    tool_set = set_of(api)
    for number, state in enumerate(ToolState):
        make_tool(
            tool_set=tool_set,
            name=f"tool {number}",
            state=state,
            requires_approval=bool(number),
            created_at=NOW + timedelta(seconds=number),
        )
    make_tool(tool_set=set_of(api), name="elsewhere")
    path = path_of(tool_set)

    first = api.get(path, limit=1)
    assert names(first) == ["tool 1"]
    assert names(api.get(path, limit=1, cursor=first["pagination"]["nextCursor"])) == ["tool 0"]
    assert names(api.get(path, states=["STATE_OMITTED", "STATE_ARCHIVED"])) == ["tool 2", "tool 1"]
    assert names(api.get(path, states="STATE_OMITTED,STATE_ARCHIVED", sortOrder="asc")) == [
        "tool 1",
        "tool 2",
    ]
    assert names(api.get(path, names=["tool_0", "tool 1"])) == ["tool 1", "tool 0"]
    assert names(api.get(path, requiresApproval="false")) == ["tool 0"]
    assert names(api.get(path, query="0", prefix="tool")) == ["tool 0"]
    assert names(api.get(path, overlays="a")) == []
    assert ["info" in item for item in first["items"]] == [False]
    assert "signature" in api.get(path, includeInfo="true")["items"][0]["info"]
    assert api.refused("get", path, states="STATE_LOST")[:2] == (400, 3)
    assert api.refused("get", path, requiresApproval="maybe")[:2] == (400, 3)
