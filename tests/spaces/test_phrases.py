"""What somebody reads who asks for what is not possible now."""

import itertools

import pytest

from executions.models import State
from objectives.lifecycles.agents import DONE
from objectives.lifecycles.calls import APPROVAL_MOVES, EXECUTION_MOVES
from objectives.models import ActionState, AgentState, ObjectiveState, ToolSetState, ToolState
from spaces.phrases import refusal_of

OBJECTIVE, CALL = "objective", "tool call"


@pytest.mark.parametrize(
    ("noun", "current", "wanted", "sentence"),
    [
        (OBJECTIVE, "cancelled", "continued", "This objective is cancelled and cannot be continued."),
        (OBJECTIVE, "timed_out", "compacted", "This objective has timed out and cannot be compacted."),
        (OBJECTIVE, "finalized", "cancelled", "This objective is finalized and cannot be cancelled."),
        (OBJECTIVE, "waiting", "interrupting", "This objective is waiting and cannot be interrupted."),
        (OBJECTIVE, "failed", "running", "This objective has failed and cannot run."),
        ("execution", "succeeded", "cancelled", "This execution has succeeded and cannot be cancelled."),
        ("execution", "running", "retried", "This execution is running and cannot be retried."),
        (CALL, "approved", "approved", "This tool call is approved already."),
        (CALL, "completed", "denied", "This tool call is completed and cannot be denied."),
        (CALL, "auto_approved", "denied", "This tool call needs no approval and cannot be denied."),
        (
            CALL,
            "waiting_for_approval",
            "given content",
            "This tool call is waiting for approval and cannot be given content.",
        ),
        ("queued action", "sent", "removed", "This queued action has been sent and cannot be removed."),
        ("agent", "draft", "unpublished", "This agent is a draft and cannot be unpublished."),
        ("agent", "archived", "archived", "This agent is archived already."),
        ("tool set", "active", "active", "This tool set is active and cannot be unarchived."),
        ("tool", "archived", "available", "This tool is archived and cannot be restored."),
    ],
)
def test_a_refusal_is_a_sentence(noun, current, wanted, sentence):
    assert refusal_of(noun, current, wanted) == sentence


def test_no_refusal_shows_how_we_write_states():
    groups = [
        (State, [*State, "retried"]),
        (ObjectiveState, [*ObjectiveState, "continued", "compacted"]),
        ([*APPROVAL_MOVES, *EXECUTION_MOVES], [*APPROVAL_MOVES, *EXECUTION_MOVES, "given content"]),
        (ActionState, ActionState),
        (AgentState, DONE.values()),
        (ToolSetState, ToolSetState),
        (ToolState, ToolState),
    ]
    sentences = [
        refusal_of("thing", current, wanted)
        for states, asked in groups
        for current, wanted in itertools.product(states, asked)
    ]

    assert len(sentences) > 200
    odd = ["_", "become", "be run ", "be fail", "is failed", "is succeeded", "is errored", "is interrupting"]
    assert [sentence for sentence in sentences if any(word in sentence for word in odd)] == []
