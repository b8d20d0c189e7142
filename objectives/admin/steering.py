"""What the desk does with objectives and tool calls: decide, stop, interrupt, go on."""

import uuid
from collections.abc import Callable

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from executions.runlog.models import RunEvent
from executions.runs.event_kinds import Kind
from objectives.actions.continuing import continue_objective
from objectives.actions.deciding import MOST_MEMO, approve_call, deny_call
from objectives.actions.stopping import cancel_objective, interrupt_objective
from objectives.actions.supplying import supply_content
from objectives.admin.content_form import ContentForm
from objectives.models import Objective, QueuedAction, ToolCall
from spaces.access import SpaceAccess, desk_access
from spaces.errors import DomainError, NotFound
from spaces.models import Principal

STEERING = frozenset({"objectives:manage"})
MOST_MESSAGE = 100_000  # characters


def may_steer(request: HttpRequest) -> bool:
    """Whether this person may stop objectives and speak to them."""
    return request.user.has_perm("objectives.change_objective")


def may_decide(request: HttpRequest) -> bool:
    """Whether this person may approve and deny tool calls, and give their content."""
    return request.user.has_perm("objectives.change_toolcall")


@require_POST
def ask_approve(request: HttpRequest, call_id: uuid.UUID) -> HttpResponse:
    """Let a tool call run that waits for it."""
    call = _waiting(request, call_id)

    def approve(access: SpaceAccess) -> str:
        approve_call(access=access, objective_id=call.objective_id, call_id=call.id, now=timezone.now())
        return f"{call.called_as} is approved."

    return _steer(request, call.objective_id, approve)


@require_POST
def ask_deny(request: HttpRequest, call_id: uuid.UUID) -> HttpResponse:
    """Refuse a tool call that waits; the memo is told to the model."""
    call = _waiting(request, call_id)
    memo = request.POST.get("memo", "").strip()[:MOST_MEMO]

    def deny(access: SpaceAccess) -> str:
        now = timezone.now()
        deny_call(access=access, objective_id=call.objective_id, call_id=call.id, memo=memo, now=now)
        return f"{call.called_as} is denied."

    return _steer(request, call.objective_id, deny)


def supply(request: HttpRequest, call: ToolCall, form: ContentForm) -> HttpResponse:
    """Give a tool call that waits for it the content of a valid form; for whoever may decide."""

    def give(access: SpaceAccess) -> str:
        now = timezone.now()
        drafts = form.drafts(now=now)
        supply_content(access=access, objective_id=call.objective_id, call_id=call.id, drafts=drafts, now=now)
        return f"{call.called_as} has its content."

    return _steer(request, call.objective_id, give)


@require_POST
def ask_cancel(request: HttpRequest, objective_id: uuid.UUID) -> HttpResponse:
    """End an objective and everything that it started."""

    def cancel(access: SpaceAccess) -> str:
        objective = cancel_objective(access=access, objective_id=objective_id, reason="", now=timezone.now())
        return "It is cancelled." if objective.is_over else "Its worker is asked to stop it."

    return _steer_objective(request, objective_id, cancel)


@require_POST
def ask_interrupt(request: HttpRequest, objective_id: uuid.UUID) -> HttpResponse:
    """Stop the turn that goes on; the objective then waits for a message."""

    def interrupt(access: SpaceAccess) -> str:
        interrupt_objective(access=access, objective_id=objective_id, now=timezone.now())
        return "Its turn is interrupted."

    return _steer_objective(request, objective_id, interrupt)


@require_POST
def ask_continue(request: HttpRequest, objective_id: uuid.UUID) -> HttpResponse:
    """Say something more: at once where the objective waits for it, else after its turn.

    One that has failed is taken up again, with a message or without.
    """
    message = request.POST.get("message", "").strip()[:MOST_MESSAGE]

    def say(access: SpaceAccess) -> str:
        done = continue_objective(
            access=access, objective_id=objective_id, message=message, enqueue=True, now=timezone.now()
        )
        if isinstance(done, RunEvent) and done.kind == Kind.CONTINUED:
            return "It goes on from where it stood."
        return "It will hear that after its turn." if isinstance(done, QueuedAction) else "It has heard that."

    return _steer_objective(request, objective_id, say)


def _waiting(request: HttpRequest, call_id: uuid.UUID) -> ToolCall:
    """The call that is to be decided; raises PermissionDenied for whoever may only look, and Http404."""
    if not may_decide(request):
        raise PermissionDenied
    call = ToolCall.objects.filter(pk=call_id).only("objective_id", "called_as").first()
    if call is None:
        raise Http404
    return call


def _steer_objective(
    request: HttpRequest, objective_id: uuid.UUID, verb: Callable[[SpaceAccess], str]
) -> HttpResponse:
    if not may_steer(request):
        raise PermissionDenied
    return _steer(request, objective_id, verb)


def _steer(request: HttpRequest, objective_id: uuid.UUID, verb: Callable[[SpaceAccess], str]) -> HttpResponse:
    """Run a verb with the desk's access to the space; what it refuses is shown on the page.

    Leads back to the page that asked (`next`), else to the objective. Raises Http404.
    """
    space_id = Objective.objects.filter(pk=objective_id).values_list("space_id", flat=True).first()
    if space_id is None or not isinstance(request.user, Principal):
        raise Http404
    try:
        messages.success(request, verb(desk_access(request.user, space_id, STEERING)))
    except NotFound as error:
        raise Http404 from error
    except DomainError as error:
        messages.error(request, error.message)
    return HttpResponseRedirect(_back(request, objective_id))


def _back(request: HttpRequest, objective_id: uuid.UUID) -> str:
    asked = request.POST.get("next", "")
    is_ours = asked.startswith("/") and url_has_allowed_host_and_scheme(asked, allowed_hosts=None)
    return asked if is_ours else reverse("admin:objectives_objective_change", args=(objective_id,))
