"""What a path names before Django is asked agrees with the routes that Django has."""

import pytest
from django.urls import Resolver404, resolve, reverse

from config.paths import api_path
from executions.api.lookup import LookupViewSet
from spaces.ids import new_id

SPACE = "/v1/spaces/s/skills/executions"
OBJECTIVES = "/v1/workspaces/w/objectives"
NAMED = {
    "/v1/ws": {"socket": "ws"},
    "/v1/files/": {"upload": "files/"},
    "/v1/files": {"upload": "files"},
    f"{SPACE}/e/events": {"space_id": "s", "execution_id": "e"},
    f"{SPACE}/by-chat-tool-call/c": {"space_id": "s", "tool_call_id": "c"},
    f"{SPACE}/by-chat-tool-call/events": {"space_id": "s", "tool_call_id": "events"},
    f"{SPACE}/by-chat-tool-call/a/b\nc/events": {"space_id": "s", "tool_call_id": "a/b\nc/events"},
    f"{OBJECTIVES}/o/events:stream": {"workspace_id": "w", "objective_id": "o"},
    f"{OBJECTIVES}:stream": {"workspace_id": "w"},
    f"{SPACE}/e": {},
    "/v1/": {},
    "/v1/a\nb": {},
}
WORKSPACE_API = ["whoami", "account", "account/keys", "account:verb", "workspaces", "workspaces/w/agents"]
NOT_THE_API = ["/", "/v1", "/v2/ws", "/admin/v1/ws", "/api-proxy/ws", "//v1/ws", "/watch/v1/"]


@pytest.mark.parametrize("prefix", ["", "/api-proxy"])
@pytest.mark.parametrize("path", NAMED)
def test_a_path_names_what_is_in_it(path, prefix):
    named = api_path(prefix + path)

    assert named is not None
    found = {name: text for name, text in named.groupdict().items() if text and name != "workspace_api"}
    assert found == NAMED[path]
    assert bool(named["workspace_api"]) == path.startswith(OBJECTIVES)


@pytest.mark.parametrize("path", WORKSPACE_API)
def test_the_workspace_api_is_known_by_its_first_word(path):
    known, other = api_path(f"/v1/{path}"), api_path(f"/v1/x{path}")

    assert known
    assert known["workspace_api"] == path
    assert other
    assert not other["workspace_api"]


@pytest.mark.parametrize("path", NOT_THE_API)
def test_everything_else_is_not_of_the_api(path):
    assert api_path(path) is None


def test_the_lookup_is_the_route_of_that_name_and_streams_are_none():
    lookup = resolve(f"{SPACE}/by-chat-tool-call/events")
    run = reverse("execution", args=["s", "e"])

    assert lookup.func.cls is LookupViewSet
    assert lookup.kwargs == {"space_id": "s", "tool_call_id": "events"}
    with pytest.raises(Resolver404):
        resolve(f"{run}/events")
    with pytest.raises(Resolver404):
        resolve(f"{OBJECTIVES}:stream")


@pytest.mark.parametrize(
    ("route", "ids"), [("artifact-download", 2), ("execution", 2), ("execution-archive", 2), ("media", 1)]
)
def test_links_go_without_the_prefix_of_a_proxy(route, ids):
    assert reverse(route, args=[new_id() for _ in range(ids)]).startswith("/v1/")
