"""Tool calls: the seed page, and deciding and answering them."""

import base64
import io
import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar, Literal

from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from objectives.actions.approvals import approve_call, deny_call
from objectives.actions.supplied_results import supply_content
from objectives.api.describing import page_of
from objectives.api.examples import CONTENT, DENY, TOOL_CALL, TOOL_CALL_WITH_RESULT
from objectives.api.filters import InfoFilter, StateFilter, wants_info
from objectives.api.pagination import NewestFirst
from objectives.api.viewsets import ObjectiveViewMixin
from objectives.ids import Prefix, read
from objectives.models import ApprovalStatus, ExecutionStatus, Objective, ToolCall
from objectives.representations.calls import show_call_with_result, show_calls
from objectives.representations.selectors import LISTED_CALL, find_call
from objectives.schemas.toolcalls import (
    ContentBlock,
    ContentBody,
    DenyBody,
    MediaContent,
    ToolCallSchema,
    ToolCallWithResult,
)
from objectives.tool_results.blocks import keep_media
from objectives.tool_results.outcome import Media, Text, media_type
from spaces.api.operations import operation
from spaces.errors import Invalid, NotFound
from spaces.ticket_scopes import May

_COMMON = str.maketrans("-_", "+/")  # the alphabet of addresses, written as the common one
STATUS, EXECUTION_STATUS = "TOOL_CALL_STATUS_", "TOOL_CALL_EXECUTION_STATUS_"


class CallFilter(InfoFilter):
    status = StateFilter(
        "approval", ApprovalStatus.values, STATUS, thing="status", help_text="Only calls with this status."
    )
    execution_status = StateFilter(
        "execution",
        ExecutionStatus.values,
        EXECUTION_STATUS,
        thing="status",
        help_text="Only calls with this execution status.",
    )


class ToolCallViewSet(ObjectiveViewMixin):
    """`/objectives/{objectiveId}/tool_calls`."""

    may_by_ticket: ClassVar = {
        **dict.fromkeys(("list", "retrieve"), May.READ),
        **dict.fromkeys(("approve", "deny", "set_content"), May.DECIDE),
    }

    @operation(
        "listToolCalls",
        "List the tool calls of an objective",
        tag="objectives",
        answer=page_of(ToolCallSchema),
        filterset_class=CallFilter,
        pagination_class=NewestFirst,
    )
    def list(self, request: Request, workspace_id: str, objective_id: str) -> Response:
        """What the run's model has asked for, newest first, each with where it stands. Results are read with
        each call by itself.
        """
        objective = self.owner(objective_id)
        rows = ToolCall.objects.filter(objective=objective).only(*LISTED_CALL)
        with_info = wants_info(request)
        return self.answer_page(
            rows,
            of_list=f"tool calls {objective_id}",
            show=lambda page: show_calls(_of(objective, page), reader=self.reader, with_info=with_info),
        )

    @operation(
        "getToolCall",
        "Show a tool call with its result",
        tag="objectives",
        answer=ToolCallWithResult,
        examples={"answer": TOOL_CALL_WITH_RESULT},
    )
    def retrieve(self, request: Request, workspace_id: str, objective_id: str, tool_call_id: str) -> Response:
        """One tool call with its arguments, who decided about it, and its result once there is one.

        Pictures and sounds in the result have links of their own, which are good for 15 minutes.
        """
        owner_id = read(Prefix.OBJECTIVE, objective_id) or self.owner(objective_id).id
        found = find_call(self.space_id, owner_id, _id(tool_call_id))
        if found is None:
            raise NotFound
        return self.answer(show_call_with_result(found, reader=self.reader, now=timezone.now()))

    @operation(
        "approveToolCall",
        "Approve a tool call",
        tag="objectives",
        answer=ToolCallSchema,
        examples={"answer": TOOL_CALL},
    )
    def approve(self, request: Request, workspace_id: str, objective_id: str, tool_call_id: str) -> Response:
        """Lets a tool call run that waits for approval. A bare tool's call waits for its content from this
        moment on.

        The first decision counts: a call that was decided already, or needs none, is refused (code 9) and
        stays as it is.
        """
        objective = self.owner(objective_id)
        call = approve_call(
            access=self.access, objective_id=objective.id, call_id=_id(tool_call_id), now=timezone.now()
        )
        return self._show(call)

    @operation(
        "denyToolCall",
        "Deny a tool call",
        tag="objectives",
        body=DenyBody,
        answer=ToolCallSchema,
        examples={"body": DENY, "answer": TOOL_CALL},
    )
    def deny(self, request: Request, workspace_id: str, objective_id: str, tool_call_id: str) -> Response:
        """Refuses a tool call that waits for approval: it never runs, the model is told so with the memo, and
        goes on.

        The first decision counts: a call that was decided already, or needs none, is refused (code 9) and
        stays as it is.
        """
        objective, memo = self.owner(objective_id), self.body(DenyBody).memo
        call = deny_call(
            access=self.access,
            objective_id=objective.id,
            call_id=_id(tool_call_id),
            memo=memo,
            now=timezone.now(),
        )
        return self._show(call)

    @operation(
        "setToolCallContent",
        "Supply the content of a bare tool's call",
        tag="objectives",
        body=ContentBody,
        answer=ToolCallSchema,
        examples={"body": CONTENT},
    )
    def set_content(
        self, request: Request, workspace_id: str, objective_id: str, tool_call_id: str
    ) -> Response:
        """Supplies the result of a bare tool's call that waits for it: text, pictures or sounds, the bytes in
        base64. Its run goes on.

        Content is given once: a call that waits for none is refused (code 9).
        """
        objective, call_id, now = self.owner(objective_id), _id(tool_call_id), timezone.now()
        body = self.body(ContentBody)
        drafts = [_draft(block, place, now) for place, block in enumerate(body.content)]
        call = supply_content(
            access=self.access, objective_id=objective.id, call_id=call_id, drafts=drafts, now=now
        )
        return self._show(call)

    def _show(self, call: ToolCall) -> Response:
        return self.answer(show_calls([call], reader=self.reader, with_info=True)[0])


