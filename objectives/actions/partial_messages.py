"""What was written of a response that broke off: kept as a message that says it is partial."""

from datetime import datetime
from decimal import Decimal

from executions.inference.partial_responses import partial_response
from executions.runs.event_kinds import EventKind
from executions.runs.log import NewEvent
from executions.runs.models import RunEvent
from objectives.actions.queued_actions import newest_window
from objectives.events import event
from objectives.former_events import stored
from objectives.models import FinishReason, Objective, Step

# The kinds of events that say how far a turn is: text of it, its end, and that it begins anew.
TEXTS = stored([EventKind.TEXT])
OF_TURNS = stored([EventKind.TEXT, EventKind.ASSISTANT_MESSAGE, EventKind.RESTARTED, EventKind.COMPACTED])


def keep_partial(objective: Objective, ending: FinishReason, *, now: datetime) -> list[NewEvent]:
    """Keep the text that a locked objective's turn has shown so far; its event, or none where none was shown.

    The caller appends the event. The partial message takes the place of the turn's response: what the model
    writes next is the next turn's.
    """
    text = _shown(objective)
    if not text:
        return []
    window = newest_window(objective)
    objective.turn += 1
    objective.save(update_fields=["turn"])
    Step.objects.create(
        objective=objective,
        window=window,
        turn=objective.turn,
        request={},
        response=partial_response(text, at=now),
        model_name="",
        library_version="",
        finish_reason=ending,
        cost_usd=Decimal(0),
        price_version="",
        created_at=now,
    )
    facts = {"content": text, "tool_calls": [], "finish_reason": ending.value, "is_partial": True}
    return [event(EventKind.ASSISTANT_MESSAGE, facts, now=now, window_id=window.id)]


def _shown(objective: Objective) -> str:
    """The text of the turn's newest attempt, as whoever watches has it on the screen."""
    events = RunEvent.objects.filter(run_id=objective.id)
    others = events.filter(kind__in=OF_TURNS - TEXTS)
    begin = others.order_by("-seq").values_list("seq", flat=True).first() or 0
    pieces = events.filter(kind__in=TEXTS, seq__gt=begin).order_by("seq").values_list("data", flat=True)
    return "".join(piece["text"] for piece in pieces if piece["turn"] == objective.turn)
