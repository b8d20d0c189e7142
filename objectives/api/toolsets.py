"""Tool sets: what they are, who uses them, and their lives."""

from collections.abc import Sequence

from django.db.models import QuerySet
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from objectives.access.permissions import MANAGE_TOOLS, READ_TOOLS
from objectives.actions import toolsets as actions
from objectives.addressing import find
from objectives.api.describing import NAMES, NOT_BUILT, PAGING, operation, page_of
from objectives.api.lists import answer_page, by_name, choices, empty_page, named_by, wants_info
from objectives.api.masks import Patch, changes
from objectives.api.viewsets import WorkspaceViewSet
from objectives.models import Assignment, Tool, ToolSet as ToolSetRow, ToolSetState
from objectives.portraits.toolsets import show_tool_sets, show_uses, uses_of
from objectives.shapes.status import Empty
from objectives.shapes.toolsets import (
    NewToolSet,
    OpenApiSpec,
    ToolSet,
    ToolSetChanges,
    ToolSetEvent,
    ToolSetUsage,
)
from objectives.spelling import Prefix
from spaces.errors import NotReady

TAG = "tool_sets"
PATH = "workspace_id tool_set_id"
STATES = {f"STATE_{state.name}": state.value for state in ToolSetState}


class ToolSetPatch(Patch):
    """What changes of a tool set."""

    spec: ToolSetChanges | None = None
    """What changes of what it is."""


class ToolSetViewSet(WorkspaceViewSet):
    """`/v1/workspaces/{workspaceId}/tool_sets`."""

    reads, writes = READ_TOOLS, MANAGE_TOOLS

    @operation(
        "listToolSets",
        "List tool sets",
        tag=TAG,
        answer=page_of(ToolSet),
        query={
            **PAGING,
            **NAMES,
            "state": "`STATE_ACTIVE`, which is the default, or `STATE_ARCHIVED`.",
        },
        paths="workspace_id",
    )
    def list(self, request: Request, workspace_id: str) -> Response:
        wanted = choices(request, "state", STATES) or [ToolSetState.ACTIVE]
        rows = by_name(self.rows.filter(state__in=wanted), request)
        with_info = wants_info(request)

        def show(page: Sequence[ToolSetRow]) -> Sequence[ToolSet]:
            return show_tool_sets(page, tenant_id=self.tenant_id, with_info=with_info)

        return answer_page(rows, request, of_list=f"{self.space_id}/tool_sets", show=show)

    @operation(
        "createToolSet", "Make a tool set", tag=TAG, answer=ToolSet, body=NewToolSet, paths="workspace_id"
    )
    def create(self, request: Request, workspace_id: str) -> Response:
        wanted = self.body(NewToolSet)
        return self.shown(actions.create_tool_set(access=self.access, wanted=wanted, now=timezone.now()))

    @operation("getToolSet", "Read a tool set", tag=TAG, answer=ToolSet, paths=PATH)
    def retrieve(self, request: Request, workspace_id: str, tool_set_id: str) -> Response:
        return self.shown(self.found(tool_set_id))

    @operation("updateToolSet", "Change a tool set", tag=TAG, answer=ToolSet, body=ToolSetPatch, paths=PATH)
    def update(self, request: Request, workspace_id: str, tool_set_id: str) -> Response:
        changed = changes(self.body(ToolSetPatch), spec=ToolSetChanges)
        row = actions.update_tool_set(
            access=self.access, tool_set=tool_set_id, changes=changed, now=timezone.now()
        )
        return self.shown(row)

    @operation("deleteToolSet", "Remove a tool set that is not assigned", tag=TAG, answer=Empty, paths=PATH)
    def destroy(self, request: Request, workspace_id: str, tool_set_id: str) -> Response:
        actions.delete_tool_set(access=self.access, tool_set=tool_set_id)
        return self.answer(Empty())

    @operation("archiveToolSet", "Hide a tool set and its tools", tag=TAG, answer=ToolSet, paths=PATH)
    def archive(self, request: Request, workspace_id: str, tool_set_id: str) -> Response:
        return self.shown(
            actions.archive_tool_set(access=self.access, tool_set=tool_set_id, now=timezone.now())
        )

    @operation("unarchiveToolSet", "Bring a tool set back", tag=TAG, answer=ToolSet, paths=PATH)
    def unarchive(self, request: Request, workspace_id: str, tool_set_id: str) -> Response:
        return self.shown(
            actions.unarchive_tool_set(access=self.access, tool_set=tool_set_id, now=timezone.now())
        )

    @operation(
        "listToolSetEvents",
        "List what happened to a set that is synchronized: nothing, for such sets are not built",
        tag=NOT_BUILT,
        answer=page_of(ToolSetEvent),
        query={**PAGING, "includeInfo": NAMES["includeInfo"]},
        paths=PATH,
    )
    def events(self, request: Request, workspace_id: str, tool_set_id: str) -> Response:
        self.found(tool_set_id)
        return empty_page(request)

    @operation(
        "getToolSetOpenApiSpec",
        "Read the OpenAPI document that a set was made from: refused, for such sets are not built",
        tag=NOT_BUILT,
        answer=OpenApiSpec,
        paths=PATH,
    )
    def openapi_spec(self, request: Request, workspace_id: str, tool_set_id: str) -> Response:
        kind = self.found(tool_set_id).adapter
        raise NotReady(f"This tool set has an adapter of the type {kind}, which has no OpenAPI document.")

    @operation(
        "listToolSetUsage",
        "List the agent variations that may call a tool set, or one of its tools",
        tag=TAG,
        answer=page_of(ToolSetUsage),
        query={
            **PAGING,
            "toolId": "Only variations that may call this tool.",
        },
        paths=PATH,
    )
    def usage(self, request: Request, workspace_id: str, tool_set_id: str) -> Response:
        tool_set = self.found(tool_set_id)
        tool = named_by(Tool.objects.filter(tool_set=tool_set), Prefix.TOOL, request, "toolId")

        def show(page: Sequence[Assignment]) -> Sequence[ToolSetUsage]:
            return show_uses(page, space_id=self.space_id, tenant_id=self.tenant_id)

        return answer_page(uses_of(tool_set, tool), request, of_list=f"{tool_set.id}/usage", show=show)

    @property
    def rows(self) -> QuerySet[ToolSetRow]:
        return ToolSetRow.objects.filter(space_id=self.space_id)

    def found(self, address: str) -> ToolSetRow:
        """The set that a path means; raises NotFound."""
        return find(self.rows, Prefix.TOOL_SET, address)

    def shown(self, row: ToolSetRow) -> Response:
        """200 with the set and its info."""
        return self.answer(show_tool_sets([row], tenant_id=self.tenant_id)[0])