def _of(objective: Objective, calls: Sequence[ToolCall]) -> Sequence[ToolCall]:
    """The calls with their one objective at hand."""
    for call in calls:
        call.objective = objective
    return calls


def _id(text: str) -> uuid.UUID:
    """Raises NotFound for what is no canonical id: tool calls have no other address."""
    call_id = read(Prefix.TOOL_CALL, text)
    if call_id is None:
        raise NotFound
    return call_id


def _draft(block: ContentBlock, place: int, now: datetime) -> Text | Media:
    """A block as it will be kept, the bytes of media stored; raises Invalid naming what is wrong with it."""
    given = {
        kind: value
        for kind, value in (("text", block.text), ("image", block.image), ("audio", block.audio))
        if value is not None
    }
    if len(given) != 1 or (block.type is not None and block.type not in given):
        message = "A block holds exactly one of text, image and audio, and its type says which."
        raise Invalid.field("body", "content", place, msg=message)
    if block.text is not None:
        return Text(block.text.text)
    if block.image is not None:
        return _media("image", block.image, place, now)
    assert block.audio is not None  # noqa: S101 - one of the three is there
    return _media("audio", block.audio, place, now)


def _media(kind: Literal["image", "audio"], content: MediaContent, place: int, now: datetime) -> Media:
    where = ("body", "content", place, kind)
    mime_type = media_type(content.mime_type)
    if not mime_type.startswith(f"{kind}/"):
        raise Invalid.field(*where, "mimeType", msg=f"Unknown type of {kind}.", value=content.mime_type)
    try:
        raw = _bytes_of(content.data)
    except ValueError:
        raise Invalid.field(*where, "data", msg="Invalid base64.") from None
    if not raw:
        raise Invalid.field(*where, "data", msg="The file is empty.")
    return keep_media(io.BytesIO(raw), mime_type, now=now)


def _bytes_of(text: str) -> bytes:
    """What base64 says, the common kind or the one of addresses, padded or not, as proto3's JSON allows.

    Raises ValueError.
    """
    common = text.translate(_COMMON).rstrip("=")
    return base64.b64decode(common + "=" * (-len(common) % 4), validate=True)
