"""The official SDK, unmodified: overlays of a tool set, written, read back, and at work in an objective."""

import pytest
from cadenya import types
from cadenya._core import APIError

from tests.conformance.stage import Stage

pytestmark = pytest.mark.django_db
PARAMETERS = {
    "type": "object",
    "properties": {
        "order": {"type": "string"},
        "filter": {"type": "object", "properties": {"owner": {"type": "string"}}, "required": ["owner"]},
        "limit": {"type": "integer"},
    },
    "required": ["order", "limit"],
}
ALL = {"operator": "OPERATOR_UNSPECIFIED"}
FINDS = {
    "operator": "OPERATOR_AND",
    "conditions": [
        {
            "type": "attribute",
            "attribute": {
                "attribute": "ATTRIBUTE_LLM_TOOL_NAME",
                "matcher": {"type": "startsWith", "starts_with": "find", "case_sensitive": True},
            },
        },
        {"type": "hasParameter", "has_parameter": {"path": "filter.owner"}},
        {"type": "tools", "tools": {"names": ["find", "seek"]}},
    ],
}
OVERLAYS = [
    {
        "key": "tenant",
        "selector": FINDS,
        "disabled": False,
        "parameter_actions": [
            {
                "type": "pin",
                "pin": {
                    "path": "filter.owner",
                    "pinned_parameter": "tenant",
                    "on_missing": "ON_MISSING_FAIL",
                },
            },
            {"type": "set", "set": {"path": "limit", "value_template": "{{ objective.labels.limit }}"}},
            {"type": "remove", "remove": {"path": "cursor"}},
        ],
        "result_actions": [
            {
                "type": "transform",
                "transform": {
                    "content_template": "{{ result.json.state }} to {{ parameters.filter.owner }}",
                    "on_error": "ON_ERROR_FAIL",
                    "expect_json": True,
                },
            }
        ],
        "widget_argument_exposure": {"enabled": True},
    },
    {
        "key": "careful",
        "selector": ALL,
        "disabled": True,
        "auto_mode": {
            "questions": [{"question": "Is it harmless?", "threshold": 0.8}],
            "passing_mode": "PASSING_MODE_ALL",
            "failure_message": "Ask first.",
        },
    },
]


@pytest.fixture(scope="module")
def tool_set(stage: Stage) -> types.ToolSet:
    adapter = {"type": "http", "http": {"base_url": stage.tools.url}}
    return stage.client.tool_sets.create(
        metadata={"name": "orders"}, spec={"adapter": adapter, "overlays": OVERLAYS}
    )


@pytest.fixture(scope="module")
def tool(stage: Stage, tool_set: types.ToolSet) -> types.Tool:
    http = {"type": "http", "http": {"request_method": "POST", "path": "/find"}}
    spec = {"description": "Finds.", "requires_approval": False, "parameters": PARAMETERS, "config": http}
    return stage.client.tool_sets.tools.create(tool_set.metadata.id, metadata={"name": "find"}, spec=spec)


def test_overlays_are_read_back_in_the_types_of_the_sdk(stage: Stage, tool_set: types.ToolSet):
    tenant, careful = stage.client.tool_sets.retrieve(tool_set.metadata.id).spec.overlays

    starts, has, tools = tenant.selector.conditions
    assert isinstance(starts.attribute.matcher, types.ToolSetAdapter_StringMatcher_StartsWith)
    assert (starts.attribute.matcher.starts_with, starts.attribute.matcher.case_sensitive) == ("find", True)
    assert (has.has_parameter.path, tools.tools.names) == ("filter.owner", ["find", "seek"])
    pin, put, remove = tenant.parameter_actions
    assert pin.pin == types.ParameterAction_Pin("filter.owner", "tenant", "ON_MISSING_FAIL")
    assert put.set == types.ParameterAction_Set("limit", "{{ objective.labels.limit }}")
    assert remove.remove == types.ParameterAction_Remove("cursor")
    assert tenant.result_actions[0].transform.expect_json is True
    assert tenant.widget_argument_exposure.enabled is True
    assert (tenant.auto_mode, careful.disabled) == (None, True)
    assert careful.auto_mode.questions == [types.AutoModeQuestion("Is it harmless?", 0.8)]
    assert (careful.auto_mode.passing_mode, careful.auto_mode.failure_message) == (
        "PASSING_MODE_ALL",
        "Ask first.",
    )
    assert careful.selector == types.ToolOverlay_Selector(operator="OPERATOR_UNSPECIFIED", conditions=[])


def test_overlays_are_changed_by_their_mask(stage: Stage):
    sets = stage.client.tool_sets
    bare = {"type": "bare", "bare": {}}
    address = sets.create(metadata={"name": "people"}, spec={"adapter": bare}).metadata.id
    overlay = {"key": "a", "selector": ALL, "disabled": False}

    changed = sets.update(address, spec={"overlays": [overlay]}, update_mask="spec.overlays")
    assert [one.key for one in changed.spec.overlays] == ["a"]
    with pytest.raises(APIError) as refused:
        sets.update(address, spec={"overlays": [overlay, overlay]}, update_mask="spec.overlays")
    assert (refused.value.status_code, refused.value.code) == (400, 3)
    assert "spec.overlays.1.key" in str(refused.value)
    assert sets.update(address, spec={"overlays": []}, update_mask="spec.overlays").spec.overlays == []


def test_tools_tell_their_overlays(stage: Stage, tool: types.Tool, tool_set: types.ToolSet):
    assert tool.info.overlays == ["tenant"]
    seen = tool.info.effective_parameters
    assert (set(seen["properties"]), seen["required"]) == ({"order", "filter"}, ["order"])
    tools = stage.client.tool_sets.tools
    found = tools.list(tool_set.metadata.id, overlays=["tenant", "other"], include_info=True)
    assert [one.info.overlays for one in found] == [["tenant"]]
    assert list(tools.list(tool_set.metadata.id, overlays=["careful"])) == []


def test_an_objective_calls_its_tool_as_overlays_say(stage: Stage, tool: types.Tool):
    script = [
        {"tool": "find", "arguments": {"order": "7", "filter": {"owner": "somebody else"}, "cursor": "x"}},
        {"answer": "It gave {last_result}"},
    ]
    agent = stage.agent("Finder", script, assignments=[{"type": "toolId", "tool_id": tool.metadata.id}])

    objective = stage.start(agent, pinned_parameters={"tenant": "t-1"}, metadata={"labels": {"limit": "5"}})
    stage.until(objective, "WAITING", turns=2)

    made = {"order": "7", "filter": {"owner": "t-1"}, "limit": 5}
    (call,) = stage.client.objectives.list_tool_calls(objective)
    whole = stage.client.objectives.retrieve_tool_call(objective, call.metadata.id)
    assert (whole.data.arguments, whole.result.content[0].text.text) == (made, "sent to t-1")
    assert made in stage.tools.bodies
    events = {event.data.type: event.data for event in stage.client.objectives.list_events(objective)}
    called = events["toolCalled"].tool_called
    assert (called.arguments, called.arguments_exposed_in_widgets) == (made, True)
    assert events["toolResult"].tool_result.result.content[0].text.text == "sent to t-1"
    assert events["assistantMessage"].assistant_message.content.endswith("It gave sent to t-1")
