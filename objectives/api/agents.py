"""Who works on objectives: `/workspaces/{workspaceId}/agents`."""

from django.db.models import QuerySet
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from objectives.access.permissions import MANAGE_AGENTS, READ_AGENTS
from objectives.actions.agents import create_agent, delete_agent, move_agent, update_agent
from objectives.actions.finding import known_agent
from objectives.api.describing import NAMES, PAGING, operation, page_of
from objectives.api.lists import answer_page, by_name, choices
from objectives.api.masks import Patch, changes
from objectives.api.viewsets import WorkspaceViewSet
from objectives.lifecycles.agents import Verb
from objectives.models import Agent as AgentRow, AgentState, VariationChoice
from objectives.portraits.agents import show_agents
from objectives.shapes.agents import Agent, AgentSpec, NewAgent
from objectives.shapes.status import Empty

TAG = "agents"
OF_ONE = "workspace_id agent_id"
FILTERS = {
    **PAGING,
    **NAMES,
    "state": "`STATE_DRAFT`, `STATE_PUBLISHED` or `STATE_ARCHIVED`; all but archived ones unless told.",
    "variationSelectionMode": "`VARIATION_SELECTION_MODE_RANDOM` or `VARIATION_SELECTION_MODE_WEIGHTED`.",
}
STATES = {f"STATE_{state.upper()}": state for state in AgentState.values}
MODES = {f"VARIATION_SELECTION_MODE_{mode.upper()}": mode for mode in VariationChoice.values}


class AgentPatch(Patch):
    """What changes of an agent."""

    spec: AgentSpec | None = None
    """What changes of what it is for."""


class AgentViewSet(WorkspaceViewSet):
    """The agents of a workspace."""

    reads, writes = READ_AGENTS, MANAGE_AGENTS

    @operation(
        "listAgents", "List agents", tag=TAG, answer=page_of(Agent), query=FILTERS, paths="workspace_id"
    )
    def list(self, request: Request, workspace_id: str) -> Response:
        return answer_page(
            self._filtered(request),
            request,
            of_list=f"{workspace_id}/agents",
            show=lambda rows: show_agents(rows, tenant_id=self.tenant_id),
        )

    @operation("createAgent", "Make an agent", tag=TAG, answer=Agent, body=NewAgent, paths="workspace_id")
    def create(self, request: Request, workspace_id: str) -> Response:
        new = self.body(NewAgent)
        return self._answer(create_agent(access=self.access, new=new, now=timezone.now()))

    @operation("getAgent", "Read an agent", tag=TAG, answer=Agent, paths=OF_ONE)
    def retrieve(self, request: Request, workspace_id: str, agent_id: str) -> Response:
        return self._answer(known_agent(self.access, agent_id))

    @operation("updateAgent", "Change an agent", tag=TAG, answer=Agent, body=AgentPatch, paths=OF_ONE)
    def update(self, request: Request, workspace_id: str, agent_id: str) -> Response:
        given = changes(self.body(AgentPatch), spec=AgentSpec)
        now = timezone.now()
        return self._answer(update_agent(access=self.access, address=agent_id, changes=given, now=now))

    @operation("deleteAgent", "Delete an agent without objectives", tag=TAG, answer=Empty, paths=OF_ONE)
    def destroy(self, request: Request, workspace_id: str, agent_id: str) -> Response:
        delete_agent(access=self.access, address=agent_id)
        return self.answer(Empty())

    @operation("publishAgent", "Let a draft start objectives", tag=TAG, answer=Agent, paths=OF_ONE)
    def publish(self, request: Request, workspace_id: str, agent_id: str) -> Response:
        return self._move(agent_id, Verb.PUBLISH)

    @operation("unpublishAgent", "Make a published agent a draft", tag=TAG, answer=Agent, paths=OF_ONE)
    def unpublish(self, request: Request, workspace_id: str, agent_id: str) -> Response:
        return self._move(agent_id, Verb.UNPUBLISH)

    @operation("archiveAgent", "Hide an agent", tag=TAG, answer=Agent, paths=OF_ONE)
    def archive(self, request: Request, workspace_id: str, agent_id: str) -> Response:
        return self._move(agent_id, Verb.ARCHIVE)

    @operation("unarchiveAgent", "Make an archived agent a draft", tag=TAG, answer=Agent, paths=OF_ONE)
    def unarchive(self, request: Request, workspace_id: str, agent_id: str) -> Response:
        return self._move(agent_id, Verb.UNARCHIVE)

    def _move(self, address: str, verb: Verb) -> Response:
        agent = move_agent(access=self.access, address=address, verb=verb, now=timezone.now())
        return self._answer(agent)

    def _answer(self, agent: AgentRow) -> Response:
        return self.answer(show_agents([agent], tenant_id=self.tenant_id)[0])

    def _filtered(self, request: Request) -> QuerySet[AgentRow]:
        rows = by_name(AgentRow.objects.filter(space_id=self.space_id), request)
        states = choices(request, "state", STATES)
        rows = rows.filter(state__in=states) if states else rows.exclude(state=AgentState.ARCHIVED)
        modes = choices(request, "variationSelectionMode", MODES)
        return rows.filter(variation_choice__in=modes) if modes else rows
