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
from objectives.api.describing import page_of
from objectives.api.examples import API_KEY, NEW_API_KEY, page as page_example
from objectives.api.field_masks import Patch, changes
from objectives.api.filters import NamedFilter, QueryParameter, wants_info
from objectives.api.pagination import NewestFirst
from objectives.api.viewsets import AccountViewSet
from objectives.ids import Prefix
from objectives.schemas.apikeys import ApiKeyChanges, ApiKeySchema, NewApiKey, WorkspaceNamed
from objectives.schemas.status import Empty
from objectives.selectors import find
from spaces.api.operations import operation
from spaces.api.permissions import Needs
from spaces.errors import NotReady
from spaces.keys import is_over
from spaces.models import ApiKey

TAG = "api_keys"
UNREADABLE = "A token is stored as a digest; rotate it to get a new one."


class ApiKeyFilter(NamedFilter):
    workspace_id = QueryParameter(help_text="Only keys that reach this workspace.")


class ApiKeyPatch(Patch):
    """What changes of an API key."""

    spec: ApiKeyChanges | None = None
    """What it may do, and where."""


class ApiKeyViewMixin(AccountViewSet):
    """A viewset of API keys: reading needs `api_keys:read`, all else `api_keys:manage`."""

    permission_classes = (Needs.by_action(READ_API_KEYS, MANAGE_API_KEYS),)

    @property
    def key_access(self) -> AccountAccess:
        """Which keys the caller may see and change."""
        return AccountAccess(self.caller, self.tenant_id)

    def rows(self) -> QuerySet[ApiKey]:
        return self.key_access.keys().select_related("principal").prefetch_related("spaces")

    def answer_keys(self, rows: QuerySet[ApiKey], *, of_list: str) -> Response:
        """The page of these that is asked for."""
        with_info = wants_info(self.request)
        return self.answer_page(rows, of_list=of_list, show=lambda page: _show(page, with_info=with_info))

    def answer_key(self, row: ApiKey, *, token: str = "") -> Response:
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


