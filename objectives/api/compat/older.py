"""What only older clients ask for, and at which addresses; not described, since nothing new should use it."""

from django.urls import URLPattern
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from objectives.access.accounts import AccountAccess, WorkspaceKeyAccess
from objectives.access.permissions import MANAGE_AGENTS
from objectives.actions.api_keys import change_api_key
from objectives.actions.assignments import add_assignment, remove_assignment_of_id
from objectives.api.api_keys import TAG, ApiKeyViewMixin
from objectives.api.describing import page_of
from objectives.api.field_masks import Patch, changes
from objectives.api.filters import NamedFilter
from objectives.api.objectives import ObjectiveViewSet
from objectives.api.pagination import NewestFirst
from objectives.api.toolcalls import ToolCallViewSet
from objectives.api.variations import VariationViewSet
from objectives.api.viewsets import WorkspaceViewSet
from objectives.ids import Prefix, spell
from objectives.schemas.apikeys import (
    ApiKeyChanges,
    ApiKeySchema,
    NewApiKey,
    NewWorkspaceKey,
    WorkspaceAssignment,
    WorkspaceKeyChanges,
)
from objectives.schemas.assignments import VariationAssignment, as_before
from objectives.schemas.status import Empty
from objectives.selectors import find
from spaces.api.operations import operation
from spaces.api.permissions import Needs
from spaces.api.routes import resource, route, verbs
from spaces.errors import NotFound


class WorkspaceKeyPatch(Patch):
    """What changes of an API key of one workspace."""

    spec: WorkspaceKeyChanges | None = None
    """What it may do."""


class WorkspaceKeyViewSet(WorkspaceViewSet, ApiKeyViewMixin):
    """`/workspaces/{workspaceId}/api_keys`: the keys that are assigned to the workspace.

    To those clients a key belongs to exactly one workspace. Keys that reach all workspaces are none of them.
    As everything below a workspace this also needs a role in it that permits it.
    """

    @operation(
        "listWorkspaceApiKeys",
        "List the API keys of one workspace",
        tag=TAG,
        answer=page_of(ApiKeySchema),
        filterset_class=NamedFilter,
        pagination_class=NewestFirst,
    )
    def list(self, request: Request, workspace_id: str) -> Response:
        return self.answer_keys(self.rows(), of_list=f"{self.space_id}/api_keys")

    def create(self, request: Request, workspace_id: str) -> Response:
        given = self.body(NewWorkspaceKey)
        spec = ApiKeyChanges(
            description=given.spec.description,
            permissions=given.spec.permissions,
            workspace_assignments=[WorkspaceAssignment(workspace_id=spell(Prefix.WORKSPACE, self.space_id))],
        )
        return self.answer_new(NewApiKey(metadata=given.metadata, spec=spec))

    def retrieve(self, request: Request, workspace_id: str, key_id: str) -> Response:
        return self.answer_key(find(self.rows(), Prefix.API_KEY, key_id))

    def update(self, request: Request, workspace_id: str, key_id: str) -> Response:
        given = changes(self.body(WorkspaceKeyPatch), spec=WorkspaceKeyChanges)
        return self.answer_key(change_api_key(access=self.key_access, address=key_id, changes=given))

    def destroy(self, request: Request, workspace_id: str, key_id: str) -> Response:
        return self.answer_ended(key_id)

    def enable(self, request: Request, workspace_id: str, key_id: str) -> Response:
        return self.answer_switched(key_id, is_enabled=True)

    def disable(self, request: Request, workspace_id: str, key_id: str) -> Response:
        return self.answer_switched(key_id, is_enabled=False)

    def rotate(self, request: Request, workspace_id: str, key_id: str) -> Response:
        return self.answer_renewed(key_id)

    @property
    def key_access(self) -> AccountAccess:
        return WorkspaceKeyAccess(self.caller, self.tenant_id, self.access)


class GlobalKeyViewSet(ApiKeyViewMixin):
    """`/account/global_api_key`: the key that the account was founded with.

    To those clients it is the one key that reaches all workspaces: the server makes it, nobody deletes it.
    """

    def retrieve(self, request: Request) -> Response:
        return self.answer_key(find(self.rows(), Prefix.API_KEY, self._address))

    def enable(self, request: Request) -> Response:
        return self.answer_switched(self._address, is_enabled=True)

    def disable(self, request: Request) -> Response:
        return self.answer_switched(self._address, is_enabled=False)

    def rotate(self, request: Request) -> Response:
        return self.answer_renewed(self._address)

    @property
    def _address(self) -> str:
        """Raises NotFound, also for callers who may not see that key."""
        founding = self.key_access.keys().filter(is_default=True).order_by("created_at", "id")
        key_id = founding.values_list("id", flat=True).first()
        if key_id is None:
            raise NotFound("The account's first key was revoked, or is not visible to you.")
        return spell(Prefix.API_KEY, key_id)


class AssignmentViewSet(WorkspaceViewSet):
    """`/variations/{variationId}/assignments`: one thing that a variation may call, by an id of its own."""

    permission_classes = (Needs.by_action(write=MANAGE_AGENTS),)

    def create(self, request: Request, workspace_id: str, agent_id: str, variation_id: str) -> Response:
        added = add_assignment(
            access=self.access,
            agent_address=agent_id,
            address=variation_id,
            assignment=self.body(VariationAssignment),
            now=timezone.now(),
        )
        return Response(as_before(added))

    def destroy(
        self, request: Request, workspace_id: str, agent_id: str, variation_id: str, *, assignment_id: str
    ) -> Response:
        remove_assignment_of_id(
            access=self.access,
            agent_address=agent_id,
            address=variation_id,
            assignment_id=assignment_id,
            now=timezone.now(),
        )
        return self.answer(Empty())


_OBJECTIVE = "workspaces/<ref:workspace_id>/objectives/<ref:objective_id>"
_CALL = f"{_OBJECTIVE}/tool_calls/<ref:tool_call_id>"
_VARIATION = "workspaces/<ref:workspace_id>/agents/<ref:agent_id>/variations/<ref:variation_id>"
_LAYERS = f"{_VARIATION}/memory_layer_assignments"
_KEYS = "workspaces/<ref:workspace_id>/api_keys"
_GLOBAL_KEY = "account/global_api_key"
_VERBS = ("enable", "disable", "rotate")

urlpatterns: list[URLPattern] = [
    # Before June 2026.
    route(f"{_CALL}/approve", ToolCallViewSet, post="approve", put="approve"),
    route(f"{_CALL}/deny", ToolCallViewSet, post="deny", put="deny"),
    *verbs(_OBJECTIVE, ObjectiveViewSet, "cancel", "continue", "compact", mark="/"),
    # Before 1.2.
    route(f"{_VARIATION}/assignments", AssignmentViewSet, post="create"),
    route(f"{_VARIATION}/assignments/<ref:assignment_id>", AssignmentViewSet, delete="destroy"),
    route(_LAYERS, VariationViewSet, post="add_memory_layer"),
    route(
        f"{_LAYERS}/<ref:thing_id>",
        VariationViewSet,
        patch="update_memory_layer",
        delete="remove_memory_layer",
    ),
    # Before 1.8.
    *resource(_KEYS, "ref:key_id", WorkspaceKeyViewSet, does=_VERBS),
    *verbs(_GLOBAL_KEY, GlobalKeyViewSet, *_VERBS),
    route(_GLOBAL_KEY, GlobalKeyViewSet, get="retrieve"),
]
