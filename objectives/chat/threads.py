"""Threads and their messages, over REST."""

import uuid
from typing import ClassVar

from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from executions.runs.models import RunEvent
from objectives.access.lineage import lineage_of_objective
from objectives.actions.continuation import Said
from objectives.actions.queued_actions import remove_action
from objectives.actions.threads import first_message, start_thread, stop_thread, update_thread
from objectives.chat.bodies import TurnAsk, refuse_unbuilt
from objectives.chat.lists import MESSAGE_QUERY, ThreadFilter, page_of
from objectives.chat.representations import (
    queued_messages,
    show_messages,
    show_queued,
    show_thread,
    show_threads,
    show_ui_messages,
    threads_with_state,
)
from objectives.chat.schemas import (
    FirstMessageAnswer,
    MessageAnswer,
    MessageList,
    NewMessageBody,
    NewThreadBody,
    QueuedAnswer,
    ThreadAnswer,
    ThreadChanges,
    ThreadList,
)
from objectives.chat.talking import MOVING, new_thread, say, the_thread
from objectives.chat.transcript import Message, messages_of
from objectives.ids import Json, Prefix, read
from objectives.models import QueuedAction, Thread
from spaces.api.idempotency import idempotency_header, read_idempotency_key
from spaces.api.operations import operation
from spaces.api.pagination import KeysetPagination
from spaces.api.permissions import Needs
from spaces.api.request_bodies import read_body
from spaces.api.times import wire_time
from spaces.api.viewsets import SpaceViewSet, base_url
from spaces.errors import Invalid, NotFound
from spaces.ids import parse_uuid
from spaces.ticket_scopes import May, TicketKind, TicketSubject

_KEY = idempotency_header("The same key with the same body says it once.")


