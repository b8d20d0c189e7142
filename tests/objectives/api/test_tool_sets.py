"""Tool sets over HTTP: made, read, listed, changed, archived, deleted."""

import pytest

from objectives.encrypted_fields import SECRETS
from objectives.models import Secret, ToolSet, ToolSetState
from spaces.models import Role
from tests.factories import make_actor
from tests.objectives.factories import make_tool
from tests.objectives.toolboxes import names, path_of, set_of
from tests.objectives.workspace_client import WorkspaceClient

pytestmark = pytest.mark.django_db
HTTP = {"type": "http", "http": {"baseUrl": "https://orders.example.com"}}


@pytest.fixture
def api():
    return WorkspaceClient(make_actor(role=Role.ADMIN))


def secrets_of(tool_set):
    rows = Secret.objects.filter(tool_set=tool_set).order_by("name")
    return {row.name: SECRETS.open(row) for row in rows}


def test_a_set_is_made_and_read_back(api):
    headers = {"X-Key": "{{ secrets.KEY }}"}
    spec = {"description": "Orders.", "adapter": {"http": {**HTTP["http"], "headers": headers}}}
    made = api.post("/tool_sets", {"metadata": {"name": "orders", "externalId": "o:1"}, "spec": spec})

    assert made == api.get("/tool_sets/external_id%3Ao%3A1") == api.get("/tool_sets/external_id:o:1")
    assert made["state"] == "STATE_ACTIVE"
    assert made["spec"] == {
        "description": "Orders.",
        "adapter": {"type": "http", "http": {**HTTP["http"], "headers": headers}},
        "overlays": [],
        "secrets": [],
    }
    assert made["info"].pop("createdBy")["metadata"]["id"].startswith("profile_")
    assert made["info"] == {"toolCount": 0, "agentCount": 0, "availableTools": 0, "omittedTools": 0}


@pytest.mark.parametrize("given", [86400, "86400", "86400s", 86400.0])
def test_a_timeout_is_read_in_every_form_and_answered_as_a_number(api, given):
    adapter = {"type": "bare", "bare": {"contentTimeout": given}}

    made = api.post("/tool_sets", {"metadata": {"name": "people"}, "spec": {"adapter": adapter}})

    assert made["spec"]["adapter"] == {"type": "bare", "bare": {"contentTimeout": 86400}}
    assert ToolSet.objects.get().content_seconds == 86400


@pytest.mark.parametrize("bare", [{}, {"contentTimeout": 0}, {"contentTimeout": None}])
def test_a_bare_set_may_wait_for_ever(api, bare):
    made = api.post(
        "/tool_sets", {"metadata": {"name": "people"}, "spec": {"adapter": {"type": "bare", "bare": bare}}}
    )

    assert made["spec"]["adapter"] == {"type": "bare", "bare": {}}


@pytest.mark.parametrize(
    ("spec", "path"),
    [
        ({}, "spec.adapter: `adapter` is required."),
        ({"adapter": {}}, "spec.adapter: `type` is required: http, bare, mcp, openapi."),
        ({"adapter": {"type": "soap", "soap": {}}}, "spec.adapter: `type` is required"),
        ({"adapter": {**HTTP, "bare": {}}}, "spec.adapter: It is of the type http"),
        ({"adapter": {"http": {}}}, "spec.adapter.http.baseUrl: "),
        ({"adapter": {"http": {"baseUrl": "ftp://example.com"}}}, "spec.adapter.http.baseUrl: "),
        ({"adapter": {"http": {"baseUrl": "{{ secrets.URL"}}}, "spec.adapter.http.baseUrl: Invalid template"),
        (
            {"adapter": {"http": {**HTTP["http"], "headers": {"X-Key": "{% if %}"}}}},
            "spec.adapter.http.headers.X-Key: Invalid template",
        ),
        (
            {"adapter": {"http": {**HTTP["http"], "headers": {"X Key": "1"}}}},
            "spec.adapter.http.headers.X Key: ",
        ),
        (
            {"adapter": {"http": {**HTTP["http"], "headers": {"X-Key": "a\r\nb"}}}},
            "spec.adapter.http.headers.X-Key: ",
        ),
        ({"adapter": {"bare": {"contentTimeout": "1 day"}}}, "spec.adapter.bare.contentTimeout: "),
        ({"adapter": {"bare": {"contentTimeout": -1}}}, "spec.adapter.bare.contentTimeout: "),
        ({"adapter": {"bare": {"contentTimeout": True}}}, "spec.adapter.bare.contentTimeout: "),
        ({"adapter": HTTP, "secrets": [{"name": "1a", "value": "x"}]}, "spec.secrets.0.name: "),
        ({"adapter": HTTP, "secrets": [{"name": "a"}]}, "spec.secrets.0.value: A value is required."),
        ({"adapter": HTTP, "secrets": [{"name": "a", "value": ""}]}, "spec.secrets.0.value: "),
        (
            {"adapter": HTTP, "secrets": [{"name": "a", "value": "x"}, {"name": "A", "value": "y"}]},
            "spec.secrets: ",
        ),
    ],
)
def test_what_is_wrong_with_a_set_is_told_with_its_path(api, spec, path):
    status, code, message = api.refused("post", "/tool_sets", {"metadata": {"name": "s"}, "spec": spec})

    assert (status, code) == (400, 3)
    assert message.startswith(path), message
    assert not ToolSet.objects.exists()


