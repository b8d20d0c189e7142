"""Tickets, with which a browser comes in."""

from typing import Any

from django.utils import timezone
from rest_framework.parsers import FormParser, MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from spaces.access import Caller
from spaces.api.json_parsing import StrictJsonParser
from spaces.api.operations import operation
from spaces.api.ticket_bodies import TicketAnswer, TicketBody, read_ticket_body
from spaces.api.times import wire_time
from spaces.api.viewsets import ApiViewSet, caller_of
from spaces.ticket_scopes import May
from spaces.ticket_targets import find_target
from spaces.tickets import SECONDS, Errand, issue_ticket

_DESCRIPTION = (
    "A ticket stands for its maker where a key cannot go: in the address of a websocket, an "
    "`EventSource`, a picture or a `fetch` in somebody's browser. It is sent as `?ticket=…`, the one way "
    "that all four have.\n\n"
    "**Without `for`** it is everything that its maker is, once, within 60 s, on `/v1/ws` only. Keep "
    "such a ticket to your own pages.\n\n"
    "**With `for`** it opens one thing and what lies in it, in both APIs, on the socket, on event "
    "streams and on the bytes of artifacts alike, and nothing else: a chat server can hand it to an end "
    "user's browser. It may be shown as often as needed until its `seconds` are over, since browsers "
    "come back by themselves and load several pictures. It never lets do more than its maker may at that "
    "moment, and it ends with its maker's key, session or membership; what it has opened closes within 5 "
    "s of its end.\n\n"
    "| `for` | opens, to `read` | to `decide` | to `cancel` |\n"
    "|---|---|---|---|\n"
    "| `tool_call_id` | the lookup, the execution that the call dispatches, the executions which that "
    "one calls, their events, artifacts and archives; of an objective's call (`toolcall_…`) the call "
    "itself and the objective of a sub-agent that it starts | that call | those executions |\n"
    "| `execution_id` | the execution and those that it calls, in the same way | | those executions |\n"
    "| `objective_id` | the objective, its events, windows and tool calls, and the objectives and "
    "executions that it starts | its tool calls | the objective and what it started |\n"
    "| `thread_id` alone | a thread of the chat: the same as its objective, and its messages and streams; to "
    "`say` something there | its tool calls | the same |\n"
    "| `space_id` | the feed, the lists and `/waiting`, and all executions and objectives | every tool "
    "call | all of them |\n\n"
    "To decide is `:approve`, `:deny` and `:setContent` of the workspace API; to cancel is `/cancel` of "
    "an execution and `:cancel` of an objective. Whoever may read an objective reads all of it, its "
    "system prompt included. A tool call need not exist yet: then its space must be known, from "
    "`space_id` beside it or because the caller reaches only one. Ids are taken in either API's "
    "spelling. A ticket makes no tickets."
)


class TicketViewSet(ApiViewSet):
    """`POST /v1/tickets`."""

    # An empty form is no body. One with fields is refused like any other that says what nobody understands:
    # passed over, it would bring a ticket for everything.
    parser_classes = (StrictJsonParser, MultiPartParser, FormParser)

    @operation(
        "createTicket",
        "Get a ticket for a browser",
        tag="live",
        description=_DESCRIPTION,
        body=TicketBody,
        answers={201: (TicketAnswer, "The ticket.")},
        errors=[400, 415],
        examples={
            "body": {"for": {"tool_call_id": "call_7"}, "may": ["read", "cancel"], "seconds": 3600},
            "answer": {"data": {"ticket": "cbt_Vq3…", "expires_at": "2026-11-22T13:15:00Z"}},
        },
    )
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
