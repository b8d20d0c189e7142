"""Tickets, with which a browser comes in."""

from typing import Any

from django.utils import timezone
from rest_framework.parsers import FormParser, MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from spaces.access import Caller
from spaces.api import docs
from spaces.api.parsing import StrictJsonParser
from spaces.api.ticket_bodies import TicketBody, read_ticket_body
from spaces.api.times import wire_time
from spaces.api.viewsets import ApiViewSet, caller_of
from spaces.scopes import May
from spaces.targets import find_target
from spaces.tickets import SECONDS, Errand, issue_ticket


class TicketViewSet(ApiViewSet):
    """`POST /v1/tickets`."""

    # An empty form is no body. One with fields is refused like any other that says what nobody understands:
    # passed over, it would bring a ticket for everything.
    parser_classes = (StrictJsonParser, MultiPartParser, FormParser)

    @docs.ticket
    def create(self, request: Request) -> Response:
        caller = caller_of(request)
        body = read_ticket_body(request.data)
        ticket, expires_at = issue_ticket(
            caller=caller,
            session_key=request.session.session_key,
            now=timezone.now(),
            errand=_errand(caller, body),
        )
        shown: dict[str, Any] = {"ticket": ticket, "expires_at": wire_time(expires_at)}
        return Response({"data": shown}, status=201)


def _errand(caller: Caller, body: TicketBody) -> Errand | None:
    """None for a ticket that stands for its caller; raises Malformed and NotFound."""
    if body.for_ is None:
        return None
    space_id, target = find_target(caller, body.for_.named())
    may = frozenset(body.may or [May.READ])
    return Errand(space_id, target, may, SECONDS if body.seconds is None else body.seconds)
