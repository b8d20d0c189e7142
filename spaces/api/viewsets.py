"""What every door of the API does first: who calls, and do they reach this space."""

import re
import uuid
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from django.conf import settings
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ViewSet

from spaces.access import Caller, SpaceAccess
from spaces.api.negotiation import JsonOnly
from spaces.errors import Invalid, NotFound
from spaces.ids import parse_uuid
from spaces.scopes import May, Place

_ANY_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


class ApiViewSet(ViewSet):
    """A viewset whose requests all have a caller (`request.auth`) and whose answers nobody keeps."""

    http_method_names = ["get", "head", "post"]
    content_negotiation_class = JsonOnly
    byte_actions: ClassVar[frozenset[str]] = frozenset()  # those that answer in a file's own type
    may_by_ticket: ClassVar[
        Mapping[str, May]
    ] = {}  # the actions that a ticket opens, and what it must let do

    def lineage(self) -> Sequence[Place]:
        """All that the thing asked for lies in, itself included, for actions that a ticket opens."""
        return ()

    def perform_content_negotiation(self, request: Request, force: bool = False) -> Any:  # noqa: FBT001, FBT002
        return super().perform_content_negotiation(request, force or self.action in self.byte_actions)

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        response = super().finalize_response(request, response, *args, **kwargs)
        response.headers.setdefault("Cache-Control", "no-store")
        return response


class SpaceViewSet(ApiViewSet):
    """A viewset below `/spaces/{space_id}`: `self.access` proves that the caller reaches the space.

    A space that does not exist for the caller is a 404 before anything else is looked at.
    """

    access: SpaceAccess
    space_id: uuid.UUID
    required_permission: ClassVar[str]
    action_permissions: ClassVar[Mapping[str, str]] = {}  # where an action needs another one

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        self.space_id = parse_space_id(kwargs["space_id"])
        permission = self.action_permissions.get(self.action or "", self.required_permission)
        self.access = caller_of(request).access(self.space_id).require(permission)


def access_of(caller: Caller, space_id: str) -> SpaceAccess:
    """The caller's access to the space that a path names; raises NotFound and Invalid."""
    return caller.access(parse_space_id(space_id))


def caller_of(request: Request) -> Caller:
    """Whoever authenticated; for views behind the default permission, which lets nobody else in."""
    caller = request.auth
    assert isinstance(caller, Caller)  # noqa: S101 - holds by KeyOrSession
    return caller


def parse_space_id(space_id: str) -> uuid.UUID:
    """The space that a path names; raises Invalid for no UUID, NotFound for another spelling of one."""
    known = parse_uuid(space_id)
    if known is not None:
        return known
    if _ANY_UUID.fullmatch(space_id):
        raise NotFound  # one spelling each: an id in capitals is no id of ours
    raise Invalid.field(
        "path", "space_id", msg="Input should be a valid UUID", kind="uuid_parsing", value=space_id[:200]
    )


def base_url(request: Request) -> str:
    """Scheme and host under which clients reach this deployment, without a slash at the end."""
    return settings.PUBLIC_URL or f"{request.scheme}://{request.get_host()}"


def created(body: dict[str, Any], *, is_new: bool) -> Response:
    """201 for what this request made, 200 for what was there."""
    return Response({"data": body}, status=201 if is_new else 200)