class ThreadViewSet(SpaceViewSet):
    """`…/threads`."""

    http_method_names = ["get", "head", "post", "patch", "delete"]
    permission_classes = (Needs.by_action("objectives:read", "objectives:manage"),)
    may_by_ticket: ClassVar = {
        "list": May.READ,
        "retrieve": May.READ,
        "messages": May.READ,
        "begin": May.SAY,
        "add": May.SAY,
        "take_back": May.SAY,
        "stop": May.SAY,
    }

    def lineage(self) -> list[TicketSubject]:
        named = self.kwargs.get("thread_id", "")
        known = parse_uuid(named) or read(Prefix.OBJECTIVE, named)
        if known is None:
            return [TicketSubject(TicketKind.SPACE, str(self.space_id))]
        return lineage_of_objective(known)

    @operation(
        "listThreads",
        "List the threads of a space, newest first",
        tag="chat",
        answer=ThreadList,
        filterset_class=ThreadFilter,
        pagination_class=KeysetPagination,
    )
    def list(self, request: Request, space_id: uuid.UUID) -> Response:
        """Every thread of the space, whoever began it.

        Those that are put away are listed with `archived=true`.
        """
        rows = threads_with_state(space_id)
        if "archived" not in request.query_params:
            rows = rows.filter(thread__archived_at=None)
        page = self.page_of(rows, of_list=f"threads {space_id}")
        return self.get_paginated_response(show_threads(page))

    @operation(
        "createThread",
        "Begin a thread",
        tag="chat",
        body=NewThreadBody,
        answers={201: (FirstMessageAnswer, "The first message.")},
        errors=[409, 501],
        parameters=[_KEY],
    )
    def begin(self, request: Request, space_id: uuid.UUID) -> Response:
        """Begins a thread with its first message, which is answered at once."""
        body, now = read_body(NewThreadBody, request.data), timezone.now()
        refuse_unbuilt(body, "model")
        ask = TurnAsk(
            thread="",
            text=body.content,
            files=tuple(body.uploaded_files or ()),
            agent=body.agent_id or "",
            project_id=body.project_id or "",
            title=body.title or "",
            metadata=body.metadata,
        )
        thread = start_thread(
            access=self.access,
            new=new_thread(self.access, ask, now=now),
            idempotency_key=read_idempotency_key(request),
            now=now,
        )
        message = first_message(thread)
        shown = {
            "id": str(message.id),
            "thread_id": str(thread.pk),
            "content": message.content,
            "role": "user",
            "created_at": wire_time(message.created_at),
        }
        return Response({"data": shown}, status=201)

    @operation("getThread", "Get a thread", tag="chat", answer=ThreadAnswer)
    def retrieve(self, request: Request, space_id: uuid.UUID, thread_id: str) -> Response:
        """Its name, where it stands, and what it has cost."""
        return self._show(self._thread(thread_id))

    @operation("updateThread", "Name or file a thread", tag="chat", body=ThreadChanges, answer=ThreadAnswer)
    def update(self, request: Request, space_id: uuid.UUID, thread_id: str) -> Response:
        """Changes what the body holds and leaves the rest."""
        thread, body = self._thread(thread_id), read_body(ThreadChanges, request.data)
        changes = body.model_dump(include=body.model_fields_set)
        for name in ("title", "project_id"):
            if name in changes:
                changes[name] = changes[name] or ""
        update_thread(access=self.access, thread_id=thread.pk, changes=changes, now=timezone.now())
        return self._show(thread)

    @operation("archiveThread", "Put a thread away", tag="chat", answer=ThreadAnswer)
    def archive(self, request: Request, space_id: uuid.UUID, thread_id: str) -> Response:
        """It is listed no more unless asked for, and can still be read and gone on with. Idempotent."""
        thread = self._thread(thread_id)
        update_thread(access=self.access, thread_id=thread.pk, changes={"archived": True}, now=timezone.now())
        return self._show(thread)

    @operation("stopTurn", "Stop the turn of a thread", tag="chat", answer=ThreadAnswer)
    def stop(self, request: Request, space_id: uuid.UUID, thread_id: str) -> Response:
        """Stops the turn for everybody. What was said stays, as a partial message; calls that wait are given
        up; the next message goes on. At rest nothing happens.
        """
        thread = self._thread(thread_id)
        stop_thread(access=self.access, thread_id=thread.pk, now=timezone.now())
        return self._show(thread)

    @operation(
        "listMessages",
        "List the messages of a thread, oldest first",
        tag="chat",
        answer=MessageList,
        parameters=MESSAGE_QUERY,
    )
    def messages(self, request: Request, space_id: uuid.UUID, thread_id: str) -> Response:
        """What was said. With `format=ui` the AI SDK's messages, and in `meta` the thread, what is queued,
        and `seq`, the number of the log from which a stream goes on.

        While a turn runs its answer is left out of `format=ui`: follow the stream, which brings it whole.
        """
        query = request.query_params
        thread = self._thread(thread_id)
        found = messages_of(thread, base_url=base_url(request))
        if query.get("format") is None:
            page, meta = page_of(found, request)
            shown = show_messages(page, thread=thread, tenant_id=self.access.tenant_id)
            return Response({"data": shown, "meta": meta})
        if query["format"] != "ui":
            raise Invalid.field("query", "format", msg="Must be ui.", value=query["format"][:200])
        if thread.objective.state in MOVING and found and found[-1].role == "assistant":
            found.pop()
        page, meta = page_of(found, request)
        return Response({"data": show_ui_messages(page), "meta": {**meta, **self._about(thread)}})

    @operation(
        "addMessage",
        "Say something in a thread",
        tag="chat",
        body=NewMessageBody,
        answers={
            201: (MessageAnswer, "It is heard."),
            202: (QueuedAnswer, "A turn runs: it is heard afterwards."),
        },
        errors=[409, 501],
        parameters=[_KEY],
    )
    def add(self, request: Request, space_id: uuid.UUID, thread_id: str) -> Response:
        """Says something, which is answered at once, or after the turn that runs."""
        body = read_body(NewMessageBody, request.data)
        refuse_unbuilt(body, "branch_id", "parent_message_id")
        thread = self._thread(thread_id)
        said = say(
            self.access,
            thread,
            body.content,
            tuple(body.uploaded_files or ()),
            key=read_idempotency_key(request),
            now=timezone.now(),
        )
        return self._said(thread, said)

    @operation(
        "takeBackMessage",
        "Take a queued message back",
        tag="chat",
        answers={204: (None, "Done.")},
        errors=[409],
    )
    def take_back(self, request: Request, space_id: uuid.UUID, thread_id: str, queued_id: str) -> Response:
        """It is never heard. One that has been heard already is refused (409)."""
        thread, known = self._thread(thread_id), parse_uuid(queued_id)
        if known is None:
            raise NotFound
        remove_action(access=self.access, objective_id=thread.pk, action_id=known, now=timezone.now())
        return Response(status=204)

    def _thread(self, named: str) -> Thread:
        return the_thread(self.access, named)

    def _show(self, thread: Thread) -> Response:
        return Response({"data": show_thread(threads_with_state(self.space_id).get(pk=thread.pk))})

    def _said(self, thread: Thread, said: Said) -> Response:
        if isinstance(said, QueuedAction):
            return Response({"data": show_queued(said)}, status=202)
        message = _message_of(thread, said)
        (shown,) = show_messages([message], thread=thread, tenant_id=self.access.tenant_id)
        return Response({"data": shown}, status=201)

    def _about(self, thread: Thread) -> Json:
        shown = show_thread(threads_with_state(self.space_id).get(pk=thread.pk))
        return {
            "thread": shown,
            "queued": [show_queued(action) for action in queued_messages([thread.pk])],
            "seq": shown["seq"],
        }


def _message_of(thread: Thread, event: RunEvent) -> Message:
    return Message(
        id=event.data["message_id"],
        role="user",
        thread_id=thread.pk,
        number=event.seq,
        at=event.at,
        parts=[{"type": "text", "text": event.data["content"]}],
        author_id=event.data.get("caused_by"),
    )
