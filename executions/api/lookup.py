"""Finding the execution that a chat's tool call dispatched, while it still runs."""

import uuid
from collections.abc import Sequence
from typing import ClassVar

from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request
from rest_framework.response import Response

from executions.api.docs.examples import RUNNING, SUCCEEDED
from executions.api.representations import answer_detail
from executions.api.schemas import ExecutionAnswer
from executions.api.selectors import find_by_tool_call
from executions.api.usage import USAGE
from executions.catalog.validation import is_storable_text
from executions.lineage import lineage_of_call, lineage_of_execution
from executions.runs.live.held_lookup import NOT_YET
from spaces.api.operations import operation
from spaces.api.permissions import Needs
from spaces.api.viewsets import SpaceViewSet, caller_of
from spaces.chat_ids import MAX_CHAT_ID
from spaces.errors import NotFound
from spaces.ticket_scopes import May, TicketSubject


class LookupViewSet(SpaceViewSet):
    """`GET …/skills/executions/by-chat-tool-call/{tool_call_id}`."""

    permission_classes = (Needs.by_action("executions:read"),)
    may_by_ticket: ClassVar = {"retrieve": May.READ}

    def lineage(self) -> Sequence[TicketSubject]:
        """The lineage of the execution, or of the tool call as long as there is none."""
        space_id, tool_call_id = self.space_id, self.kwargs["tool_call_id"]
        thread_id = self._thread_id(tool_call_id)
        found = find_by_tool_call(space_id, tool_call_id, thread_id)
        return (
            lineage_of_call(space_id, tool_call_id, thread_id)
            if found is None
            else lineage_of_execution(found.id)
        )

    def _thread_id(self, tool_call_id: str) -> str | None:
        """The thread that the request names, else that of its ticket; None for any.

        Raises NotFound for ids that no dispatch can have carried: a path promises nothing.
        """
        thread_id, scope = self.request.query_params.get("thread_id"), caller_of(self.request).scope
        if scope is not None:
            thread_id = scope.thread_of(tool_call_id, thread_id)
        named = tool_call_id if thread_id is None else tool_call_id + thread_id
        longest = max(len(tool_call_id), len(thread_id or ""))
        if thread_id == "" or longest > MAX_CHAT_ID or not is_storable_text(named):
            raise NotFound
        return thread_id

    @operation(
        "getExecutionByChatToolCall",
        "Find the execution of a chat's tool call",
        tag="executions",
        answers={200: (ExecutionAnswer, "The execution as it stands now.")},
        parameters=[
            OpenApiParameter(
                "thread_id",
                str,
                description="Only executions of this chat thread: models repeat ids across threads.",
            ),
            USAGE,
            OpenApiParameter(
                "Prefer",
                str,
                OpenApiParameter.HEADER,
                description="`wait=N`: wait up to N seconds (RFC 7240).",
            ),
            OpenApiParameter(
                "Preference-Applied",
                str,
                OpenApiParameter.HEADER,
                response=[200, 404],
                description="`wait=N` where the request was held, or could have been.",
            ),
        ],
        examples={"answer": {"data": {**SUCCEEDED, **RUNNING}}},
    )
    def retrieve(self, request: Request, space_id: uuid.UUID, tool_call_id: str) -> Response:
        """The newest execution that this tool call dispatched, from the moment of its dispatch on, long
        before it has finished; executions that a retry replaced are left out.

        The id may reach a browser before the call is dispatched: then this is a 404 that turns into a 200.
        With `Prefer: wait=N` the request is held until the execution exists, at most N (up to 30) seconds,
        and the answer carries `Preference-Applied`; without it the answer is immediate.
        """
        thread_id = self._thread_id(tool_call_id)
        found = find_by_tool_call(self.access.space_id, tool_call_id, thread_id)
        if found is None:
            return Response({"detail": "Not found."}, status=404, headers={NOT_YET: _waiter(request)})
        return answer_detail(found, request)


def _waiter(request: Request) -> str:
    """By what, and who: the same caller however they write their credentials down."""
    caller = caller_of(request)
    return f"{'key' if caller.scope is None else 'ticket'} {caller.counted_as}"
