"""The workspaces that a caller reaches: `/workspaces`."""

from collections import Counter
from collections.abc import Sequence

from django.db.models import Count
from rest_framework.request import Request
from rest_framework.response import Response

from objectives.access.accounts import AccountAccess
from objectives.api.describing import page_of
from objectives.api.filters import InfoFilter, wants_info
from objectives.api.pagination import NewestFirst
from objectives.api.viewsets import AccountViewSet
from objectives.ids import Prefix, spell
from objectives.models import Agent, AgentState, AgentVariation, Tool, ToolSetState, ToolState
from objectives.schemas.workspaces import Workspace, WorkspaceInfo
from spaces.api.operations import operation
from spaces.models import Space


class WorkspaceListViewSet(AccountViewSet):
    """`GET /v1/workspaces`; archived ones are not reached, so they are not listed."""

    @operation(
        "listWorkspaces",
        "List the workspaces that the key reaches",
        tag="workspaces",
        answer=page_of(Workspace),
        filterset_class=InfoFilter,
        pagination_class=NewestFirst,
    )
    def list(self, request: Request) -> Response:
        """The workspaces in which the key's owner works and which the key reaches. Archived ones are left
        out.
        """
        with_info = wants_info(request)
        access = AccountAccess(self.caller, self.tenant_id)
        return self.answer_page(
            Space.objects.filter(pk__in=access.roles),
            of_list=f"{self.tenant_id}/workspaces",
            show=lambda rows: self._show(rows, with_info=with_info),
        )

    def _show(self, rows: Sequence[Space], *, with_info: bool) -> Sequence[Workspace]:
        me = spell(Prefix.PROFILE, self.caller.principal.id)
        infos = _infos(rows) if with_info else [None] * len(rows)
        return [Workspace.of(row, info, profile_id=me) for row, info in zip(rows, infos, strict=True)]


def _infos(rows: Sequence[Space]) -> list[WorkspaceInfo]:
    """What each space holds, in three queries for all."""
    tools = Tool.objects.filter(state=ToolState.AVAILABLE, tool_set__state=ToolSetState.ACTIVE)
    agents = Agent.objects.exclude(state=AgentState.ARCHIVED)
    variations = AgentVariation.objects.exclude(agent__state=AgentState.ARCHIVED)
    counts = [
        Counter(dict(found.filter(space__in=rows).order_by().values_list("space_id").annotate(Count("id"))))
        for found in (tools, agents, variations)
    ]
    return [
        WorkspaceInfo(
            total_available_tools=counts[0][row.id],
            total_memory_entries=0,
            total_agents=counts[1][row.id],
            total_agent_variations=counts[2][row.id],
        )
        for row in rows
    ]
