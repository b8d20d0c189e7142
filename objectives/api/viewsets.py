"""What every door of the workspace API does first, and how it answers."""

import uuid
from collections.abc import Callable, Sequence
from typing import Any

from django.conf import settings
from django.db.models import Model, QuerySet
from django.utils.module_loading import import_string
from rest_framework.request import Request
from rest_framework.response import Response

from objectives.access.lineage import lineage_of_objective, place_of_call
from objectives.access.permissions import MANAGE_OBJECTIVES, READ_OBJECTIVES
from objectives.access.workspaces import access_to
from objectives.api.describing import WORKSPACE_API
from objectives.client_versions import dialect_of
from objectives.ids import Prefix, read
from objectives.models import Objective
from objectives.query_parameters import read_query
from objectives.representations.reader import Viewer
from objectives.representations.selectors import IDENTITY, find_objective
from objectives.schemas.request_body import read_shape
from objectives.schemas.shape import Shape
from objectives.selectors import find
from spaces.access import Caller, SpaceAccess
from spaces.api.permissions import Needs
from spaces.api.viewsets import ApiViewSet, base_url, caller_of
from spaces.errors import NotFound
from spaces.ticket_scopes import TicketKind, TicketSubject


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
    permission_classes = (Needs,)
    api = WORKSPACE_API
    caller: Caller
    tenant_id: uuid.UUID

    def reach(self) -> Caller | SpaceAccess:
        self.caller = caller_of(self.request)
        if self.caller.principal.tenant_id is None:
            raise NotFound  # an operator of the deployment stands in no account
        self.tenant_id = self.caller.principal.tenant_id
        return self.caller

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Have `query_params` hold what the handler declares, by the API's names; raises Invalid."""
        super().initial(request, *args, **kwargs)
        operation = self.operation
        if operation is None or operation.is_built:
            asked: Any = request._request  # noqa: SLF001 - where `query_params` reads
            agent = request.headers.get("User-Agent", "")
            asked.GET = read_query(asked.GET, operation.query if operation else (), agent)

    def body[S: Shape](self, shape: type[S]) -> S:
        """The request's body; an empty one and `null` count as `{}`. Raises Invalid naming each wrong field.

        What the body holds is not repeated in the error: it may be a secret.
        """
        given = self.request.data
        return read_shape(shape, {} if given is None else given)

    def answer(self, shape: Shape) -> Response:
        """200 with an object."""
        return Response(shape.wire())

    def answer_page[M: Model](
        self, rows: QuerySet[M], *, of_list: str, show: Callable[[Sequence[M]], Sequence[Shape]]
    ) -> Response:
        """The page that the query asks for; `show` turns its rows into shapes, all of them at once.

        `of_list` names the list, its workspace included: a cursor is good for that list and its filters.
        """
        return self.get_paginated_response(show(self.page_of(rows, of_list=of_list)))


class WorkspaceViewSet(AccountViewSet):
    """A viewset below `/workspaces/{workspaceId}`: `self.access` proves that the caller reaches it."""

    access: SpaceAccess
    space_id: uuid.UUID

    def reach(self) -> SpaceAccess:
        super().reach()
        self.access = access_to(self.caller, self.kwargs["workspace_id"])
        self.space_id = self.access.space_id
        return self.access


class ObjectiveViewMixin(WorkspaceViewSet):
    """A viewset of the objectives group: reading them is one permission, steering another."""

    permission_classes = (Needs.by_action(READ_OBJECTIVES, MANAGE_OBJECTIVES),)

    def lineage(self) -> Sequence[TicketSubject]:
        """Of what the path names: a tool call, else an objective, else the workspace."""
        caller, named = caller_of(self.request), self.kwargs
        space_id = access_to(caller, named["workspace_id"]).space_id
        if "objective_id" not in named:
            return [TicketSubject(TicketKind.SPACE, str(space_id))]
        rows = Objective.objects.filter(space_id=space_id).only("id")
        objective_id = find(rows, Prefix.OBJECTIVE, named["objective_id"]).id
        call_id = read(Prefix.TOOL_CALL, named.get("tool_call_id", ""))
        of_call = [] if call_id is None else [place_of_call(call_id, objective_id)]
        return [*of_call, *lineage_of_objective(objective_id)]

    @property
    def reader(self) -> Viewer:
        """For whom this request's rows are shown."""
        dialect = dialect_of(self.request.headers.get("User-Agent", ""))
        return Viewer(self.access.tenant_id, dialect, base_url(self.request))

    def objectives(self) -> QuerySet[Objective]:
        return Objective.objects.filter(space_id=self.space_id)

    def objective(self, address: str) -> Objective:
        """Raises NotFound."""
        return find(self.objectives(), Prefix.OBJECTIVE, address)

    def owner(self, address: str) -> Objective:
        """The objective that what is asked for belongs to, with its identity only; raises NotFound."""
        objective_id = read(Prefix.OBJECTIVE, address)
        found = find_objective(self.space_id, objective_id) if objective_id else None
        return found or find(self.objectives().only(*IDENTITY), Prefix.OBJECTIVE, address)
