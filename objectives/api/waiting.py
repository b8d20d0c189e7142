"""The queue of everything that waits for people in a workspace."""

from typing import ClassVar

from rest_framework.request import Request
from rest_framework.response import Response

from objectives.api.describing import page_of
from objectives.api.examples import TOOL_CALL, page as page_example
from objectives.api.filters import AddressFilter, AlwaysInfoFilter, EnumFilter
from objectives.api.pagination import OldestFirst
from objectives.api.viewsets import ObjectiveViewMixin
from objectives.ids import Prefix
from objectives.models import Agent, ApprovalStatus, ExecutionStatus
from objectives.representations.calls import show_calls
from objectives.representations.selectors import LISTED_CALL, with_objectives
from objectives.representations.waiting import waiting_calls
from objectives.schemas.toolcalls import ToolCallSchema
from spaces.api.operations import operation
from spaces.ticket_scopes import May

STATUSES = {f"TOOL_CALL_STATUS_{value.upper()}": str(value) for value in ApprovalStatus}
EXECUTION_STATUSES = {f"TOOL_CALL_EXECUTION_STATUS_{value.upper()}": str(value) for value in ExecutionStatus}


class WaitingFilter(AlwaysInfoFilter):
    status = EnumFilter(
        "approval__in",
        STATUSES,
        help_text="Only calls with this status: `TOOL_CALL_STATUS_WAITING_FOR_APPROVAL` for what is to be "
        "decided.",
    )
    execution_status = EnumFilter(
        "execution__in",
        EXECUTION_STATUSES,
        help_text="Only calls with this execution status: `TOOL_CALL_EXECUTION_STATUS_WAITING_FOR_CONTENT` "
        "for what is to be answered.",
    )
    agent_id = AddressFilter(
        "caller",
        Agent,
        Prefix.AGENT,
        help_text="Only calls of this agent's objectives",
        otherwise="Agent not found.",
    )


class WaitingViewSet(ObjectiveViewMixin):
    """`/waiting`: Callboard's own, beside what the official clients know."""

    may_by_ticket: ClassVar = {"list": May.READ}

    @operation(
        "listWaitingToolCalls",
        "List the tool calls that wait for a decision or for content, oldest first",
        tag="objectives",
        answer=page_of(ToolCallSchema),
        filterset_class=WaitingFilter,
        pagination_class=OldestFirst,
        examples={"answer": page_example(TOOL_CALL)},
    )
    def list(self, request: Request, workspace_id: str) -> Response:
        """Everything in the workspace that waits for people, over all runs: calls to be approved or denied,
        and bare tools' calls to be answered. Oldest first, each with its `info`.
        """
        return self.answer_page(
            waiting_calls(self.space_id).only(*LISTED_CALL),
            of_list=f"waiting {self.space_id}",
            show=lambda page: show_calls(with_objectives(page), reader=self.reader, with_info=True),
        )
