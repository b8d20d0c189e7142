"""Results as a tool set's overlays want them, before they are kept."""

from executions.redacting import Redaction
from objectives.models import CallError, ToolCall
from objectives.overlays.rows import given_by
from objectives.overlays.transforming import CannotTransform, transformed
from objectives.planning.plan import Offered
from objectives.results.outcome import Outcome


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
        return Outcome(transformed(outcome.drafts, offered.overlays, values, redaction))
    except CannotTransform as cannot:
        return Outcome.failed(CallError.TOOL_ERROR, str(cannot))
