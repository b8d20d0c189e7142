"""What every door of the API does first: who calls, and do they reach this space."""

import re
import uuid
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, ClassVar, Protocol

from django.conf import settings
from django.db.models import QuerySet
from rest_framework.exceptions import NotAcceptable
from rest_framework.request import Request
from rest_framework.viewsets import GenericViewSet

from spaces.access import Caller, SpaceAccess
from spaces.api.describing import SPACE_API
from spaces.api.filters import QueryFilter
from spaces.api.operations import ApiDescription, OperationDescription
from spaces.errors import Invalid, NotFound
from spaces.ids import parse_uuid
from spaces.ticket_scopes import May, TicketSubject

_JSON = frozenset({"*/*", "application/*", "application/json"})
_ANY_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


class ApiViewSet(GenericViewSet[Any]):
    """A viewset whose requests all have a caller (`request.auth`) and whose answers nobody keeps.

    Which filters and pages a list has its handler says, by `operation`.
    """

    http_method_names = ["get", "head", "post"]
    filter_backends = (QueryFilter,)
    api: ClassVar[ApiDescription] = SPACE_API
    byte_actions: ClassVar[frozenset[str]] = frozenset()  # those that answer in a file's own type
    may_by_ticket: ClassVar[
        Mapping[str, May]
    ] = {}  # the actions that a ticket opens, and what it must let do

    @cached_property
    def operation(self) -> OperationDescription | None:
        """What the handler of this request says of itself."""
        handler = getattr(self, self.action, None) if self.action else None
        return getattr(handler, "operation", None)

    @cached_property
    def pagination_class(self) -> Any:  # type: ignore[override]
        return self.operation.pagination_class if self.operation else None

    def lineage(self) -> Sequence[TicketSubject]:
        """All that the thing asked for lies in, itself included, for actions that a ticket opens."""
        return ()

    def reach(self) -> Caller | SpaceAccess:
        """What the caller reaches of what the path names, which is asked for permissions."""
        return caller_of(self.request)

    def perform_content_negotiation(self, request: Request, force: bool = False) -> Any:  # noqa: FBT001, FBT002
        """JSON, for every `Accept` that it satisfies, an empty one too; raises NotAcceptable for others.

        No `?format=`: one address has one form.
        """
        accept = request.META.get("HTTP_ACCEPT", "").strip()
        if accept and not force and self.action not in self.byte_actions:
            wanted = (part.partition(";")[0].strip().lower() for part in accept.split(","))
            if _JSON.isdisjoint(wanted):
                raise NotAcceptable
        return self.get_renderers()[0], "application/json"

    def page_of(self, rows: QuerySet[Any], *, of_list: str) -> list[Any]:
        """The rows of the page that the query asks for; `get_paginated_response` answers with them."""
        paginator: Any = self.paginator
        page: list[Any] = paginator.paginate_queryset(
            self.filter_queryset(rows), self.request, view=self, of_list=of_list
        )
        return page

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        response = super().finalize_response(request, response, *args, **kwargs)
        response.headers.setdefault("Cache-Control", "no-store")
        return response


class SpaceViewSet(ApiViewSet):
    """A viewset below `/spaces/{space_id}`: `self.access` proves that the caller reaches the space."""

    access: SpaceAccess

    @property
    def space_id(self) -> uuid.UUID:
        """The space that the path names; raises Invalid and NotFound as `parse_space_id` does."""
        named = self.kwargs["space_id"]  # as `routes.SpaceId` leaves it
        return named if isinstance(named, uuid.UUID) else parse_space_id(named)

    def reach(self) -> SpaceAccess:
        self.access = caller_of(self.request).access(self.space_id)
        return self.access


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


class Addressed(Protocol):
    """What says by which scheme and host somebody has come: a request, or an ASGI connection."""

    @property
    def scheme(self) -> str | None: ...
    def get_host(self) -> str: ...


def base_url(request: Addressed) -> str:
    """Scheme and host under which clients reach this deployment, without a slash at the end."""
    return settings.PUBLIC_URL or f"{request.scheme}://{request.get_host()}"
