"""The one table from a domain error to an HTTP answer."""

import logging
from typing import Any

from django.core.exceptions import (
    RequestDataTooBig,
    SuspiciousOperation,
    TooManyFieldsSent,
    TooManyFilesSent,
)
from django.db import InterfaceError, OperationalError
from django.http import Http404
from rest_framework.exceptions import (
    APIException,
    ErrorDetail,
    NotFound as DrfNotFound,
    ParseError,
    ValidationError,
)
from rest_framework.response import Response
from rest_framework.views import exception_handler as drf_exception_handler

from spaces.api.request_bodies import shown
from spaces.errors import (
    Conflict,
    DomainError,
    Invalid,
    Malformed,
    NotFound,
    NotPermitted,
    TooLarge,
    TooMany,
    Unimplemented,
)
from spaces.file_storage import StorageUnavailable
from spaces.keys import Unauthenticated

logger = logging.getLogger(__name__)

STATUS: dict[type[DomainError], int] = {
    Malformed: 400,
    Invalid: 422,
    Unauthenticated: 401,
    NotPermitted: 403,
    NotFound: 404,
    Conflict: 409,
    TooLarge: 413,
    TooMany: 429,
    Unimplemented: 501,
}
TOO_MANY_SECONDS = "5"  # until it makes sense to come again
# What Django itself finds wrong while it reads a body.
SUSPICIOUS: dict[type[SuspiciousOperation], int] = {
    RequestDataTooBig: 413,
    TooManyFieldsSent: 413,
    TooManyFilesSent: 413,
}
# What Callboard cannot work without: what is told while it is away, and seconds until a caller may try again.
AWAY: dict[type[Exception], tuple[str, int]] = {
    OperationalError: ("The database does not answer. Try again.", 1),
    InterfaceError: ("The database does not answer. Try again.", 1),
    StorageUnavailable: ("File storage is unavailable. Try again later.", 5),
}


def exception_handler(error: Exception, context: dict[str, Any]) -> Response | None:
    """Answer a domain or DRF error in the space API's form: `{"detail": …}`, a list for wrong fields."""
    problems = problems_of(error)
    if problems is not None:
        status = status_of(error) if isinstance(error, DomainError) else STATUS[Invalid]
        return Response({"detail": problems}, status=status)
    if isinstance(error, DomainError):
        return Response({"detail": error.message}, status=status_of(error), headers=_headers(error))
    if isinstance(error, tuple(AWAY)):
        return _unavailable(error)
    if isinstance(error, SuspiciousOperation):
        status = next((code for kind, code in SUSPICIOUS.items() if isinstance(error, kind)), 400)
        return Response(
            {"detail": "The request's content is too large or of an unsupported type."}, status=status
        )
    if isinstance(error, Http404 | DrfNotFound):
        return Response({"detail": "Not found."}, status=404)
    response = drf_exception_handler(error, context)
    if response is not None and isinstance(error, APIException):
        response.data = {"detail": str(error.detail)}
    return response


def _unavailable(error: Exception) -> Response:
    logger.error("A dependency of every request is unavailable: %s", error)
    detail, seconds = next(answer for kind, answer in AWAY.items() if isinstance(error, kind))
    return Response({"detail": detail}, status=503, headers={"Retry-After": str(seconds)})


def problems_of(error: Exception) -> list[dict[str, Any]] | None:
    """What is wrong with which field; None for an error that is about none."""
    if isinstance(error, Invalid):
        return [{**problem, "input": shown(problem["input"])} for problem in error.problems]
    if isinstance(error, ValidationError):
        return _problems(error.detail, ["body"])
    if isinstance(error, ParseError):
        return [{"loc": ["body"], "msg": str(error.detail), "type": "json_invalid", "input": None}]
    return None


def status_of(error: DomainError) -> int:
    """The HTTP status of a domain error, by its nearest class in the table."""
    return next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)


def _headers(error: DomainError) -> dict[str, str] | None:
    if isinstance(error, Unauthenticated):
        return {"WWW-Authenticate": 'Bearer realm="api"'}
    return {"Retry-After": TOO_MANY_SECONDS} if isinstance(error, TooMany) else None


def _problems(detail: Any, loc: list[str | int]) -> list[dict[str, Any]]:
    """DRF's nested errors as a flat list, each with the path of its field."""
    if isinstance(detail, dict):
        return [item for name, part in detail.items() for item in _problems(part, _path(loc, name))]
    if isinstance(detail, list) and any(isinstance(part, dict | list) for part in detail):
        return [item for index, part in enumerate(detail) for item in _problems(part, [*loc, index])]
    parts = detail if isinstance(detail, list) else [detail]
    return [
        {
            "loc": loc,
            "msg": str(part),
            "type": part.code if isinstance(part, ErrorDetail) else "value_error",
            "input": None,
        }
        for part in parts
    ]


def _path(loc: list[str | int], name: str) -> list[str | int]:
    return loc if name == "non_field_errors" else [*loc, name]
