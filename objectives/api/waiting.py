"""The queue of everything that waits for people in a workspace."""

from rest_framework.request import Request
from rest_framework.response import Response

from objectives.addressing import find
from objectives.api.describing import PAGING, operation, page_of
from objectives.api.lists import answer_page, choices
from objectives.api.objectives import OfObjectives
from objectives.models import Agent, Approval, Execution
from objectives.portraits.reading import IDENTITY, LISTED_CALL
from objectives.portraits.waiting import waiting_calls
from objectives.shapes.toolcalls import ToolCall
from objectives.spelling import Prefix
from spaces.errors import Invalid, NotFound

STATUSES = {f"TOOL_CALL_STATUS_{value.upper()}": str(value) for value in Approval}
EXECUTION_STATUSES = {f"TOOL_CALL_EXECUTION_STATUS_{value.upper()}": str(value) for value in Execution}
_READ = [*LISTED_CALL, *(f"objective__{name}" for name in IDENTITY)]
_FILTERS = {
    "status": "Only calls with this status: `TOOL_CALL_STATUS_WAITING_FOR_APPROVAL` for what is to be "
    "decided.",
    "executionStatus": "Only calls with this execution status: "
    "`TOOL_CALL_EXECUTION_STATUS_WAITING_FOR_CONTENT` for what is to be answered.",
    "agentId": "Only calls of this agent's objectives, `agent_…` or `external_id:…`.",
}


class WaitingViewSet(OfObjectives):
    """`/waiting`: Callboard's own, beside what the official clients know."""

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
        if address := request.query_params.get("agentId"):
            rows = rows.filter(caller=self._agent(address))
        return answer_page(
            rows,
            request,
            of_list=f"waiting {self.space_id}",
            show=lambda page: self.reader.calls(page, with_info=True),
            newest_first=False,
        )

    def _agent(self, address: str) -> Agent:
        """Raises Invalid for an agent that the workspace has not."""
        try:
            return find(Agent.objects.filter(space_id=self.space_id), Prefix.AGENT, address)
        except NotFound:
            raise Invalid.field(
                "query", "agentId", msg="There is no such agent.", value=address[:200]
            ) from None
