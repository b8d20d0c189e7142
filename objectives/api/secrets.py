"""Secrets of a workspace, and of a tool set."""

from collections.abc import Sequence

from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from objectives.access.permissions import MANAGE_SECRETS
from objectives.actions import secrets as actions
from objectives.api.describing import page_of
from objectives.api.examples import NEW_SECRET
from objectives.api.field_masks import Patch, changes
from objectives.api.filters import NamedFilter, wants_info
from objectives.api.pagination import NewestFirst
from objectives.api.viewsets import WorkspaceViewSet
from objectives.ids import Prefix
from objectives.models import Secret, ToolSet
from objectives.schemas.secrets import NewSecret, SecretChanges, SecretSchema
from objectives.schemas.status import Empty
from objectives.selectors import find
from spaces.api.operations import operation
from spaces.api.permissions import Needs

TAG = "secrets"


class SecretPatch(Patch):
    """What changes of a secret."""

    spec: SecretChanges | None = None
    """Its new value."""


class _SecretViewSet(WorkspaceViewSet):
    """What both kinds have in common; `tool_set` None stands for the workspace itself."""

    permission_classes = (Needs.by_action(MANAGE_SECRETS, MANAGE_SECRETS),)

    def answer_list(self, request: Request, tool_set: str | None = None) -> Response:
        owner = self.owner(tool_set)
        rows = actions.secrets_in(self.access, owner).select_related("created_by")
        with_info = wants_info(request)

        def show(page: Sequence[Secret]) -> Sequence[SecretSchema]:
            return [SecretSchema.of(row, tenant_id=self.tenant_id, with_info=with_info) for row in page]

        of_list = f"{owner.id if owner else self.space_id}/secrets"
        return self.answer_page(rows, of_list=of_list, show=show)

    def answer_new(self, tool_set: str | None = None) -> Response:
        wanted = self.body(NewSecret)
        row = actions.create_secret(access=self.access, tool_set=tool_set, wanted=wanted, now=timezone.now())
        return self.shown(row)

    def answer_one(self, secret: str, tool_set: str | None = None) -> Response:
        owner = self.owner(tool_set)
        rows = actions.secrets_in(self.access, owner)
        return self.shown(find(rows, actions.secret_prefix(owner), secret))

    def answer_changed(self, secret: str, tool_set: str | None = None) -> Response:
        changed = changes(self.body(SecretPatch), spec=SecretChanges)
        row = actions.update_secret(
            access=self.access, tool_set=tool_set, secret=secret, changes=changed, now=timezone.now()
        )
        return self.shown(row)

    def answer_removed(self, secret: str, tool_set: str | None = None) -> Response:
        actions.delete_secret(access=self.access, tool_set=tool_set, secret=secret)
        return self.answer(Empty())

    def owner(self, address: str | None) -> ToolSet | None:
        if address is None:
            return None
        return find(ToolSet.objects.filter(space_id=self.space_id), Prefix.TOOL_SET, address)

    def shown(self, row: Secret) -> Response:
        return self.answer(SecretSchema.of(row, tenant_id=self.tenant_id, with_info=True))


class WorkspaceSecretViewSet(_SecretViewSet):
    """`/v1/workspaces/{workspaceId}/workspace_secrets`."""

    @operation(
        "listWorkspaceSecrets",
        "List the secrets of a workspace, without their values",
        tag=TAG,
        answer=page_of(SecretSchema),
        filterset_class=NamedFilter,
        pagination_class=NewestFirst,
    )
    def list(self, request: Request, workspace_id: str) -> Response:
        """The names of the secrets that all tools of the workspace may use. Their values never come out."""
        return self.answer_list(request)

    @operation(
        "createWorkspaceSecret",
        "Create a secret of a workspace",
        tag=TAG,
        body=NewSecret,
        answer=SecretSchema,
        errors=[409],
        examples={"body": NEW_SECRET},
    )
    def create(self, request: Request, workspace_id: str) -> Response:
        """Keeps a value, sealed, which templates of tools name as `secrets.NAME`. It never comes out again.

        A name that the workspace has already is a 409.
        """
        return self.answer_new()

    @operation(
        "getWorkspaceSecret",
        "Read a secret without its value",
        tag=TAG,
        answer=SecretSchema,
    )
    def retrieve(self, request: Request, workspace_id: str, secret_id: str) -> Response:
        """When the secret was made, by whom, and when it was used last. Its value never comes out."""
        return self.answer_one(secret_id)

    @operation(
        "updateWorkspaceSecret",
        "Change a secret or its value",
        tag=TAG,
        body=SecretPatch,
        answer=SecretSchema,
        errors=[409],
    )
    def update(self, request: Request, workspace_id: str, secret_id: str) -> Response:
        """Changes its name or labels, or replaces its value, which counts from the next call on. A value
        cannot be cleared: delete the secret.
        """
        return self.answer_changed(secret_id)

    @operation(
        "deleteWorkspaceSecret",
        "Remove a secret",
        tag=TAG,
        answer=Empty,
    )
    def destroy(self, request: Request, workspace_id: str, secret_id: str) -> Response:
        """Forgets the value. Tool calls whose templates name it fail from now on."""
        return self.answer_removed(secret_id)


class ToolSetSecretViewSet(_SecretViewSet):
    """`/v1/workspaces/{workspaceId}/tool_sets/{toolSetId}/secrets`."""

    @operation(
        "listToolSetSecrets",
        "List the secrets of a tool set, without their values",
        tag=TAG,
        answer=page_of(SecretSchema),
        filterset_class=NamedFilter,
        pagination_class=NewestFirst,
    )
    def list(self, request: Request, workspace_id: str, tool_set_id: str) -> Response:
        """The names of the secrets that only the tools of this set may use. Their values never come out."""
        return self.answer_list(request, tool_set_id)

    @operation(
        "createToolSetSecret",
        "Create a secret of a tool set",
        tag=TAG,
        body=NewSecret,
        answer=SecretSchema,
        errors=[409],
        examples={"body": NEW_SECRET},
    )
    def create(self, request: Request, workspace_id: str, tool_set_id: str) -> Response:
        """Keeps a value, sealed, which templates of this set's tools name as `secrets.NAME`. It counts before
        a secret of the workspace with the same name, and never comes out again.
        """
        return self.answer_new(tool_set_id)

    @operation(
        "getToolSetSecret",
        "Read a secret without its value",
        tag=TAG,
        answer=SecretSchema,
    )
    def retrieve(self, request: Request, workspace_id: str, tool_set_id: str, secret_id: str) -> Response:
        """When the secret was made, by whom, and when it was used last. Its value never comes out."""
        return self.answer_one(secret_id, tool_set_id)

    @operation(
        "updateToolSetSecret",
        "Change a secret or its value",
        tag=TAG,
        body=SecretPatch,
        answer=SecretSchema,
        errors=[409],
    )
    def update(self, request: Request, workspace_id: str, tool_set_id: str, secret_id: str) -> Response:
        """Changes its name or labels, or replaces its value, which counts from the next call on. A value
        cannot be cleared: delete the secret.
        """
        return self.answer_changed(secret_id, tool_set_id)

    @operation(
        "deleteToolSetSecret",
        "Remove a secret",
        tag=TAG,
        answer=Empty,
    )
    def destroy(self, request: Request, workspace_id: str, tool_set_id: str, secret_id: str) -> Response:
        """Forgets the value. A secret of the workspace with the same name counts again; without one, calls
        that name it fail.
        """
        return self.answer_removed(secret_id, tool_set_id)
