"""Results as a tool set's overlays want them, before they are kept."""

from executions.redaction import Redaction
from objectives.models import CallError, ToolCall
from objectives.overlays.rows import given_by
from objectives.overlays.transforms import CannotTransform, transformed
from objectives.planning.plan import Offered
from objectives.tool_results.outcome import Outcome

ACCEPTED = "The tool accepted the call; it must not be repeated."


def reshaped(outcome: Outcome, call: ToolCall, offered: Offered, redaction: Redaction) -> Outcome:
    """The outcome with the content that overlays make of it; one without content stays as it is.

    For every adapter, once, outside of transactions: templates take their time. `redaction` is that of the
    call's secrets.
    """
    if outcome.error is not None or not any(one.get("resultActions") for one in offered.overlays):
        return outcome
    values = {
        **given_by(call.objective).values(),
        "parameters": call.arguments,
        "tool": {"name": offered.metadata.get("name", ""), "llm_tool_name": call.called_as},
    }
    try:
        drafts = transformed(outcome.drafts, offered.overlays, values, redaction)
        return Outcome(drafts, note=outcome.note)
    except CannotTransform as cannot:
        message = str(cannot) if call.is_safe_to_repeat else f"{cannot} {ACCEPTED}"
        return Outcome.failed(CallError.TOOL_ERROR, message)
