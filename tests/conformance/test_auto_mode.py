"""The official SDK, unmodified: a tool set whose auto mode decides about calls, and what it reads of that."""

from typing import Any

import pytest

from tests.conformance.stage import Stage

pytestmark = pytest.mark.django_db

AUTO_MODE = {
    "questions": [
        {"question": "Did the customer ask for a refund?", "threshold": 0.8},
        {"question": "Is it their own order?", "threshold": 0.5},
    ],
    "passing_mode": "PASSING_MODE_ALL",
}


def refund(confidence: float | list[float], order: str) -> dict[str, Any]:
    return {"tool": "refund", "arguments": {"order": order}, "confidence": confidence}


def test_calls_are_approved_denied_or_left_to_people_by_their_scores(stage: Stage):
    tool_set = stage.client.tool_sets.create(
        metadata={"name": "refunds"},
        spec={
            "adapter": {"type": "http", "http": {"base_url": stage.tools.url}},
            "overlays": [
                {
                    "key": "judged",
                    "selector": {
                        "operator": "OPERATOR_AND",
                        "conditions": [{"type": "tools", "tools": {"names": ["refund"]}}],
                    },
                    "disabled": False,
                    "auto_mode": AUTO_MODE,
                }
            ],
        },
    )
    assert tool_set.spec.overlays[0].auto_mode.questions[0].threshold == 0.8
    tool = stage.client.tool_sets.tools.create(
        tool_set.metadata.id,
        metadata={"name": "refund"},
        spec={
            "description": "It refunds an order.",
            "requires_approval": False,
            "parameters": {"type": "object", "properties": {"order": {"type": "string"}}},
            "config": {"type": "http", "http": {"request_method": "POST", "path": "/refund"}},
        },
    )
    script = [{"tools": [refund(0.9, "7"), refund([1, 0.4], "8")]}, {"answer": "Done."}]
    agent = stage.agent("Judged", script, assignments=[{"type": "toolId", "tool_id": tool.metadata.id}])
    objective = stage.start(agent)

    calls = stage.until_calls(objective, COMPLETED=1, PENDING=1)
    stage.until(objective, "WAITING")

    sure, unsure = (stage.client.objectives.retrieve_tool_call(objective, call.metadata.id) for call in calls)
    assert (sure.status, sure.data.status_changed_by) == ("TOOL_CALL_STATUS_AUTO_APPROVED", None)
    found = sure.data.decision_scores
    assert ([one.score for one in found.scores], found.approved) == ([0.9, 0.9], True)
    assert found.auto_mode.passing_mode == "PASSING_MODE_ALL"
    assert unsure.status == "TOOL_CALL_STATUS_WAITING_FOR_APPROVAL"
    assert [one.passed for one in unsure.data.decision_scores.scores] == [True, False]

    approved = stage.client.objectives.approve_tool_call(objective, unsure.metadata.id)
    assert approved.data.decision_scores.approved is False
    stage.until_calls(objective, COMPLETED=2)
