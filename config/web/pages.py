"""The public pages: what Callboard is, a tool call's card, and a space's live board.

They hold no data of their own: their scripts read the API with the visitor's session or key.
"""

import uuid
from typing import Any

from django.contrib.auth.views import LogoutView
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.csp import CSP, build_policy
from django.views.decorators.http import require_safe

from config.web.content_security import page_policy
from config.web.sign_in import SignIn
from spaces.access import Caller
from spaces.api import routes  # noqa: F401 - registers the path converter `rest`
from spaces.identity import spaces_within_reach
from spaces.models import Principal, Space

MOST_SPACES = 3


@require_safe
def landing(request: HttpRequest) -> HttpResponse:
    """The front door, with the boards of whoever is signed in."""
    spaces = _spaces(request)
    shown = {"spaces": spaces, "names_tenants": len({space.tenant_id for space in spaces}) > 1}
    return _protected(request, render(request, "pages/landing.html", shown))


@require_safe
def watch(request: HttpRequest, space_id: uuid.UUID, tool_call_id: str) -> HttpResponse:
    """A chat's tool call card, which may be opened before the tool call has an execution."""
    return _live(request, "pages/watch.html", space_id=space_id, tool_call_id=tool_call_id, execution_id=None)


@require_safe
def run(request: HttpRequest, space_id: uuid.UUID, execution_id: uuid.UUID) -> HttpResponse:
    """The same card for an execution that is known by its own id."""
    return _live(request, "pages/watch.html", space_id=space_id, tool_call_id=None, execution_id=execution_id)


@require_safe
def board(request: HttpRequest, space_id: uuid.UUID) -> HttpResponse:
    """What happens in a space."""
    return _live(request, "pages/board.html", space_id=space_id)


@require_safe
def chat(request: HttpRequest, space_id: uuid.UUID, thread_id: uuid.UUID | None = None) -> HttpResponse:
    """The threads of a space, one of them open."""
    return _live(request, "pages/chat.html", space_id=space_id, thread_id=thread_id)


class ProtectedSignIn(SignIn):
    """The sign-in page under the policy of the others."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        response = super().dispatch(request, *args, **kwargs)
        return _protected(request, response.render()) if isinstance(response, TemplateResponse) else response


def _live(request: HttpRequest, template: str, **context: object) -> HttpResponse:
    context["is_signed_in"] = request.user.is_authenticated
    return _protected(request, render(request, template, context))


def _protected(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """The page, on which nothing runs and nothing is loaded but our own files."""
    response[CSP.HEADER_ENFORCE] = build_policy(page_policy(request.get_host()))
    response["Cache-Control"] = "no-store"
    return response


def _spaces(request: HttpRequest) -> list[Space]:
    """Some spaces to begin with: an operator's newest, a member's own, nobody's for a stranger."""
    if not isinstance(request.user, Principal):
        return []
    caller = Caller(request.user)
    if caller.is_operator:
        return list(Space.objects.select_related("tenant").order_by("-pk")[:MOST_SPACES])
    reached = spaces_within_reach(caller, limit=MOST_SPACES)
    return list(Space.objects.select_related("tenant").filter(pk__in=reached))


urlpatterns: list[URLPattern] = [
    path("", landing, name="landing"),
    path("sign-in", ProtectedSignIn.as_view(), name="sign-in"),
    path("sign-out", LogoutView.as_view(next_page="landing"), name="sign-out"),
    # A tool call id is whatever a model made up, slashes included.
    path("watch/<uuid:space_id>/<rest:tool_call_id>", watch, name="watch"),
    path("spaces/<uuid:space_id>/executions/<uuid:execution_id>", run, name="run"),
    path("spaces/<uuid:space_id>", board, name="space-board"),
    path("chat/<uuid:space_id>", chat, name="chat"),
    path("chat/<uuid:space_id>/<uuid:thread_id>", chat, name="chat-thread"),
]
