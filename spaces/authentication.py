"""Who is calling: the same answer for REST, streams and sockets."""

import uuid
from collections.abc import Mapping
from datetime import datetime
from http.cookies import CookieError, SimpleCookie
from importlib import import_module
from types import SimpleNamespace
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user
from django.utils import timezone
from rest_framework.authentication import SessionAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from spaces.access import Caller
from spaces.ids import WORKSPACE, parse_prefixed, parse_uuid
from spaces.keys import Unauthenticated, caller_of_token
from spaces.models import Principal


class KeyOrSession(SessionAuthentication):
    """A key from `Authorization: Bearer` or `X-API-Key`, else a signed-in person's session.

    `request.user` is the principal and `request.auth` the `Caller`.
    """

    def authenticate(self, request: Request) -> tuple[Principal, Caller] | None:
        token = token_in(request.headers)
        if token is None:
            signed_in = super().authenticate(request)
            return (signed_in[0], Caller(signed_in[0])) if signed_in else None
        named = (request.parser_context or {}).get("kwargs", {})
        try:
            caller = caller_of_token(token, now=timezone.now(), space_id=_space_in(named))
        except Unauthenticated as error:
            raise AuthenticationFailed(error.message) from error
        return caller.principal, caller

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="api"'


def _space_in(named: Mapping[str, Any]) -> uuid.UUID | None:
    """The space that a path names in either dialect: key and access are then read by one statement."""
    return parse_uuid(str(named.get("space_id", ""))) or parse_prefixed(
        WORKSPACE, str(named.get("workspace_id", ""))
    )


def token_in(headers: Mapping[str, str]) -> str | None:
    """The token that the headers carry; None where they carry none, "" where they carry a foreign scheme."""
    authorization = headers.get("Authorization", "").strip()
    if authorization:
        scheme, _, token = authorization.partition(" ")
        return token.strip() if scheme.lower() == "bearer" else ""
    return headers.get("X-API-Key") or None


def caller_of_scope(scope: Mapping[str, Any], *, now: datetime, space_id: uuid.UUID | None = None) -> Caller:
    """The caller behind an ASGI scope, by key or session; raises Unauthenticated. Reads the database."""
    headers = {name.decode("latin-1").title(): value.decode("latin-1") for name, value in scope["headers"]}
    token = token_in({**headers, "X-API-Key": headers.get("X-Api-Key", "")})
    if token is not None:
        return caller_of_token(token, now=now, space_id=space_id)
    return _caller_of_cookie(headers.get("Cookie", ""))


def _caller_of_cookie(cookie: str) -> Caller:
    try:
        morsel = SimpleCookie(cookie).get(settings.SESSION_COOKIE_NAME)
    except CookieError:
        morsel = None
    if morsel is None:
        raise Unauthenticated("Authentication credentials were not provided.")
    store = import_module(settings.SESSION_ENGINE).SessionStore(morsel.value)
    principal = get_user(SimpleNamespace(session=store))  # type: ignore[arg-type]
    if not isinstance(principal, Principal) or not principal.is_active:
        raise Unauthenticated("This session is over.")
    return Caller(principal)
