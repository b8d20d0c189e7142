"""Overlays in objectives: what the model is offered, what people approve, what tools get, what logs show."""

from typing import Any

import pytest
from django.utils import timezone

from objectives.actions.approvals import approve_call
from objectives.models import Objective, Step, Tool
from objectives.planning.plan import Plan
from spaces.errors import NotReady
from tests.factories import Actor, make_actor
from tests.objectives.agent_loop.tool_server import ToolServer
from tests.objectives.agent_loop.working import (
    bare_tool,
    calls_of,
    fresh,
    http_tool,
    payloads,
    said,
    start,
    types,
    work,
)
from tests.objectives.overlays.overlaid import (
    attribute,
    auto_mode,
    called,
    overlay,
    pin,
    put,
    remove,
    transform,
    where,
)

pytestmark = pytest.mark.django_db
PARAMETERS = {
    "type": "object",
    "properties": {
        "order": {"type": "string"},
        "filter": {
            "type": "object",
            "properties": {"owner": {"type": "string"}, "state": {"type": "string"}},
            "required": ["owner"],
        },
        "limit": {"type": "integer"},
    },
    "required": ["order", "limit"],
    "additionalProperties": False,
}
OVERLAYS = [
    overlay("tenant", pin("filter.owner", "tenant")),
    overlay("few", put("limit", "5"), remove("debug")),
    overlay("off", remove("order"), disabled=True),
    overlay("other", remove("order"), selector=where(called("other"))),
]
TENANT = {"pinned_parameters": {"tenant": "t-1"}}


@pytest.fixture
def actor() -> Actor:
    return make_actor()


def overlaid(tool: Tool, *overlays: Any) -> Tool:
    """The tool, in a set with these overlays."""
    tool.tool_set.overlays = [*overlays]
    tool.tool_set.save(update_fields=["overlays"])
    tool.parameters = PARAMETERS
    tool.save(update_fields=["parameters"])
    return tool


def script(**arguments: Any) -> list[dict[str, Any]]:
    return [{"tool": "find", "arguments": arguments}, {"answer": "It gave {last_result}"}]


def offered(objective: Objective):
    (found,) = Plan.read(objective.plan).offered
    return found


def test_the_model_is_offered_what_overlays_leave(actor, bench, tools: ToolServer):
    tool = overlaid(http_tool(actor, tools.url), *OVERLAYS)
    objective = work(start(actor, tool, script=script(order="7"), wanted=TENANT), bench)

    seen = offered(objective).parameters
    assert set(seen["properties"]) == {"order", "filter"}
    assert seen["required"] == ["order"]
    assert seen["properties"]["filter"]["properties"] == {"state": {"type": "string"}}
    (sent,) = Step.objects.filter(objective=objective, turn=1).values_list("request", flat=True)
    assert sent["tools"][0]["parameters"] == seen
    assert [one["key"] for one in offered(objective).overlays] == ["tenant", "few"]
    assert offered(objective).snapshot["spec"]["parameters"] == PARAMETERS


def test_what_is_recorded_shown_and_sent_is_what_overlays_made_of_the_arguments(
    actor, bench, tools: ToolServer
):
    tool = overlaid(http_tool(actor, tools.url, method="POST"), *OVERLAYS)
    wrote = {"order": "7", "filter": {"owner": "me"}, "limit": 99, "debug": True}
    objective = work(start(actor, tool, script=script(**wrote), wanted=TENANT), bench)

    made = {"order": "7", "filter": {"owner": "t-1"}, "limit": 5}
    (call,) = calls_of(objective)
    assert (call.execution, call.arguments) == ("completed", made)
    assert [one["arguments"] for one in payloads(objective, "toolCalled")] == [made]
    assert tools.bodies == [made]
    message = payloads(objective, "assistantMessage")[0]
    assert '"owner": "me"' in message["toolCalls"][0]["arguments"].replace('":"', '": "')


def test_people_approve_the_arguments_that_the_tool_will_get(actor, bench, tools: ToolServer):
    tool = overlaid(http_tool(actor, tools.url), *OVERLAYS)
    tool.requires_approval = True
    tool.save()
    objective = work(start(actor, tool, script=script(order="7"), wanted=TENANT), bench)
    (waiting,) = calls_of(objective)

    approve_call(access=actor.access, objective_id=objective.id, call_id=waiting.id, now=timezone.now())
    objective = work(fresh(objective), bench)

    assert (waiting.approval, waiting.arguments) == (
        "waiting_for_approval",
        {"order": "7", "filter": {"owner": "t-1"}, "limit": 5},
    )
    (called_with,) = payloads(objective, "toolCalled")
    assert called_with["arguments"] == waiting.arguments


@pytest.mark.parametrize("wrote", [{}, {"order": 7}, {"order": "7", "more": 1}])
def test_the_model_still_answers_for_what_it_was_shown(actor, bench, tools: ToolServer, wrote):
    tool = overlaid(http_tool(actor, tools.url), *OVERLAYS)
    objective = work(start(actor, tool, script=script(**wrote), wanted=TENANT), bench)

    (call,) = calls_of(objective)
    assert (call.execution, call.error_type) == ("errored", "invalid_arguments")
    assert not tools.begun


