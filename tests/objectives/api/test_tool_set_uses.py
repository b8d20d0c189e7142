"""Tool sets in lists, in use, at their end, and as strangers see them."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from objectives.ids import Prefix, spell
from objectives.models import AdapterKind, Secret, ToolSet, ToolSetState, ToolState
from spaces.models import Role
from tests.factories import NOW, make_actor
from tests.objectives.factories import make_agent, make_secret, make_tool, make_tool_set, make_variation
from tests.objectives.toolboxes import names, path_of, set_of
from tests.objectives.workspace_client import WorkspaceClient

pytestmark = pytest.mark.django_db


@pytest.fixture
def api():
    return WorkspaceClient(make_actor(role=Role.ADMIN))


def agent_of(api, **fields):
    return make_agent(space=api.actor.space, created_by=api.actor.principal, **fields)


def test_the_list_shows_active_sets_newest_first_in_pages(api):
    for number in range(3):
        set_of(api, name=f"set {number}", created_at=NOW + timedelta(seconds=number))
    set_of(api, name="hidden", state=ToolSetState.ARCHIVED, labels={"team": "north"})

    first = api.get("/tool_sets", limit=2)
    second = api.get("/tool_sets", limit=2, cursor=first["pagination"]["nextCursor"])

    assert names(first) + names(second) == ["set 2", "set 1", "set 0"]
    assert second["pagination"]["nextCursor"] == ""
    assert names(api.get("/tool_sets", state="STATE_ARCHIVED", labels="team=north")) == ["hidden"]
    assert names(api.get("/tool_sets", prefix="SET", query="1")) == ["set 1"]
    assert api.refused("get", "/tool_sets", state="STATE_LOST")[:2] == (400, 3)
    assert ["info" in item for item in first["items"]] == [False, False]


def test_counts_come_with_info_in_as_many_queries_for_many_sets_as_for_one(api):
    def filled(name):
        tool_set = set_of(api, name=name)
        make_tool(tool_set=tool_set, name="a")
        omitted = make_tool(tool_set=tool_set, name="b", state=ToolState.OMITTED)
        agent = agent_of(api)
        make_variation(agent=agent, calls=(tool_set,))
        make_variation(agent=agent, calls=(omitted,))
        make_variation(agent=agent_of(api), calls=(omitted,))

    def asked():
        with CaptureQueriesContext(
            connection,
        ) as queries:
            page = api.get("/tool_sets", includeInfo="true")
        return page["items"], len(queries)

    filled("first")
    asked()  # the first request also notes the use of its key
    _, few = asked()
    for number in range(4):
        filled(f"other {number}")
    items, many = asked()

    assert many == few
    assert len(items) == 5
    for item in items:
        info = item["info"]
        assert (info["toolCount"], info["availableTools"], info["omittedTools"]) == (2, 1, 1)
        assert info["agentCount"] == 2


def test_usage_names_each_variation_once_with_its_model(api):
    tool_set = set_of(api)
    tool, other = make_tool(tool_set=tool_set), make_tool(tool_set=tool_set, name="other")
    agent = agent_of(api, name="Researcher")
    make_variation(agent=agent, name="both", calls=(other, tool_set, tool))
    make_variation(agent=agent, name="one", calls=(other,), labels={"team": "north"})
    make_variation(agent=agent, name="none", calls=(set_of(api),))
    path = f"{path_of(tool_set)}/usage"

    page = api.get(path)
    of_tool = api.get(path, toolId=spell(Prefix.TOOL, tool.id))

    assert {item["agentVariation"]["name"] for item in page["items"]} == {"both", "one"}
    assert len(page["items"]) == 2
    assert {item["agent"]["name"] for item in page["items"]} == {"Researcher"}
    assert {item["model"]["name"] for item in page["items"]} == {"demo"}
    assert page["items"][0]["assignedAt"] == "2026-11-22T12:00:00.000000Z"
    assert [item["agentVariation"]["name"] for item in of_tool["items"]] == ["both"]
    assert [item["agentVariation"]["name"] for item in api.get(path, labels="team=north")["items"]] == ["one"]
    assert len(api.get(path, limit=1)["items"]) == 1
    assert api.refused("get", path, toolId="tool_nothing")[:2] == (400, 3)


def test_a_set_is_deleted_with_its_tools_and_secrets_unless_it_is_assigned(api):
    whole, part, free = (set_of(api, name=name) for name in ("whole", "part", "free"))
    tool = make_tool(tool_set=part)
    make_variation(agent=agent_of(api), calls=(whole, tool))
    make_tool(tool_set=free)
    make_secret(space=api.actor.space, created_by=api.actor.principal, tool_set=free)

    assert api.refused("delete", path_of(whole))[:2] == (400, 9)
    assert api.refused("delete", path_of(part))[:2] == (400, 9)
    assert api.delete(path_of(free)) == {}
    assert set(ToolSet.objects.values_list("name", flat=True)) == {"whole", "part"}
    assert not Secret.objects.exists()


def test_a_set_of_another_space_is_not_there(api):
    stranger = make_tool_set(
        space=make_actor(role=Role.ADMIN).space, created_by=api.actor.principal, adapter=AdapterKind.BARE
    )
    path = path_of(stranger)

    asked = {"get": ["", "/events", "/openapi_spec", "/usage", "/tools", "/secrets"], "delete": [""]}
    asked |= {"post": [":archive", ":unarchive"], "patch": [""]}
    for method, suffixes in asked.items():
        for suffix in suffixes:
            body = {} if method == "patch" else None
            assert api.refused(method, path + suffix, body)[:2] == (404, 5), suffix
