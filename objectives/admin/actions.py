"""What the desk does with objectives and tool calls: decide, stop, interrupt, go on."""

from django.http import QueryDict
from django.urls import reverse
from django.utils import timezone

from executions.runs.event_kinds import EventKind
from executions.runs.models import RunEvent
from objectives.actions.approvals import MOST_MEMO, approve_call, deny_call
from objectives.actions.cancellation import cancel_objective, interrupt_objective
from objectives.actions.continuation import continue_objective
from objectives.models import Objective, QueuedAction, ToolCall
from spaces.access import SpaceAccess
from spaces.admin.kit.steering import Done, Verb

SCOPES = frozenset({"objectives:manage"})
MOST_MESSAGE = 100_000  # characters


def _cancel(access: SpaceAccess, objective: Objective, _: QueryDict) -> Done:
    objective = cancel_objective(access=access, objective_id=objective.pk, reason="", now=timezone.now())
    return Done("It is cancelled." if objective.is_over else "Cancellation requested.")


def _interrupt(access: SpaceAccess, objective: Objective, _: QueryDict) -> Done:
    interrupt_objective(access=access, objective_id=objective.pk, now=timezone.now())
    return Done("Interrupting its turn.")


def _continue(access: SpaceAccess, objective: Objective, sent: QueryDict) -> Done:
    """Say something more: at once where the objective waits for it, else after its turn.

    One that has failed is taken up again, with a message or without.
    """
    message = sent.get("message", "").strip()[:MOST_MESSAGE]
    done = continue_objective(
        access=access, objective_id=objective.pk, message=message, enqueue=True, now=timezone.now()
    )
    if isinstance(done, RunEvent) and done.kind == EventKind.CONTINUED:
        return Done("Resumed.")
    queued = isinstance(done, QueuedAction)
    return Done("Message queued until its turn ends." if queued else "Message delivered.")


def _approve(access: SpaceAccess, call: ToolCall, _: QueryDict) -> Done:
    approve_call(access=access, objective_id=call.objective_id, call_id=call.pk, now=timezone.now())
    return _decided(call, "is approved")


def _deny(access: SpaceAccess, call: ToolCall, sent: QueryDict) -> Done:
    """The memo is told to the model."""
    memo, now = sent.get("memo", "").strip()[:MOST_MEMO], timezone.now()
    deny_call(access=access, objective_id=call.objective_id, call_id=call.pk, memo=memo, now=now)
    return _decided(call, "is denied")


def _decided(call: ToolCall, how: str) -> Done:
    url = reverse("admin:objectives_objective_change", args=(call.objective_id,))
    return Done(f"{call.called_as} {how}.", url)


OBJECTIVE_VERBS = {
    "interrupt": Verb(
        "Interrupt",
        _interrupt,
        question="Interrupt this objective?",
        consequence="The turn that goes on stops, its open tool calls are given up, "
        "and the objective waits for a message.",
        answer="Interrupt it",
    ),
    "continue": Verb(
        "Continue",
        _continue,
        question="Continue this objective?",
        consequence="Resumed. What was asked of it stays, and so does what it has cost.",
        answer="Continue it",
    ),
    "cancel": Verb(
        "Cancel",
        _cancel,
        question="Cancel this objective?",
        consequence="It ends, and so do its sub-agents and the skills that it called.",
        answer="Cancel it",
        look="is-danger",
    ),
}
CALL_VERBS = {
    "approve": Verb("Approve", _approve, look="is-primary"),
    "deny": Verb("Deny", _deny, look="is-danger"),
}
