"""How models are reached: `/workspaces/{workspaceId}/ai_provider_keys`."""

from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request
from rest_framework.response import Response

from objectives.access.permissions import MANAGE_MODELS, READ_MODELS
from objectives.actions.provider_keys import create_provider_key, delete_provider_key, update_provider_key
from objectives.api.describing import page_of
from objectives.api.examples import NEW_PROVIDER_KEY
from objectives.api.field_masks import Patch, changes
from objectives.api.filters import FlagFilter, NamedFilter, wants_info
from objectives.api.pagination import NewestFirst
from objectives.api.viewsets import WorkspaceViewSet
from objectives.ids import Prefix
from objectives.model_providers.selection import ensure_built_in
from objectives.models import Provider, ProviderKey
from objectives.representations.models import show_provider_keys
from objectives.schemas.providers import (
    CredentialPatch,
    NewProviderKey,
    ProviderKeyChanges,
    ProviderKeySchema,
)
from objectives.schemas.status import Empty
from objectives.selectors import find
from spaces.api.operations import operation
from spaces.api.permissions import Needs
from spaces.models import Space

TAG = "ai_provider_keys"
INFO = OpenApiParameter(
    "includeInfo", bool, description="Changes nothing: one key is always read with `info`."
)


def _promotional(rows: QuerySet[ProviderKey], is_ours: bool) -> QuerySet[ProviderKey]:  # noqa: FBT001
    ours = {"provider": Provider.BUILT_IN}
    return rows.filter(**ours) if is_ours else rows.exclude(**ours)


class ProviderKeyFilter(NamedFilter):
    promotional = FlagFilter(help_text="Only the deployment's own, or only others.", narrow=_promotional)


class ProviderKeyPatch(Patch):
    """What changes of a provider key."""

    spec: ProviderKeyChanges | None = None
    """Its config, or its credential as a whole."""
    credential_patch: CredentialPatch | None = None
    """Parts of its credential."""


class ProviderKeyViewSet(WorkspaceViewSet):
    """The provider keys of a workspace, the deployment's own among them."""

    permission_classes = (Needs.by_action(READ_MODELS, MANAGE_MODELS),)

    @operation(
        "listProviderKeys",
        "List provider keys",
        tag=TAG,
        answer=page_of(ProviderKeySchema),
        filterset_class=ProviderKeyFilter,
        pagination_class=NewestFirst,
    )
    def list(self, request: Request, workspace_id: str) -> Response:
        """How models are reached: one item for each set of credentials, the deployment's own among them.
        Credentials themselves are never shown.
        """
        with_info = wants_info(request)
        return self.answer_page(
            self._rows(),
            of_list=f"{workspace_id}/ai_provider_keys",
            show=lambda page: show_provider_keys(page, tenant_id=self.tenant_id, with_info=with_info),
        )

    @operation(
        "createProviderKey",
        "Create a provider key",
        tag=TAG,
        body=NewProviderKey,
        answer=ProviderKeySchema,
        errors=[409],
        examples={"body": NEW_PROVIDER_KEY},
    )
    def create(self, request: Request, workspace_id: str) -> Response:
        """Keeps credentials at a model provider, sealed: they are never shown again. Models are added to the
        key afterwards.

        Nothing is asked of the provider here: a wrong credential shows when a model is used.
        """
        new = self.body(NewProviderKey)
        return self._answer(create_provider_key(access=self.access, new=new, now=timezone.now()))

    @operation(
        "getProviderKey",
        "Read a provider key",
        tag=TAG,
        answer=ProviderKeySchema,
        parameters=[INFO],
    )
    def retrieve(self, request: Request, workspace_id: str, provider_key_id: str) -> Response:
        """One provider key with which parts of its credential are set, but not what they are."""
        return self._answer(find(self._rows(), Prefix.PROVIDER_KEY, provider_key_id))

    @operation(
        "updateProviderKey",
        "Change a provider key",
        tag=TAG,
        body=ProviderKeyPatch,
        answer=ProviderKeySchema,
        errors=[409],
    )
    def update(self, request: Request, workspace_id: str, provider_key_id: str) -> Response:
        """Changes its name, its config, its credential as a whole, or with `credentialPatch` parts of the
        credential.

        Its provider never changes. The deployment's own keys cannot be changed (code 9).
        """
        patch = self.body(ProviderKeyPatch)
        key = update_provider_key(
            access=self.access,
            address=provider_key_id,
            changes=changes(patch, spec=ProviderKeyChanges),
            patch=patch.credential_patch,
            now=timezone.now(),
        )
        return self._answer(key)

    @operation(
        "deleteProviderKey",
        "Delete a provider key and its models",
        tag=TAG,
        answer=Empty,
    )
    def destroy(self, request: Request, workspace_id: str, provider_key_id: str) -> Response:
        """Forgets the credentials and removes the models below them.

        While variations use one of these models this is refused (code 9), as it is for the deployment's own
        keys.
        """
        delete_provider_key(access=self.access, address=provider_key_id)
        return self.answer(Empty())

    def _rows(self) -> QuerySet[ProviderKey]:
        ensure_built_in(Space.objects.get(pk=self.space_id))
        return ProviderKey.objects.filter(space_id=self.space_id)

    def _answer(self, row: ProviderKey) -> Response:
        return self.answer(show_provider_keys([row], tenant_id=self.tenant_id, with_info=True)[0])
