"""The ways in which an agent works: `/workspaces/{workspaceId}/agents/{agentId}/variations`."""

from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from objectives.access.permissions import MANAGE_AGENTS, READ_AGENTS
from objectives.actions.assignments import add_assignment, remove_assignment
from objectives.actions.finding import known_agent
from objectives.actions.variations import create_variation, delete_variation, update_variation
from objectives.api.describing import NOT_BUILT, page_of
from objectives.api.examples import NEW_VARIATION
from objectives.api.field_masks import Patch, changes
from objectives.api.filters import AlwaysInfoFilter
from objectives.api.pagination import NewestFirst
from objectives.api.viewsets import WorkspaceViewSet
from objectives.ids import Prefix
from objectives.models import AgentVariation
from objectives.representations.agents import show_variations
from objectives.schemas.assignments import VariationAssignment
from objectives.schemas.status import Empty
from objectives.schemas.variations import (
    AgentVariationSchema,
    MemoryLayerAssignment,
    NewVariation,
    VariationSpec,
)
from objectives.selectors import find
from spaces.api.operations import operation
from spaces.api.permissions import Needs
from spaces.errors import Unimplemented

TAG = "agent_variations"


class VariationPatch(Patch):
    """What changes of a variation."""

    spec: VariationSpec | None = None
    """What changes of how it works."""


class VariationViewSet(WorkspaceViewSet):
    """The variations of an agent, and what each may call."""

    permission_classes = (Needs.by_action(READ_AGENTS, MANAGE_AGENTS),)

    @operation(
        "listAgentVariations",
        "List the variations of an agent",
        tag=TAG,
        answer=page_of(AgentVariationSchema),
        filterset_class=AlwaysInfoFilter,
        pagination_class=NewestFirst,
    )
    def list(self, request: Request, workspace_id: str, agent_id: str) -> Response:
        """The variations of one agent: its prompts, models and what each may call."""
        agent = known_agent(self.access, agent_id)
        return self.answer_page(
            AgentVariation.objects.filter(agent=agent),
            of_list=f"{workspace_id}/agents/{agent.id}/variations",
            show=lambda rows: show_variations(rows, tenant_id=self.tenant_id),
        )

    @operation(
        "createAgentVariation",
        "Create a variation",
        tag=TAG,
        body=NewVariation,
        answer=AgentVariationSchema,
        errors=[409, 501],
        examples={"body": NEW_VARIATION},
    )
    def create(self, request: Request, workspace_id: str, agent_id: str) -> Response:
        """Makes a variation of an agent in any state, with what it may call.

        Templates are checked as Liquid, and everything assigned must be there in the workspace. A thing that
        is archived or left out cannot be assigned (code 9).
        """
        new, now = self.body(NewVariation), timezone.now()
        return self._answer(create_variation(access=self.access, agent_address=agent_id, new=new, now=now))

    @operation(
        "getAgentVariation",
        "Read a variation",
        tag=TAG,
        answer=AgentVariationSchema,
    )
    def retrieve(self, request: Request, workspace_id: str, agent_id: str, variation_id: str) -> Response:
        """One variation with its prompts, its model, its constraints and what it may call."""
        rows = AgentVariation.objects.filter(agent=known_agent(self.access, agent_id))
        return self._answer(find(rows, Prefix.VARIATION, variation_id))

    @operation(
        "updateAgentVariation",
        "Change a variation",
        tag=TAG,
        body=VariationPatch,
        answer=AgentVariationSchema,
        errors=[409, 501],
    )
    def update(self, request: Request, workspace_id: str, agent_id: str, variation_id: str) -> Response:
        """Changes the fields that `updateMask` names, or those that the body brings; what it may call is
        replaced as a whole.

        Objectives that were started keep the variation as it was then. If one field is wrong, nothing is
        changed.
        """
        variation = update_variation(
            access=self.access,
            agent_address=agent_id,
            address=variation_id,
            changes=changes(self.body(VariationPatch), spec=VariationSpec),
            now=timezone.now(),
        )
        return self._answer(variation)

    @operation(
        "deleteAgentVariation",
        "Delete a variation",
        tag=TAG,
        answer=Empty,
    )
    def destroy(self, request: Request, workspace_id: str, agent_id: str, variation_id: str) -> Response:
        """Removes a variation; objectives keep their snapshot of it.

        The last variation of a published agent is refused (code 9): unpublish the agent first.
        """
        delete_variation(access=self.access, agent_address=agent_id, address=variation_id)
        return self.answer(Empty())

    @operation(
        "addAgentVariationAssignment",
        "Assign a tool, tool set or sub-agent to a variation",
        tag=TAG,
        body=VariationAssignment,
        answer=AgentVariationSchema,
        errors=[409, 501],
    )
    def add_assignment(
        self, request: Request, workspace_id: str, agent_id: str, variation_id: str
    ) -> Response:
        """Lets a variation call one tool, one tool set or one agent more, behind what it may call already.

        What is assigned already is a 409; what is archived or left out is refused (code 9).
        """
        added = add_assignment(
            access=self.access,
            agent_address=agent_id,
            address=variation_id,
            assignment=self.body(VariationAssignment),
            now=timezone.now(),
        )
        return self._answer(added.variation)

    @operation(
        "removeAgentVariationAssignment",
        "Remove an assignment from a variation",
        tag=TAG,
        body=VariationAssignment,
        answer=AgentVariationSchema,
        errors=[501],
    )
    def remove_assignment(
        self, request: Request, workspace_id: str, agent_id: str, variation_id: str
    ) -> Response:
        """Lets a variation no longer call a tool, a tool set or an agent. One that is not assigned is a 404.

        Objectives that run keep what they were started with.
        """
        variation = remove_assignment(
            access=self.access,
            agent_address=agent_id,
            address=variation_id,
            assignment=self.body(VariationAssignment),
            now=timezone.now(),
        )
        return self._answer(variation)

    @operation(
        "addAgentVariationMemoryLayer",
        "Give a variation a memory layer: not built",
        tag=NOT_BUILT,
        body=MemoryLayerAssignment,
        errors=[501],
    )
    def add_memory_layer(self, request: Request, **_: str) -> Response:
        """Memory is not built: it answers 501 with code 12 and keeps nothing."""
        raise Unimplemented("memoryLayerId is not built.")

    @operation(
        "removeAgentVariationMemoryLayer",
        "Take a memory layer from a variation: not built",
        tag=NOT_BUILT,
        body=MemoryLayerAssignment,
        errors=[501],
    )
    def remove_memory_layer(self, request: Request, **_: str) -> Response:
        """Memory is not built: it answers 501 with code 12 and changes nothing."""
        raise Unimplemented("memoryLayerId is not built.")

    @operation(
        "updateAgentVariationMemoryLayer",
        "Move a memory layer of a variation: not built",
        tag=NOT_BUILT,
        body=MemoryLayerAssignment,
        errors=[501],
    )
    def update_memory_layer(self, request: Request, **_: str) -> Response:
        """Memory is not built: it answers 501 with code 12 and changes nothing."""
        raise Unimplemented("memoryLayerId is not built.")

    def _answer(self, variation: AgentVariation) -> Response:
        return self.answer(show_variations([variation], tenant_id=self.tenant_id)[0])
