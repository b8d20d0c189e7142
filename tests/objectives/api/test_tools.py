"""Tools over HTTP: made, read, listed, changed, left out, deleted."""

import pytest

from objectives.models import AdapterKind, Tool
from objectives.validation.labels import ToolRules, read_tool_labels
from spaces.models import Role
from tests.factories import make_actor
from tests.objectives.factories import make_tool
from tests.objectives.toolboxes import set_of, tools_of as path_of
from tests.objectives.workspace_client import WorkspaceClient

pytestmark = pytest.mark.django_db
GET = {"type": "http", "http": {"requestMethod": "GET", "path": "/orders/{{ order }}"}}
SCHEMA = {"type": "object", "properties": {"order": {"type": "string"}}, "required": ["order"]}


@pytest.fixture
def api():
    return WorkspaceClient(make_actor(role=Role.ADMIN))


def test_a_tool_is_made_and_read_back(api):
    tool_set = set_of(api)
    http = {
        "requestMethod": "POST",
        "path": "/orders/{{ order }}",
        "query": "q={{ arguments.order | url_encode }}",
        "headers": {"Authorization": "Bearer ${TOKEN}"},
        "requestBodyTemplate": '{"key": "{{ secrets.KEY }}"}',
        "requestBodyContentType": "application/json; charset=utf-8",
    }
    spec = {"description": "Finds.", "requiresApproval": True, "parameters": SCHEMA, "config": {"http": http}}
    made = api.post(
        path_of(tool_set), {"metadata": {"name": "Find an order!", "externalId": "f"}, "spec": spec}
    )

    read = api.get(f"{path_of(tool_set)}/external_id:f")

    assert made == read
    assert read["spec"] == {**spec, "config": {"type": "http", "http": http}, "llmToolName": "Find_an_order"}
    assert read["state"] == "STATE_AVAILABLE"
    info = read["info"]
    assert (info["toolSet"]["name"], info["overlays"]) == ("orders", [])
    assert info["effectiveParameters"] == SCHEMA
    assert info["createdBy"]["spec"]["type"] == "PROFILE_TYPE_API_KEY"


def test_the_signature_changes_with_what_the_model_is_told(api):
    tool_set = set_of(api)
    path = path_of(tool_set, make_tool(tool_set=tool_set))

    first = api.get(path)["info"]["signature"]
    same = api.patch(path, {"spec": {"requiresApproval": True}})["info"]["signature"]
    other = api.patch(path, {"spec": {"description": "Finds other things."}})["info"]["signature"]

    assert first == same != other


def test_function_names_are_made_of_names_and_stand_once_in_a_set(api):
    tool_set, elsewhere = set_of(api), set_of(api)

    def made(name, into=tool_set, **spec):
        body = {"metadata": {"name": name}, "spec": {"config": GET, **spec}}
        return api.post(path_of(into), body)["spec"]["llmToolName"]

    assert [made("find order"), made("find/order"), made("find order", elsewhere)] == [
        "find_order",
        "find_order_2",
        "find_order",
    ]
    assert made("Заказ") == "tool"
    assert made("x" * 80) == "x" * 64
    assert made("x" * 80) == f"{'x' * 62}_2"
    assert made("chosen", llmToolName="mine-1") == "mine-1"
    taken = {"metadata": {"name": "b"}, "spec": {"config": GET, "llmToolName": "mine-1"}}
    assert api.refused("post", path_of(tool_set), taken)[:2] == (409, 6)


def test_a_renamed_tool_keeps_its_function_until_that_is_cleared(api):
    tool_set = set_of(api)
    path = path_of(tool_set, make_tool(tool_set=tool_set))

    assert api.patch(path, {"metadata": {"name": "seek"}})["spec"]["llmToolName"] == "find_order"
    assert api.patch(path, {"updateMask": "spec.llm_tool_name"})["spec"]["llmToolName"] == "seek"