class ApiKeyViewSet(ApiKeyViewMixin):
    """The keys of the caller; for administrators those of the whole account."""

    @operation(
        "listApiKeys",
        "List API keys",
        tag=TAG,
        answer=page_of(ApiKeySchema),
        filterset_class=ApiKeyFilter,
        pagination_class=NewestFirst,
        examples={"answer": page_example(API_KEY)},
    )
    def list(self, request: Request) -> Response:
        """The caller's own keys; for administrators those of the whole account. Keys that have ended are left
        out.

        Tokens are never listed: a key's token is shown once, where it is made or renewed.
        """
        rows = self.rows()
        if address := request.query_params.get("workspaceId"):
            space_id = self.key_access.space_of(address, "query", "workspaceId")
            rows = rows.filter(
                Q(all_spaces=True, principal__memberships__space=space_id)
                | Q(pk__in=ApiKey.spaces.through.objects.filter(space=space_id).values("apikey"))
            )
        return self.answer_keys(rows, of_list=f"{self.tenant_id}/api_keys")

    @operation(
        "createApiKey",
        "Create an API key",
        tag=TAG,
        body=NewApiKey,
        answer=ApiKeySchema,
        errors=[409],
        examples={"body": NEW_API_KEY, "answer": API_KEY},
    )
    def create(self, request: Request) -> Response:
        """Makes a key of the caller's own and shows its token, this once.

        A key can be given no permission and no workspace that the caller's own key lacks: that is a 403. It
        ends when the key ends with which it was made.
        """
        return self.answer_new(self.body(NewApiKey))

    @operation(
        "getApiKey",
        "Read an API key",
        tag=TAG,
        answer=ApiKeySchema,
    )
    def retrieve(self, request: Request, key_id: str) -> Response:
        """One key with what it may do and which workspaces it reaches. Its token is not shown."""
        return self.answer_key(find(self.rows(), Prefix.API_KEY, key_id))

    @operation(
        "updateApiKey",
        "Change an API key",
        tag=TAG,
        body=ApiKeyPatch,
        answer=ApiKeySchema,
        errors=[409],
    )
    def update(self, request: Request, key_id: str) -> Response:
        """Changes the fields that `updateMask` names, or those that the body brings. It holds from the next
        request with the key on.

        Nobody can give a key more than they have themselves.
        """
        given = changes(self.body(ApiKeyPatch), spec=ApiKeyChanges)
        return self.answer_key(change_api_key(access=self.key_access, address=key_id, changes=given))

    @operation(
        "deleteApiKey",
        "Revoke an API key",
        tag=TAG,
        answer=Empty,
    )
    def destroy(self, request: Request, key_id: str) -> Response:
        """Ends the key for good: it is refused from the next request on, the streams and sockets that it
        opened are closed, and its external id is free again.

        To stop a key for a while, disable it.
        """
        return self.answer_ended(key_id)

    @operation(
        "enableApiKey",
        "Enable an API key",
        tag=TAG,
        answer=ApiKeySchema,
    )
    def enable(self, request: Request, key_id: str) -> Response:
        """Lets a disabled key work again, with the same token. A repeated call changes nothing."""
        return self.answer_switched(key_id, is_enabled=True)

    @operation(
        "disableApiKey",
        "Disable an API key",
        tag=TAG,
        answer=ApiKeySchema,
    )
    def disable(self, request: Request, key_id: str) -> Response:
        """Lets the key not work until it is enabled again; what it had opened ends within seconds. A repeated
        call changes nothing.
        """
        return self.answer_switched(key_id, is_enabled=False)

    @operation(
        "rotateApiKey",
        "Rotate an API key",
        tag=TAG,
        answer=ApiKeySchema,
        examples={"answer": API_KEY},
    )
    def rotate(self, request: Request, key_id: str) -> Response:
        """Makes a new token and shows it, this once. The old one is refused from now on, and what it opened
        ends.

        Only the person whose key it is can do this. An expired key is refused (code 9): make another.
        """
        return self.answer_renewed(key_id)

    @operation(
        "revealApiKey",
        "Reveal an API key's token: refused, tokens are not stored",
        tag=TAG,
        answer=ApiKeySchema,
    )
    def reveal(self, request: Request, key_id: str) -> Response:
        """Always refused with code 9: a token is kept as a digest and cannot be shown again. Renew the key to
        get another token.
        """
        find(self.rows(), Prefix.API_KEY, key_id)
        raise NotReady(UNREADABLE)

    @operation(
        "addApiKeyWorkspace",
        "Add a workspace to an API key",
        tag=TAG,
        body=WorkspaceNamed,
        answer=ApiKeySchema,
    )
    def add_workspace(self, request: Request, key_id: str) -> Response:
        """Lets the key reach one more workspace, which the caller must reach too. A repeated call changes
        nothing.
        """
        workspace = self.body(WorkspaceNamed).workspace_id
        return self.answer_key(assign_workspace(access=self.key_access, address=key_id, workspace=workspace))

    @operation(
        "removeApiKeyWorkspace",
        "Remove a workspace from an API key",
        tag=TAG,
        body=WorkspaceNamed,
        answer=ApiKeySchema,
    )
    def remove_workspace(self, request: Request, key_id: str) -> Response:
        """Lets the key not reach a workspace any more. A repeated call changes nothing."""
        workspace = self.body(WorkspaceNamed).workspace_id
        return self.answer_key(
            unassign_workspace(access=self.key_access, address=key_id, workspace=workspace)
        )


def _show(rows: Sequence[ApiKey], *, with_info: bool, token: str = "") -> Sequence[ApiKeySchema]:
    now = timezone.now()
    return [
        ApiKeySchema.of(
            row,
            is_enabled=row.disabled_at is None and not is_over(row, now=now),
            with_info=with_info,
            token=token,
        )
        for row in rows
    ]
