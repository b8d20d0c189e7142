"""The API keys of an account: `/account/api_keys`."""

from collections.abc import Sequence

from django.db.models import Q, QuerySet
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from objectives.access.accounts import AccountAccess
from objectives.access.permissions import MANAGE_API_KEYS, READ_API_KEYS
from objectives.actions.api_keys import (
    assign_workspace,
    change_api_key,
    delete_api_key,
    make_api_key,
    renew_api_key,
    set_enabled,
    unassign_workspace,
)
from objectives.addressing import find
from objectives.api.describing import NAMES, PAGING, operation, page_of
from objectives.api.lists import answer_page, by_name, wants_info
from objectives.api.masks import Patch, changes
from objectives.api.viewsets import AccountViewSet
from objectives.shapes.apikeys import ApiKey, ApiKeyChanges, NewApiKey, WorkspaceNamed
from objectives.shapes.status import Empty
from objectives.spelling import Prefix
from spaces.errors import NotReady
from spaces.keys import is_over
from spaces.models import ApiKey as ApiKeyRow

TAG = "api_keys"
FILTERS = {**PAGING, **NAMES, "workspaceId": "Only keys that reach this workspace."}
UNREADABLE = "A token is stored as a digest; rotate it to get a new one."


class ApiKeyPatch(Patch):
    """What changes of an API key."""

    spec: ApiKeyChanges | None = None
    """What it may do, and where."""


class OfKeys(AccountViewSet):
    """A viewset of API keys: reading needs `api_keys:read`, all else `api_keys:manage`."""

    reads, writes = READ_API_KEYS, MANAGE_API_KEYS

    @property
    def key_access(self) -> AccountAccess:
        """Which keys the caller may see and change."""
        return AccountAccess(self.caller, self.tenant_id)

    def rows(self) -> QuerySet[ApiKeyRow]:
        return self.key_access.keys().select_related("principal").prefetch_related("spaces")

    def answer_keys(self, rows: QuerySet[ApiKeyRow], request: Request, *, of_list: str) -> Response:
        """The page of these that is asked for."""
        with_info = wants_info(request)
        return answer_page(
            by_name(rows, request),
            request,
            of_list=of_list,
            show=lambda page: _show(page, with_info=with_info),
        )

    def answer_key(self, row: ApiKeyRow, *, token: str = "") -> Response:
        """One key; its token only where it was just made."""
        return self.answer(_show([row], with_info=True, token=token)[0])

    def answer_new(self, new: NewApiKey) -> Response:
        """The key that is made now, with its token."""
        key, token = make_api_key(access=self.key_access, new=new, now=timezone.now())
        return self.answer_key(key, token=token)

    def answer_switched(self, address: str, *, is_enabled: bool) -> Response:
        """The key as it is after it was let work, or not."""
        now = timezone.now()
        row = set_enabled(access=self.key_access, address=address, is_enabled=is_enabled, now=now)
        return self.answer_key(row)

    def answer_renewed(self, address: str) -> Response:
        """The key with its new token."""
        key, token = renew_api_key(access=self.key_access, address=address, now=timezone.now())
        return self.answer_key(key, token=token)

    def answer_ended(self, address: str) -> Response:
        delete_api_key(access=self.key_access, address=address, now=timezone.now())
        return self.answer(Empty())


class ApiKeyViewSet(OfKeys):
    """The keys of the caller; for administrators those of the whole account."""

    @operation("listApiKeys", "List API keys", tag=TAG, answer=page_of(ApiKey), query=FILTERS)
    def list(self, request: Request) -> Response:
        rows = self.rows()
        if address := request.query_params.get("workspaceId"):
            space_id = self.key_access.space_of(address, "query", "workspaceId")
            rows = rows.filter(
                Q(all_spaces=True, principal__memberships__space=space_id)
                | Q(pk__in=ApiKeyRow.spaces.through.objects.filter(space=space_id).values("apikey"))
            )
        return self.answer_keys(rows, request, of_list=f"{self.tenant_id}/api_keys")

    @operation("createApiKey", "Make an API key", tag=TAG, answer=ApiKey, body=NewApiKey)
    def create(self, request: Request) -> Response:
        return self.answer_new(self.body(NewApiKey))

    @operation("getApiKey", "Read an API key", tag=TAG, answer=ApiKey, paths="key_id")
    def retrieve(self, request: Request, key_id: str) -> Response:
        return self.answer_key(find(self.rows(), Prefix.API_KEY, key_id))

    @operation("updateApiKey", "Change an API key", tag=TAG, answer=ApiKey, body=ApiKeyPatch, paths="key_id")
    def update(self, request: Request, key_id: str) -> Response:
        given = changes(self.body(ApiKeyPatch), spec=ApiKeyChanges)
        return self.answer_key(change_api_key(access=self.key_access, address=key_id, changes=given))

    @operation("deleteApiKey", "End an API key for good", tag=TAG, answer=Empty, paths="key_id")
    def destroy(self, request: Request, key_id: str) -> Response:
        return self.answer_ended(key_id)

    @operation("enableApiKey", "Let an API key work", tag=TAG, answer=ApiKey, paths="key_id")
    def enable(self, request: Request, key_id: str) -> Response:
        return self.answer_switched(key_id, is_enabled=True)

    @operation("disableApiKey", "Let an API key not work", tag=TAG, answer=ApiKey, paths="key_id")
    def disable(self, request: Request, key_id: str) -> Response:
        return self.answer_switched(key_id, is_enabled=False)

    @operation("rotateApiKey", "Give an API key a new token", tag=TAG, answer=ApiKey, paths="key_id")
    def rotate(self, request: Request, key_id: str) -> Response:
        return self.answer_renewed(key_id)

    @operation("revealApiKey", "Say that no token can be shown again", tag=TAG, answer=ApiKey, paths="key_id")
    def reveal(self, request: Request, key_id: str) -> Response:
        find(self.rows(), Prefix.API_KEY, key_id)
        raise NotReady(UNREADABLE)

    @operation(
        "addApiKeyWorkspace",
        "Let an API key reach a workspace",
        tag=TAG,
        answer=ApiKey,
        body=WorkspaceNamed,
        paths="key_id",
    )
    def add_workspace(self, request: Request, key_id: str) -> Response:
        workspace = self.body(WorkspaceNamed).workspace_id
        return self.answer_key(assign_workspace(access=self.key_access, address=key_id, workspace=workspace))

    @operation(
        "removeApiKeyWorkspace",
        "Let an API key not reach a workspace",
        tag=TAG,
        answer=ApiKey,
        body=WorkspaceNamed,
        paths="key_id",
    )
    def remove_workspace(self, request: Request, key_id: str) -> Response:
        workspace = self.body(WorkspaceNamed).workspace_id
        return self.answer_key(
            unassign_workspace(access=self.key_access, address=key_id, workspace=workspace)
        )


def _show(rows: Sequence[ApiKeyRow], *, with_info: bool, token: str = "") -> Sequence[ApiKey]:
    now = timezone.now()
    return [
        ApiKey.of(
            row,
            is_enabled=row.disabled_at is None and not is_over(row, now=now),
            with_info=with_info,
            token=token,
        )
        for row in rows
    ]