@pytest.mark.parametrize("address", ["{{ secrets.URL }}/v1", "${URL}/v1", "HTTP://example.com"])
def test_an_address_is_http_or_begins_with_a_secret(api, address):
    spec = {"adapter": {"http": {"baseUrl": address}}}

    made = api.post("/tool_sets", {"metadata": {"name": "s"}, "spec": spec})

    assert made["spec"]["adapter"]["http"]["baseUrl"] == address


@pytest.mark.parametrize(
    ("spec", "field"),
    [
        ({"adapter": {"type": "mcp", "mcp": {"url": "https://example.com"}}}, "spec.adapter.mcp"),
        ({"adapter": {"openapi": {"type": "url", "url": "https://x.example"}}}, "spec.adapter.openapi"),
    ],
)
def test_what_is_not_built_is_refused_by_name_and_not_kept(api, spec, field):
    tool_set = set_of(api, description="old")

    refusals = [
        api.refused("post", "/tool_sets", {"metadata": {"name": "s"}, "spec": spec}),
        api.refused("patch", path_of(tool_set), {"spec": {"description": "new", **spec}}),
    ]

    assert refusals == [(501, 12, f"{field} is not built.")] * 2
    assert ToolSet.objects.get().description == "old"


def test_secrets_of_a_set_are_replaced_as_a_whole_and_shown_by_name(api):
    spec = {"adapter": HTTP, "secrets": [{"name": "a", "value": "1st"}, {"name": "B", "value": "2nd"}]}
    made = api.post("/tool_sets", {"metadata": {"name": "s"}, "spec": spec})
    tool_set = ToolSet.objects.get()

    changed = api.patch(
        path_of(tool_set), {"spec": {"secrets": [{"name": "b"}, {"name": "c", "value": "3"}]}}
    )

    assert made["spec"]["secrets"] == [{"name": "A"}, {"name": "B"}]
    assert changed["spec"]["secrets"] == [{"name": "B"}, {"name": "C"}]
    assert secrets_of(tool_set) == {"B": "2nd", "C": "3"}
    assert api.patch(path_of(tool_set), {"spec": {"description": "x"}})["spec"]["secrets"] != []
    assert api.patch(path_of(tool_set), {"updateMask": "spec.secrets"})["spec"]["secrets"] == []


def test_secrets_of_a_set_need_their_own_permission():
    actor = make_actor(role=Role.ADMIN, permissions=("tools:manage",))
    api = WorkspaceClient(actor)
    spec = {"adapter": HTTP, "secrets": [{"name": "a", "value": "1st"}]}

    assert api.refused("post", "/tool_sets", {"metadata": {"name": "s"}, "spec": spec})[:2] == (403, 7)
    assert not ToolSet.objects.exists()
    assert api.post("/tool_sets", {"metadata": {"name": "s"}, "spec": {"adapter": HTTP}})


def test_reading_needs_less_than_changing():
    actor = make_actor(role=Role.ADMIN, permissions=("tools:read",))
    api = WorkspaceClient(actor)
    path = path_of(set_of(api))

    assert names(api.get("/tool_sets")) == ["orders"]
    assert api.get(f"{path}/usage")["items"] == api.get(f"{path}/events")["items"] == []
    for method, verb in [("patch", ""), ("delete", ""), ("post", ":archive"), ("post", ":unarchive")]:
        assert api.refused(method, path + verb, {})[:2] == (403, 7)


LEGAL = {
    (ToolSetState.ACTIVE, "archive"): ToolSetState.ARCHIVED,
    (ToolSetState.ARCHIVED, "unarchive"): ToolSetState.ACTIVE,
}


@pytest.mark.parametrize("verb", ["archive", "unarchive"])
@pytest.mark.parametrize("state", ToolSetState)
def test_every_verb_in_every_state(api, state, verb):
    tool_set = set_of(api, state=state)
    to = LEGAL.get((state, verb))

    if to is None:
        status, code, message = api.refused("post", f"{path_of(tool_set)}:{verb}")
        assert (status, code) == (400, 9)
        assert state in message
        assert ToolSet.objects.get().updated_at is None
    else:
        assert api.post(f"{path_of(tool_set)}:{verb}")["state"] == f"STATE_{to.upper()}"

    assert ToolSet.objects.get().state == (to or state)


def test_a_set_keeps_its_kind_of_adapter_while_it_has_tools(api):
    tool_set = set_of(api)
    make_tool(tool_set=tool_set)
    bare = {"spec": {"adapter": {"type": "bare", "bare": {}}}}

    assert api.refused("patch", path_of(tool_set), bare)[:2] == (400, 9)
    other = {"spec": {"adapter": {"type": "http", "http": {"baseUrl": "https://new.example.com"}}}}
    assert api.patch(path_of(tool_set), other)["spec"]["adapter"]["http"]["baseUrl"].startswith("https://new")
    tool_set.tools.all().delete()
    assert api.patch(path_of(tool_set), bare)["spec"]["adapter"]["type"] == "bare"
    assert ToolSet.objects.get().base_url == ""


def test_an_adapter_cannot_be_cleared(api):
    assert api.refused("patch", path_of(set_of(api)), {"updateMask": "spec.adapter"})[:2] == (400, 3)
