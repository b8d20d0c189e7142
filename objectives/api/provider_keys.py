"""How models are reached: `/workspaces/{workspaceId}/ai_provider_keys`."""

from django.db.models import QuerySet
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from objectives.access.permissions import MANAGE_MODELS, READ_MODELS
from objectives.actions.provider_keys import create_provider_key, delete_provider_key, update_provider_key
from objectives.addressing import find
from objectives.api.describing import NAMES, PAGING, operation, page_of
from objectives.api.lists import answer_page, by_name, flag, wants_info
from objectives.api.masks import Patch, changes
from objectives.api.viewsets import WorkspaceViewSet
from objectives.models import Provider, ProviderKey as ProviderKeyRow
from objectives.portraits.models import show_provider_keys
from objectives.providers.choosing import ensure_built_in
from objectives.shapes.providers import CredentialPatch, NewProviderKey, ProviderKey, ProviderKeyChanges
from objectives.shapes.status import Empty
from objectives.spelling import Prefix
from spaces.models import Space

TAG = "ai_provider_keys"
OF_ONE = "workspace_id provider_key_id"
FILTERS = {**PAGING, **NAMES, "promotional": "`true` or `false`: whether they are the deployment's own."}
INFO = {"includeInfo": "Changes nothing: one key is always read with `info`."}


class ProviderKeyPatch(Patch):
    """What changes of a provider key."""

    spec: ProviderKeyChanges | None = None
    """Its config, or its credential as a whole."""
    credential_patch: CredentialPatch | None = None
    """Parts of its credential."""


class ProviderKeyViewSet(WorkspaceViewSet):
    """The provider keys of a workspace, the deployment's own among them."""

    reads, writes = READ_MODELS, MANAGE_MODELS

    @operation(
        "listProviderKeys",
        "List provider keys",
        tag=TAG,
        answer=page_of(ProviderKey),
        query=FILTERS,
        paths="workspace_id",
    )
    def list(self, request: Request, workspace_id: str) -> Response:
        with_info = wants_info(request)
        rows = by_name(self._rows(), request)
        promotional = flag(request, "promotional")
        if promotional is not None:
            ours = {"provider": Provider.BUILT_IN}
            rows = rows.filter(**ours) if promotional else rows.exclude(**ours)
        return answer_page(
            rows,
            request,
            of_list=f"{workspace_id}/ai_provider_keys",
            show=lambda page: show_provider_keys(page, tenant_id=self.tenant_id, with_info=with_info),
        )

    @operation(
        "createProviderKey",
        "Keep a provider key",
        tag=TAG,
        answer=ProviderKey,
        body=NewProviderKey,
        paths="workspace_id",
    )
    def create(self, request: Request, workspace_id: str) -> Response:
        new = self.body(NewProviderKey)
        return self._answer(create_provider_key(access=self.access, new=new, now=timezone.now()))

    @operation("getProviderKey", "Read a provider key", tag=TAG, answer=ProviderKey, query=INFO, paths=OF_ONE)
    def retrieve(self, request: Request, workspace_id: str, provider_key_id: str) -> Response:
        return self._answer(find(self._rows(), Prefix.PROVIDER_KEY, provider_key_id))

    @operation(
        "updateProviderKey",
        "Change a provider key",
        tag=TAG,
        answer=ProviderKey,
        body=ProviderKeyPatch,
        paths=OF_ONE,
    )
    def update(self, request: Request, workspace_id: str, provider_key_id: str) -> Response:
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
        "deleteProviderKey", "Forget a provider key and its models", tag=TAG, answer=Empty, paths=OF_ONE
    )
    def destroy(self, request: Request, workspace_id: str, provider_key_id: str) -> Response:
        delete_provider_key(access=self.access, address=provider_key_id)
        return self.answer(Empty())

    def _rows(self) -> QuerySet[ProviderKeyRow]:
        ensure_built_in(Space.objects.get(pk=self.space_id))
        return ProviderKeyRow.objects.filter(space_id=self.space_id)

    def _answer(self, row: ProviderKeyRow) -> Response:
        return self.answer(show_provider_keys([row], tenant_id=self.tenant_id, with_info=True)[0])