@pytest.mark.parametrize(
    ("spec", "path"),
    [
        ({"config": None}, "spec.config: `config` is required."),
        ({"config": {"bare": {}}}, "spec.config.type: Must be http"),
        ({"config": {"http": {}}}, "spec.config.http.requestMethod: "),
        ({"config": {"http": {"requestMethod": "TRACE"}}}, "spec.config.http.requestMethod: "),
        (
            {"config": {"http": {"requestMethod": "GET", "path": "/{{ a"}}},
            "spec.config.http.path: Invalid template",
        ),
        (
            {"config": {"http": {"requestMethod": "GET", "query": "{% for %}"}}},
            "spec.config.http.query: Invalid template",
        ),
        (
            {"config": {"http": {"requestMethod": "GET", "headers": {"X-A": "{{ 'a }}"}}}},
            "spec.config.http.headers.X-A: Invalid template",
        ),
        (
            {"config": {"http": {"requestMethod": "POST", "requestBodyTemplate": "{% raw %}"}}},
            "spec.config.http.requestBodyTemplate: Invalid template",
        ),
        (
            {"config": {"http": {"requestMethod": "POST", "requestBodyContentType": "json\r\nX: 1"}}},
            "spec.config.http.requestBodyContentType: ",
        ),
        ({"parameters": {"type": "string"}}, "spec.parameters.type: Must be `object`"),
        (
            {"parameters": {"type": "object", "properties": {"a": {"type": "text"}}}},
            "spec.parameters.properties.a.type: ",
        ),
        ({"parameters": {"type": "object", "required": "a"}}, "spec.parameters.required: "),
        ({"parameters": []}, "spec.parameters: "),
        ({"parameters": {"type": "object", "properties": {"a": {"pattern": "(["}}}}, "spec.parameters."),
        (
            {"parameters": {"type": "object", "properties": {"a": {"$ref": "http://169.254.169.254/"}}}},
            "spec.parameters.properties.a.$ref: Invalid JSON Schema: ",
        ),
        (
            {"parameters": {"type": "object", "allOf": [{"$ref": "#"}]}},
            "spec.parameters: Invalid JSON Schema: has a circular $ref",
        ),
        ({"config": {**GET, "type": []}}, "spec.config: "),
        ({"llmToolName": "two words"}, "spec.llmToolName: "),
        ({"llmToolName": "x" * 65}, "spec.llmToolName: "),
    ],
)
def test_what_is_wrong_with_a_tool_is_told_with_its_path(api, spec, path):
    tool_set = set_of(api)
    tool = make_tool(tool_set=tool_set)
    spec = {"config": GET, **spec}

    refusals = [
        api.refused("post", path_of(tool_set), {"metadata": {"name": "t"}, "spec": spec}),
        api.refused("patch", path_of(tool_set, tool), {"spec": {"description": "new", **spec}}),
    ]

    for status, code, message in refusals:
        assert (status, code) == (400, 3)
        assert message.startswith(path), message
    assert Tool.objects.get().description == tool.description


@pytest.mark.parametrize("kind", ["mcp", "openapi"])
def test_configs_that_are_not_built_are_refused_by_name(api, kind):
    body = {"metadata": {"name": "t"}, "spec": {"config": {"type": kind, kind: {}}}}

    answer = api.refused("post", path_of(set_of(api)), body)

    assert answer == (501, 12, f"spec.config.{kind} is not built.")


def test_a_bare_tool_needs_no_config_and_no_parameters(api):
    path = path_of(set_of(api, adapter=AdapterKind.BARE))

    plain = api.post(path, {"metadata": {"name": "ask"}, "spec": {}})
    fixed = api.post(
        path, {"metadata": {"name": "note"}, "spec": {"config": {"bare": {"alwaysSetResult": "Noted."}}}}
    )

    assert plain["spec"]["config"] == {"type": "bare", "bare": {}}
    assert plain["spec"]["parameters"] == {"type": "object", "properties": {}}
    assert fixed["spec"]["config"] == {"type": "bare", "bare": {"alwaysSetResult": "Noted."}}


@pytest.mark.parametrize(
    ("label", "value"),
    [
        ("callboard/approval-expires", "0"),
        ("callboard/approval-expires", "soon"),
        ("callboard/approval-expires", "nan"),
        ("callboard/approval-expires", "1e400"),
        ("callboard/approval-default", "maybe"),
        ("callboard/safe-to-repeat", "yes"),
    ],
)
def test_a_label_of_ours_with_another_value_is_refused(api, label, value):
    tool_set = set_of(api)
    tool = make_tool(tool_set=tool_set)
    metadata = {"name": "t", "labels": {label: value}}

    refusals = [
        api.refused("post", path_of(tool_set), {"metadata": metadata, "spec": {"config": GET}}),
        api.refused("patch", path_of(tool_set, tool), {"metadata": metadata}),
    ]

    for status, code, message in refusals:
        assert (status, code) == (400, 3)
        assert message.startswith(f"metadata.labels.{label}: ")
    assert Tool.objects.get().labels == {}


def test_labels_of_ours_become_rules():
    labels = {
        "callboard/approval-expires": "90.5",
        "callboard/approval-default": "approve",
        "callboard/safe-to-repeat": "true",
        "team": "north",
    }

    assert read_tool_labels(labels) == ToolRules(90.5, "approve", is_safe_to_repeat=True)
    assert read_tool_labels({}) == ToolRules(None, "deny", is_safe_to_repeat=None)


def test_a_tool_is_found_only_in_its_own_set(api):
    tool = make_tool(tool_set=set_of(api))

    assert api.refused("get", path_of(set_of(api), tool))[:2] == (404, 5)


def test_an_external_id_names_one_tool_of_a_space(api):
    tool_set = set_of(api)
    make_tool(tool_set=tool_set, external_id="t")
    body = {"metadata": {"name": "t", "externalId": "t"}, "spec": {"config": GET}}

    assert api.refused("post", path_of(set_of(api)), body)[:2] == (409, 6)
