"""Who works on objectives: `/workspaces/{workspaceId}/agents`."""

from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from objectives.access.permissions import MANAGE_AGENTS, READ_AGENTS
from objectives.actions.agents import create_agent, delete_agent, move_agent, update_agent
from objectives.actions.finding import known_agent
from objectives.api.describing import page_of
from objectives.api.examples import AGENT, AGENT_PATCH, NEW_AGENT, page
from objectives.api.field_masks import Patch, changes
from objectives.api.filters import AlwaysInfoFilter, EnumFilter, Named
from objectives.api.pagination import NewestFirst
from objectives.api.viewsets import WorkspaceViewSet
from objectives.lifecycles.agents import AgentVerb
from objectives.models import Agent, AgentState, VariationChoice
from objectives.representations.agents import show_agents
from objectives.schemas.agents import AgentSchema, AgentSpec, NewAgent
from objectives.schemas.status import Empty
from spaces.api.operations import operation
from spaces.api.permissions import Needs

TAG = "agents"
STATES = {f"STATE_{state.upper()}": state for state in AgentState.values}
MODES = {f"VARIATION_SELECTION_MODE_{mode.upper()}": mode for mode in VariationChoice.values}


class AgentFilter(Named, AlwaysInfoFilter):
    state = EnumFilter(
        "state__in",
        STATES,
        help_text="Only agents in one of these states; all but archived ones unless told.",
        default=lambda rows: rows.exclude(state=AgentState.ARCHIVED),
    )
    variation_selection_mode = EnumFilter(
        "variation_choice__in", MODES, help_text="Only agents that choose their variations so."
    )


class AgentPatch(Patch):
    """What changes of an agent."""

    spec: AgentSpec | None = None
    """What changes of what it is for."""


class AgentViewSet(WorkspaceViewSet):
    """The agents of a workspace."""

    permission_classes = (Needs.by_action(READ_AGENTS, MANAGE_AGENTS),)

    @operation(
        "listAgents",
        "List agents",
        tag=TAG,
        answer=page_of(AgentSchema),
        filterset_class=AgentFilter,
        pagination_class=NewestFirst,
        examples={"answer": page(AGENT)},
    )
    def list(self, request: Request, workspace_id: str) -> Response:
        """The agents of a workspace. Archived ones are left out unless `state` asks for them."""
        return self.answer_page(
            Agent.objects.filter(space_id=self.space_id),
            of_list=f"{workspace_id}/agents",
            show=lambda rows: show_agents(rows, tenant_id=self.tenant_id),
        )

    @operation(
        "createAgent",
        "Make an agent",
        tag=TAG,
        body=NewAgent,
        answer=AgentSchema,
        errors=[409, 501],
        examples={"body": NEW_AGENT, "answer": AGENT},
    )
    def create(self, request: Request, workspace_id: str) -> Response:
        """Makes a draft, with its first variation where one is given: both are made, or neither.

        A draft starts nothing: publish it once it has a variation. An external id that another agent has is a
        409.
        """
        new = self.body(NewAgent)
        return self._answer(create_agent(access=self.access, new=new, now=timezone.now()))

    @operation(
        "getAgent",
        "Read an agent",
        tag=TAG,
        answer=AgentSchema,
        examples={"answer": AGENT},
    )
    def retrieve(self, request: Request, workspace_id: str, agent_id: str) -> Response:
        """One agent in any state, an archived one too, with its counts."""
        return self._answer(known_agent(self.access, agent_id))

    @operation(
        "updateAgent",
        "Change an agent",
        tag=TAG,
        body=AgentPatch,
        answer=AgentSchema,
        errors=[409, 501],
        examples={"body": AGENT_PATCH, "answer": AGENT},
    )
    def update(self, request: Request, workspace_id: str, agent_id: str) -> Response:
        """Changes the fields that `updateMask` names, or those that the body brings, in any state of the
        agent.

        Objectives that were started keep the agent as it was then.
        """
        given = changes(self.body(AgentPatch), spec=AgentSpec)
        now = timezone.now()
        return self._answer(update_agent(access=self.access, address=agent_id, changes=given, now=now))

    @operation(
        "deleteAgent",
        "Delete an agent without objectives",
        tag=TAG,
        answer=Empty,
    )
    def destroy(self, request: Request, workspace_id: str, agent_id: str) -> Response:
        """Removes an agent and its variations; other agents can no longer call it.

        One that has worked on an objective is refused (code 9), since the record names it for good: archive
        it.
        """
        delete_agent(access=self.access, address=agent_id)
        return self.answer(Empty())

    @operation(
        "publishAgent",
        "Publish an agent",
        tag=TAG,
        answer=AgentSchema,
        examples={"answer": AGENT},
    )
    def publish(self, request: Request, workspace_id: str, agent_id: str) -> Response:
        """Lets a draft start objectives. An agent without variations, and one that is no draft, is refused
        (code 9).
        """
        return self._move(agent_id, AgentVerb.PUBLISH)

    @operation(
        "unpublishAgent",
        "Unpublish an agent",
        tag=TAG,
        answer=AgentSchema,
    )
    def unpublish(self, request: Request, workspace_id: str, agent_id: str) -> Response:
        """Makes a published agent a draft again: it starts nothing new, and what it works on goes on.

        An agent that is not published is refused (code 9).
        """
        return self._move(agent_id, AgentVerb.UNPUBLISH)

    @operation(
        "archiveAgent",
        "Hide an agent",
        tag=TAG,
        answer=AgentSchema,
    )
    def archive(self, request: Request, workspace_id: str, agent_id: str) -> Response:
        """Hides a draft or a published agent: it starts nothing, and lists leave it out. What it works on
        goes on.

        An archived agent is refused (code 9).
        """
        return self._move(agent_id, AgentVerb.ARCHIVE)

    @operation(
        "unarchiveAgent",
        "Unarchive an agent",
        tag=TAG,
        answer=AgentSchema,
    )
    def unarchive(self, request: Request, workspace_id: str, agent_id: str) -> Response:
        """Brings an archived agent back as a draft, which has to be published again. Any other is refused
        (code 9).
        """
        return self._move(agent_id, AgentVerb.UNARCHIVE)

    def _move(self, address: str, verb: AgentVerb) -> Response:
        agent = move_agent(access=self.access, address=address, verb=verb, now=timezone.now())
        return self._answer(agent)

    def _answer(self, agent: Agent) -> Response:
        return self.answer(show_agents([agent], tenant_id=self.tenant_id)[0])
