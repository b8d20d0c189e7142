"""The desk's two verbs on an execution: cancel and retry."""

from django.http import QueryDict
from django.utils import timezone

from executions.actions.cancellation import request_cancel
from executions.actions.retry import retry_execution
from executions.models import SkillExecution
from spaces.access import SpaceAccess
from spaces.admin.kit.formatting import url_of
from spaces.admin.kit.steering import Done, Verb


def _cancel(access: SpaceAccess, execution: SkillExecution, _: QueryDict) -> Done:
    execution = request_cancel(access=access, execution_id=execution.pk, now=timezone.now())
    return Done("It is cancelled." if execution.is_over else "Cancellation requested.")


def _retry(access: SpaceAccess, execution: SkillExecution, _: QueryDict) -> Done:
    """Start an execution that takes an ended one's place, and show the new one."""
    new, is_new = retry_execution(access=access, execution_id=execution.pk, now=timezone.now())
    said = "Retried: this is the new execution." if is_new else "It was already retried."
    return Done(said, url_of(new))


VERBS = {
    "cancel": Verb(
        "Cancel",
        _cancel,
        question="Cancel this execution?",
        consequence="It stops, and so does everything that it called.",
        answer="Cancel it",
        look="is-danger",
    ),
    "retry": Verb(
        "Retry",
        _retry,
        question="Retry this execution?",
        consequence="A new one starts with the same inputs, "
        "and takes this one's place for the chat that dispatched it.",
        answer="Retry it",
        look="is-primary",
    ),
}
