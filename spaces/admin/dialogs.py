"""Answering a confirmation dialog of the admin."""

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect


def confirmation(title: str, description: str, button: str) -> dict[str, Any]:
    """What unfold's `@action(dialog=…)` shows before the action runs; only its POST runs it."""
    return {"title": title, "description": description, "form_submit_text": button}


def leave_dialog(request: HttpRequest, to: str) -> HttpResponse:
    """Go to a page once the dialog's form was posted: by htmx, or by a plain browser."""
    if "HX-Request" in request.headers:
        return HttpResponse(headers={"HX-Redirect": to})
    return HttpResponseRedirect(to)
