"""The desk's two verbs on an execution: cancel and retry."""

import uuid
from collections.abc import Callable

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from executions.actions.cancelling import request_cancel
from executions.actions.retrying import retry_execution
from executions.models import SkillExecution
from spaces.access import SpaceAccess, desk_access
from spaces.errors import DomainError, NotFound
from spaces.models import Principal

STEERING = frozenset({"executions:manage"})


def may_steer(request: HttpRequest) -> bool:
    """Whether this person may cancel and retry: an operator, and staff whom Django's permissions let."""
    return request.user.has_perm("executions.change_skillexecution")


@require_POST
def ask_cancel(request: HttpRequest, execution_id: uuid.UUID) -> HttpResponse:
    """Ask an execution to stop, and show it again."""

    def cancel(access: SpaceAccess) -> tuple[uuid.UUID, str]:
        execution = request_cancel(access=access, execution_id=execution_id, now=timezone.now())
        done = "It is cancelled." if execution.is_over else "Its worker is asked to stop it."
        return execution.id, done

    return _steer(request, execution_id, cancel)


@require_POST
def ask_retry(request: HttpRequest, execution_id: uuid.UUID) -> HttpResponse:
    """Start an execution that takes an ended one's place, and show the new one."""

    def retry(access: SpaceAccess) -> tuple[uuid.UUID, str]:
        execution, is_new = retry_execution(access=access, execution_id=execution_id, now=timezone.now())
        done = "This execution takes the place of the one before." if is_new else "It was already retried."
        return execution.id, done

    return _steer(request, execution_id, retry)


def _steer(
    request: HttpRequest,
    execution_id: uuid.UUID,
    verb: Callable[[SpaceAccess], tuple[uuid.UUID, str]],
) -> HttpResponse:
    """Run a verb with the desk's access to the space; what it refuses is shown on the page.

    Raises PermissionDenied for whoever may only look, Http404 where there is no such execution.
    """
    if not may_steer(request):
        raise PermissionDenied
    space_id = SkillExecution.objects.filter(pk=execution_id).values_list("space_id", flat=True).first()
    if space_id is None or not isinstance(request.user, Principal):
        raise Http404
    shown_id = execution_id
    try:
        shown_id, done = verb(desk_access(request.user, space_id, STEERING))
        messages.success(request, done)
    except NotFound as error:
        raise Http404 from error
    except DomainError as error:
        messages.error(request, error.message)
    return HttpResponseRedirect(reverse("admin:executions_skillexecution_change", args=(shown_id,)))
