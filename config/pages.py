"""The public pages: what Callboard is, a tool call's card, and a space's live board.

They hold no data of their own: their scripts read the API with the visitor's session or key.
"""

import uuid

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import URLPattern, path
from django.utils.csp import CSP, build_policy
from django.views.decorators.http import require_safe

from executions.api import urls as api_urls  # noqa: F401 - registers the path converter `rest`


@require_safe
def landing(request: HttpRequest) -> HttpResponse:
    """The front door."""
    return _page(request, "pages/landing.html")


@require_safe
def watch(request: HttpRequest, space_id: uuid.UUID, tool_call_id: str) -> HttpResponse:
    """A chat's tool call card, which may be opened before the tool call has an execution."""
    return _page(request, "pages/watch.html", space_id=space_id, tool_call_id=tool_call_id)


@require_safe
def board(request: HttpRequest, space_id: uuid.UUID) -> HttpResponse:
    """What happens in a space."""
    return _page(request, "pages/board.html", space_id=space_id)


def _page(request: HttpRequest, template: str, **context: object) -> HttpResponse:
    """A page on which nothing runs and nothing is loaded but our own files."""
    response = render(request, template, {"is_signed_in": request.user.is_authenticated, **context})
    response["Content-Security-Policy"] = _policy(request.get_host())
    response["Referrer-Policy"] = "no-referrer"
    response["Cache-Control"] = "no-store"
    return response


def _policy(host: str) -> str:
    """The Content-Security-Policy: our own files, our own API, our own socket."""
    return str(
        build_policy(
            {
                "default-src": [CSP.NONE],
                "script-src": [CSP.SELF],
                "style-src": [CSP.SELF],
                "img-src": [CSP.SELF],
                # Some browsers do not count a socket of the same host as `self`.
                "connect-src": [CSP.SELF, f"ws://{host}", f"wss://{host}"],
                "base-uri": [CSP.NONE],
                "form-action": [CSP.SELF],
                "frame-ancestors": [CSP.NONE],
            }
        )
    )


urlpatterns: list[URLPattern] = [
    path("", landing, name="landing"),
    # A tool call id is whatever a model made up, slashes included.
    path("watch/<uuid:space_id>/<rest:tool_call_id>", watch, name="watch"),
    path("spaces/<uuid:space_id>", board, name="space-board"),
]
