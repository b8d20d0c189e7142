"""Who is calling: the same answer for REST, streams and sockets."""

import uuid
from collections.abc import Mapping
from datetime import datetime
from importlib import import_module
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs

from django.conf import settings
from django.contrib.auth import get_user
from django.http.cookie import parse_cookie
from django.utils import timezone
from rest_framework.authentication import SessionAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from spaces.access import Caller
from spaces.errors import NotPermitted
from spaces.identity import Credentials, identity_of
from spaces.ids import WORKSPACE, parse_prefixed
from spaces.keys import Unauthenticated, caller_of_token
from spaces.models import Principal
from spaces.tickets import PARAMETER, caller_of_ticket


class KeyOrSession(SessionAuthentication):
    """A ticket for one thing in the address, a key from either header, else a signed-in person's session.

    `request.user` is the principal and `request.auth` the `Caller`. Of several the ticket counts.
    """

    def authenticate(self, request: Request) -> tuple[Principal, Caller] | None:
        ticket = next(iter(request.query_params.getlist(PARAMETER)), None)  # the first, as on streams
        token = token_in(request.headers)
        if ticket is None and token is None:
            signed_in = super().authenticate(request)
            return (signed_in[0], Caller(signed_in[0])) if signed_in else None
        named = (request.parser_context or {}).get("kwargs", {})
        # The space that the path names, in either dialect: key and access are then read by one statement.
        space_id = named.get("space_id")
        if not isinstance(space_id, uuid.UUID):
            space_id = parse_prefixed(WORKSPACE, named.get("workspace_id", ""))
        try:
            caller = (
                caller_of_token(token or "", now=timezone.now(), space_id=space_id)
                if ticket is None
                else caller_of_ticket(ticket, now=timezone.now())[0]
            )
        except Unauthenticated as error:
            raise AuthenticationFailed(error.message) from error
        return caller.principal, caller

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="api"'


def token_in(headers: Mapping[str, str]) -> str | None:
    """The token that the headers carry; None where they carry none, "" where they carry a foreign scheme."""
    authorization = headers.get("Authorization", "").strip()
    if authorization:
        scheme, _, token = authorization.partition(" ")
        return token.strip() if scheme.lower() == "bearer" else ""
    return headers.get("X-API-Key") or None


def caller_and_identity(
    scope: Mapping[str, Any], *, now: datetime, takes_tickets: bool
) -> tuple[Caller, Credentials]:
    """Who opens an ASGI connection, by ticket for one thing, key or session. Reads the database.

    Raises Unauthenticated, and NotPermitted for a ticket where none is taken.
    """
    if ticket := query_of(scope).get(PARAMETER):
        shown = caller_of_ticket(ticket[0], now=now)
        if not takes_tickets:
            raise NotPermitted("A ticket gives no access to this.")
        return shown
    headers = {name.decode("latin-1").title(): value.decode("latin-1") for name, value in scope["headers"]}
    token = token_in({**headers, "X-API-Key": headers.get("X-Api-Key", "")})
    if token is not None:
        caller = caller_of_token(token, now=now)
        return caller, identity_of(caller)
    # A browser may send several headers of cookies (HTTP/2 splits them).
    cookies = [value.decode("latin-1") for name, value in scope["headers"] if name == b"cookie"]
    session_key = parse_cookie("; ".join(cookies)).get(settings.SESSION_COOKIE_NAME)
    caller = _caller_of_session(session_key)
    return caller, identity_of(caller, session_key)


def query_of(scope: Mapping[str, Any]) -> dict[str, list[str]]:
    """The parameters of an ASGI connection's address."""
    return parse_qs(scope["query_string"].decode("latin-1"), keep_blank_values=True)


def _caller_of_session(session_key: str | None) -> Caller:
    if session_key is None:
        raise Unauthenticated("Authentication credentials were not provided.")
    store = import_module(settings.SESSION_ENGINE).SessionStore(session_key)
    principal = get_user(SimpleNamespace(session=store))  # type: ignore[arg-type]
    if not isinstance(principal, Principal) or not principal.is_active:
        raise Unauthenticated("This session has ended.")
    return Caller(principal)
