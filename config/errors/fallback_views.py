"""Answers that no view gives: paths that lead nowhere, and our own failures."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views import defaults

from config.errors.dialects import refusal


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """400: in the API's form on its paths, Django's page elsewhere."""
    return _answer(request, 400, "Bad request.") or defaults.bad_request(request, exception)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _answer(request, 403, "Forbidden.") or defaults.permission_denied(request, exception)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _answer(request, 404, "Not found.") or defaults.page_not_found(request, exception)


def server_error(request: HttpRequest) -> HttpResponse:
    return _answer(request, 500, "Internal error.") or defaults.server_error(request)


def _answer(request: HttpRequest, status: int, detail: str) -> HttpResponse | None:
    refused = refusal(request.path, status, detail)
    if refused is None:
        return None
    status, body = refused
    return JsonResponse(body, status=status, json_dumps_params={"separators": (",", ":")})
