"""The queue of everything that waits for people in a workspace."""

from typing import ClassVar

from rest_framework.request import Request
from rest_framework.response import Response

from objectives.api.describing import PAGING, operation, page_of
from objectives.api.lists import answer_page, choices, named_by
from objectives.api.objectives import OfObjectives
from objectives.models import Agent, Approval, Execution
from objectives.portraits.calls import show_calls
from objectives.portraits.reading import IDENTITY, LISTED_CALL
from objectives.portraits.waiting import waiting_calls
from objectives.shapes.toolcalls import ToolCall
from objectives.spelling import Prefix
from spaces.scopes import May

STATUSES = {f"TOOL_CALL_STATUS_{value.upper()}": str(value) for value in Approval}
EXECUTION_STATUSES = {f"TOOL_CALL_EXECUTION_STATUS_{value.upper()}": str(value) for value in Execution}
_READ = [*LISTED_CALL, *(f"objective__{name}" for name in IDENTITY)]
_FILTERS = {
    "status": "Only calls with this status: `TOOL_CALL_STATUS_WAITING_FOR_APPROVAL` for what is to be "
    "decided.",
    "executionStatus": "Only calls with this execution status: "
    "`TOOL_CALL_EXECUTION_STATUS_WAITING_FOR_CONTENT` for what is to be answered.",
    "includeInfo": "Changes nothing: each call always comes with `info`.",
    "agentId": "Only calls of this agent's objectives, `agent_…` or `external_id:…`.",
}


class WaitingViewSet(OfObjectives):
    """`/waiting`: Callboard's own, beside what the official clients know."""

    may_by_ticket: ClassVar = {"list": May.READ}

    @operation(
        "listWaitingToolCalls",
        "List the tool calls that wait for a decision or for content, oldest first",
        tag="objectives",
        answer=page_of(ToolCall),
        query={**PAGING, **_FILTERS},
        paths="workspace_id",
    )
    def list(self, request: Request, workspace_id: str) -> Response:
        rows = waiting_calls(self.space_id).only(*_READ)
        if statuses := choices(request, "status", STATUSES):
            rows = rows.filter(approval__in=statuses)
        if statuses := choices(request, "executionStatus", EXECUTION_STATUSES):
            rows = rows.filter(execution__in=statuses)
        agents = Agent.objects.filter(space_id=self.space_id)
        if agent := named_by(agents, Prefix.AGENT, request, "agentId", otherwise="There is no such agent."):
            rows = rows.filter(caller=agent)
        return answer_page(
            rows,
            request,
            of_list=f"waiting {self.space_id}",
            show=lambda page: show_calls(page, reader=self.reader, with_info=True),
            newest_first=False,
        )
