"""What every door of the workspace API does first, and how it answers."""

import uuid
from collections.abc import Callable
from typing import Any, ClassVar

from django.conf import settings
from django.utils.module_loading import import_string
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.response import Response

from objectives.access.workspaces import access_to
from objectives.parameters import known_to, read_query
from objectives.shapes.reading import read_shape
from objectives.shapes.shape import Shape
from spaces.access import Caller, SpaceAccess
from spaces.api.viewsets import ApiViewSet, caller_of
from spaces.errors import NotFound


class StatusViewSet(ApiViewSet):
    """A viewset whose errors are `google.rpc.Status`."""

    def get_exception_handler(self) -> Callable[..., Any]:
        return import_string(settings.STATUS_HANDLER)  # type: ignore[no-any-return]


class AccountViewSet(StatusViewSet):
    """A viewset of the workspace API that stands above all workspaces; `self.tenant_id` is the account.

    A key's permissions decide, whichever workspaces it reaches. Every verb asks for its permission itself;
    here it is asked for before the body is read and anything is looked up.
    """

    http_method_names = ["get", "head", "post", "patch", "put", "delete"]
    reads: ClassVar[str] = ""  # the permission that reading needs; "" for none
    writes: ClassVar[str] = ""  # that of everything else
    caller: Caller
    tenant_id: uuid.UUID

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        self.caller = caller_of(request)
        if self.caller.principal.tenant_id is None:
            raise NotFound  # an operator of the deployment stands in no account
        self.tenant_id = self.caller.principal.tenant_id
        self.check_permission()
        self.read_query()

    def read_query(self) -> None:
        """Have `query_params` hold what the handler declares, by the API's names; raises Invalid."""
        handler = getattr(self, self.action) if self.action else None
        if not getattr(handler, "is_refused", False):
            asked: Any = self.request._request  # noqa: SLF001 - where `query_params` reads
            agent = self.request.headers.get("User-Agent", "")
            asked.GET = read_query(asked.GET, known_to(handler), agent)

    def check_permission(self) -> None:
        """Raises NotPermitted where the caller's key lacks what the action needs."""
        if permission := self.permission:
            self.caller.require(permission)

    @property
    def permission(self) -> str:
        return self.reads if self.request.method in SAFE_METHODS else self.writes

    def body[S: Shape](self, shape: type[S]) -> S:
        """The request's body; an empty one and `null` count as `{}`. Raises Invalid naming each wrong field.

        What the body holds is not repeated in the error: it may be a secret.
        """
        given = self.request.data
        return read_shape(shape, {} if given is None else given)

    def answer(self, shape: Shape) -> Response:
        """200 with an object."""
        return Response(shape.wire())


class WorkspaceViewSet(AccountViewSet):
    """A viewset below `/workspaces/{workspaceId}`: `self.access` proves that the caller reaches it."""

    access: SpaceAccess

    def check_permission(self) -> None:
        self.access = access_to(self.caller, self.kwargs["workspace_id"])
        if permission := self.permission:
            self.access.require(permission)

    @property
    def space_id(self) -> uuid.UUID:
        return self.access.space_id
