"""The ways in which an agent works: `/workspaces/{workspaceId}/agents/{agentId}/variations`."""

from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from objectives.access.permissions import MANAGE_AGENTS, READ_AGENTS
from objectives.actions.assigning import add_assignment, remove_assignment
from objectives.actions.finding import known_agent
from objectives.actions.variations import create_variation, delete_variation, update_variation
from objectives.addressing import find
from objectives.api.describing import NAMES, NOT_BUILT, PAGING, operation, page_of
from objectives.api.lists import answer_page
from objectives.api.masks import Patch, changes
from objectives.api.viewsets import WorkspaceViewSet
from objectives.models import AgentVariation as VariationRow
from objectives.portraits.agents import show_variations
from objectives.shapes.assignments import VariationAssignment
from objectives.shapes.status import Empty
from objectives.shapes.variations import AgentVariation, MemoryLayerAssignment, NewVariation, VariationSpec
from objectives.spelling import Prefix
from spaces.errors import Unimplemented

TAG = "agent_variations"
OF_AGENT = "workspace_id agent_id"
OF_ONE = f"{OF_AGENT} variation_id"
FILTERS = {**PAGING, "includeInfo": NAMES["includeInfo"]}


class VariationPatch(Patch):
    """What changes of a variation."""

    spec: VariationSpec | None = None
    """What changes of how it works."""


class VariationViewSet(WorkspaceViewSet):
    """The variations of an agent, and what each may call."""

    reads, writes = READ_AGENTS, MANAGE_AGENTS

    @operation(
        "listAgentVariations",
        "List the variations of an agent",
        tag=TAG,
        answer=page_of(AgentVariation),
        query=FILTERS,
        paths=OF_AGENT,
    )
    def list(self, request: Request, workspace_id: str, agent_id: str) -> Response:
        agent = known_agent(self.access, agent_id)
        return answer_page(
            VariationRow.objects.filter(agent=agent),
            request,
            of_list=f"{workspace_id}/agents/{agent.id}/variations",
            show=lambda rows: show_variations(rows, tenant_id=self.tenant_id),
        )

    @operation(
        "createAgentVariation",
        "Make a variation",
        tag=TAG,
        answer=AgentVariation,
        body=NewVariation,
        paths=OF_AGENT,
    )
    def create(self, request: Request, workspace_id: str, agent_id: str) -> Response:
        new, now = self.body(NewVariation), timezone.now()
        return self._answer(create_variation(access=self.access, agent_address=agent_id, new=new, now=now))

    @operation("getAgentVariation", "Read a variation", tag=TAG, answer=AgentVariation, paths=OF_ONE)
    def retrieve(self, request: Request, workspace_id: str, agent_id: str, variation_id: str) -> Response:
        rows = VariationRow.objects.filter(agent=known_agent(self.access, agent_id))
        return self._answer(find(rows, Prefix.VARIATION, variation_id))

    @operation(
        "updateAgentVariation",
        "Change a variation",
        tag=TAG,
        answer=AgentVariation,
        body=VariationPatch,
        paths=OF_ONE,
    )
    def update(self, request: Request, workspace_id: str, agent_id: str, variation_id: str) -> Response:
        variation = update_variation(
            access=self.access,
            agent_address=agent_id,
            address=variation_id,
            changes=changes(self.body(VariationPatch), spec=VariationSpec),
            now=timezone.now(),
        )
        return self._answer(variation)

    @operation("deleteAgentVariation", "Delete a variation", tag=TAG, answer=Empty, paths=OF_ONE)
    def destroy(self, request: Request, workspace_id: str, agent_id: str, variation_id: str) -> Response:
        delete_variation(access=self.access, agent_address=agent_id, address=variation_id)
        return self.answer(Empty())

    @operation(
        "addAgentVariationAssignment",
        "Let a variation call one thing more",
        tag=TAG,
        answer=AgentVariation,
        body=VariationAssignment,
        paths=OF_ONE,
    )
    def add_assignment(
        self, request: Request, workspace_id: str, agent_id: str, variation_id: str
    ) -> Response:
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
        "Let a variation no longer call a thing",
        tag=TAG,
        answer=AgentVariation,
        body=VariationAssignment,
        paths=OF_ONE,
    )
    def remove_assignment(
        self, request: Request, workspace_id: str, agent_id: str, variation_id: str
    ) -> Response:
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
        answer=AgentVariation,
        body=MemoryLayerAssignment,
        paths=OF_ONE,
    )
    def add_memory_layer(self, request: Request, **_: str) -> Response:
        raise Unimplemented("memoryLayerId is not built.")

    @operation(
        "removeAgentVariationMemoryLayer",
        "Take a memory layer from a variation: not built",
        tag=NOT_BUILT,
        answer=AgentVariation,
        body=MemoryLayerAssignment,
        paths=OF_ONE,
    )
    def remove_memory_layer(self, request: Request, **_: str) -> Response:
        raise Unimplemented("memoryLayerId is not built.")

    @operation(
        "updateAgentVariationMemoryLayer",
        "Move a memory layer of a variation: not built",
        tag=NOT_BUILT,
        answer=AgentVariation,
        body=MemoryLayerAssignment,
        paths=OF_ONE,
    )
    def update_memory_layer(self, request: Request, **_: str) -> Response:
        raise Unimplemented("memoryLayerId is not built.")

    def _answer(self, variation: VariationRow) -> Response:
        return self.answer(show_variations([variation], tenant_id=self.tenant_id)[0])