@pytest.mark.parametrize(
    ("action", "reason"),
    [
        (pin("filter.owner", "tenant"), "the objective has no pinned parameter 'tenant'"),
        (put("limit", "{{ pinned_parameters.tenant }}"), "pinned_parameters.tenant is undefined"),
        (put("limit", "many"), "its text is not JSON, and the parameter is declared as integer"),
    ],
)
def test_a_value_that_cannot_be_had_fails_the_call_and_not_the_objective(actor, bench, action, reason):
    tool = overlaid(http_tool(actor, "http://127.0.0.1:1"), overlay("tenant", action))
    tool.requires_approval = True
    tool.save()
    objective = work(start(actor, tool, script=script(order="7", limit=1)), bench)

    path = (action.get("set") or action["pin"])["path"]
    message = f"The overlay 'tenant' has no value for {path}: {reason}."
    (call,) = calls_of(objective)
    assert (call.approval, call.execution, call.error_message) == ("auto_approved", "errored", message)
    assert [one["message"] for one in payloads(objective, "toolError")] == [message]
    assert "toolApprovalRequested" not in types(objective)
    assert message in said(objective)[-1]
    assert objective.state == "waiting"


def test_a_pin_that_may_be_missing_is_the_models_where_it_is(actor, bench, tools: ToolServer):
    tool = overlaid(http_tool(actor, tools.url), overlay("limit", pin("limit", "most", "SKIP")))
    steps = script(order="7", limit=9)

    free = work(start(actor, tool, script=steps), bench)
    pinned = work(start(actor, tool, script=steps, wanted={"pinned_parameters": {"most": "3"}}), bench)

    assert ["limit" in offered(one).parameters["properties"] for one in (free, pinned)] == [True, False]
    assert [calls_of(one)[0].arguments["limit"] for one in (free, pinned)] == [9, 3]


def test_overlays_go_before_what_is_pinned_by_a_parameters_name(actor, bench, tools: ToolServer):
    tool = overlaid(http_tool(actor, tools.url), overlay("few", put("limit", "5"), remove("order")))
    wanted = {"pinned_parameters": {"limit": "9", "order": "8", "more": "1"}}
    objective = work(start(actor, tool, script=script(more="mine"), wanted=wanted), bench)

    assert calls_of(objective)[0].arguments == {"limit": 5, "more": "1"}


def test_everybody_reads_the_result_that_overlays_made(actor, bench, tools: ToolServer):
    short = overlay("short", results=[transform("Order {{ result.json.order }} is {{ result.json.state }}")])
    tool = overlaid(http_tool(actor, tools.url, method="POST"), short)
    objective = work(start(actor, tool, script=script(order="7", limit=1)), bench)

    content = [{"type": "text", "text": "Order 7 is sent"}]
    assert calls_of(objective)[0].result == content
    shown = [{"type": "text", "text": {"text": "Order 7 is sent", "sizeBytes": "15"}}]
    assert [one["result"]["content"] for one in payloads(objective, "toolResult")] == [shown]
    assert said(objective)[-1] == "It gave Order 7 is sent"


def test_objectives_keep_the_overlays_they_began_with(actor, bench, tools: ToolServer):
    tool = overlaid(http_tool(actor, tools.url, method="POST"), *OVERLAYS)
    objective = start(actor, tool, script=script(order="7"), wanted=TENANT)
    overlaid(tool, overlay("later", remove("order")))

    assert calls_of(work(objective, bench))[0].arguments["order"] == "7"


def test_the_last_auto_mode_counts_and_asks_for_an_approval(actor):
    first, last = auto_mode("First?"), auto_mode("Last?", failureMessage="No.")
    tool = overlaid(
        bare_tool(actor, "find"),
        overlay("a", autoMode=first),
        overlay("b", autoMode=last),
        overlay("c"),
        overlay("d", autoMode=first, disabled=True),
    )

    plan = offered(start(actor, tool, script=script()))
    assert (plan.auto_mode, plan.requires_approval) == (last, True)
    assert plan.snapshot["spec"]["requiresApproval"] is False
    plan = offered(start(actor, overlaid(tool), script=script()))
    assert (plan.auto_mode, plan.requires_approval, plan.overlays) == (None, False, [])


@pytest.mark.parametrize(
    ("opinions", "exposed"), [([], None), ([True], True), ([True, False], None), ([False, None, True], True)]
)
def test_the_last_opinion_says_whether_widgets_may_see_arguments(actor, bench, opinions, exposed):
    overlays = [
        overlay(str(place), **({} if one is None else {"widgetArgumentExposure": {"enabled": one}}))
        for place, one in enumerate(opinions)
    ]
    tool = overlaid(bare_tool(actor, "find"), *overlays)
    objective = work(start(actor, tool, script=script(order="7", limit=1)), bench)

    (payload,) = payloads(objective, "toolCalled")
    assert payload.get("argumentsExposedInWidgets") is exposed


def test_an_overlay_that_cannot_be_told_to_apply_keeps_an_objective_from_beginning(actor):
    endless = where(attribute("DESCRIPTION", "regex", "^(a|aa)+$"))
    tool = overlaid(bare_tool(actor, "find", description="a" * 60 + "!"), overlay("slow", selector=endless))

    with pytest.raises(NotReady, match="The pattern of the overlay 'slow' takes too long"):
        start(actor, tool, script=script())

    assert not Objective.objects.filter(space=actor.space).exists()


def test_plans_from_before_overlays_still_read(actor):
    objective = start(actor, overlaid(bare_tool(actor, "find")), script=script())
    (old,) = objective.plan["offered"]
    del old["overlays"], old["auto_mode"]

    assert offered(objective).overlays == []
    assert offered(objective).auto_mode is None
