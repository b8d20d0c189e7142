"""Deciding about tool calls from a chat, by the ids that stand in its stream."""

import json
import uuid
from typing import Any, ClassVar

from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from objectives.access.lineage import lineage_of_made
from objectives.chat.bodies import Decision, Output
from objectives.chat.representations import show_call
from objectives.chat.schemas import CallAnswer, CallContentBody, DenyCallBody
from objectives.chat.talking import call_named, decide, supply
from objectives.lifecycles.calls import standing
from objectives.models import ToolCall
from spaces.api.operations import operation
from spaces.api.permissions import Needs
from spaces.api.request_bodies import read_body
from spaces.api.viewsets import SpaceViewSet
from spaces.errors import IllegalMove
from spaces.ticket_scopes import May, TicketSubject


class ChatCallViewSet(SpaceViewSet):
    """`…/tool-calls/{toolcall_…}/approve`, `/deny`, `/content`."""

    permission_classes = (Needs.by_action(write="objectives:manage"),)
    may_by_ticket: ClassVar = {"approve": May.DECIDE, "deny": May.DECIDE, "content": May.DECIDE}

    def lineage(self) -> list[TicketSubject]:
        return lineage_of_made(self.space_id, self.kwargs["call_id"])

    @operation("approveCall", "Approve a tool call", tag="chat", answer=CallAnswer, errors=[409])
    def approve(self, request: Request, space_id: uuid.UUID, call_id: str) -> Response:
        """Lets a call run that waits for approval. The first decision counts: the same one again changes
        nothing, another one is refused (409).
        """
        return _show(decide(self.access, Decision(call_id, True, ""), now=timezone.now()))

    @operation("denyCall", "Deny a tool call", tag="chat", body=DenyCallBody, answer=CallAnswer, errors=[409])
    def deny(self, request: Request, space_id: uuid.UUID, call_id: str) -> Response:
        """Refuses a call that waits for approval; the model is told so with the memo, and goes on."""
        memo = read_body(DenyCallBody, request.data or {}).memo
        return _show(decide(self.access, Decision(call_id, False, memo), now=timezone.now()))

    @operation(
        "supplyContent",
        "Give a tool call its content",
        tag="chat",
        body=CallContentBody,
        answer=CallAnswer,
        errors=[409],
    )
    def content(self, request: Request, space_id: uuid.UUID, call_id: str) -> Response:
        """Gives a call that waits for content its result; the turn goes on. Once only (409)."""
        text = text_of(read_body(CallContentBody, request.data).content)
        call = supply(self.access, Output(call_id, text), now=timezone.now())
        if call is None:
            raise IllegalMove("tool call", standing(call_named(self.access, call_id)), "given content")
        return _show(call)


def text_of(content: Any) -> str:
    """A content as the model reads it."""
    if isinstance(content, str):
        return content
    if isinstance(content, list) and all(isinstance(one, dict) and "text" in one for one in content):
        return "\n".join(str(one["text"]) for one in content)
    return json.dumps(content, ensure_ascii=False)


def _show(call: ToolCall) -> Response:
    return Response({"data": show_call(call)})
