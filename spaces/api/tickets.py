"""Tickets, with which a browser opens a websocket."""

from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from spaces.api import docs
from spaces.api.times import wire_time
from spaces.api.viewsets import ApiViewSet, caller_of
from spaces.tickets import issue_ticket


class TicketViewSet(ApiViewSet):
    """`POST /v1/tickets`."""

    @docs.ticket
    def create(self, request: Request) -> Response:
        ticket, expires_at = issue_ticket(
            caller=caller_of(request), session_key=request.session.session_key, now=timezone.now()
        )
        return Response({"data": {"ticket": ticket, "expires_at": wire_time(expires_at)}}, status=201)
