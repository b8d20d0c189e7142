"""What every door of the workspace API does first, and how it answers."""

import uuid
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from django.conf import settings
from django.utils.module_loading import import_string
from rest_framework.request import Request
from rest_framework.response import Response

from objectives.access.workspaces import access_to
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

    `required_permission` "" asks for none. A key's permissions decide, whichever workspaces it reaches.
    """

    http_method_names = ["get", "head", "post", "patch", "put", "delete"]
    required_permission: ClassVar[str] = ""
    action_permissions: ClassVar[Mapping[str, str]] = {}  # where an action needs another one
    caller: Caller
    tenant_id: uuid.UUID

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        self.caller = caller_of(request)
        if self.caller.principal.tenant_id is None:
            raise NotFound  # an operator of the deployment stands in no account
        self.tenant_id = self.caller.principal.tenant_id
        self.check_permission()

    def check_permission(self) -> None:
        """Raises NotPermitted where the caller's key lacks what the action needs."""
        if permission := self.permission:
            self.caller.require(permission)

    @property
    def permission(self) -> str:
        return self.action_permissions.get(self.action or "", self.required_permission)

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
