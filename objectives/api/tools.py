"""The tools of a set."""

import time
from collections.abc import Sequence
from typing import Any

from django.db.models import Q, QuerySet
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from objectives.access.permissions import MANAGE_TOOLS, READ_TOOLS
from objectives.actions import tools as actions
from objectives.addressing import find
from objectives.api.describing import NAMES, PAGING, operation, page_of
from objectives.api.lists import answer_page, by_name, choices, flag, wants_info, words
from objectives.api.masks import Patch, changes
from objectives.api.viewsets import WorkspaceViewSet
from objectives.models import Tool as ToolRow, ToolSet, ToolState
from objectives.overlays.rows import MOST_SECONDS, tools_changed_by
from objectives.portraits.tools import show_tool
from objectives.shapes.status import Empty
from objectives.shapes.tools import NewTool, Tool, ToolChanges
from objectives.spelling import Prefix, without_nul

TAG = "tools"
OF_SET = "workspace_id tool_set_id"
PATH = "workspace_id tool_set_id tool_id"
STATES = {f"STATE_{state.name}": state.value for state in ToolState}


class ToolPatch(Patch):
    """What changes of a tool."""

    spec: ToolChanges | None = None
    """What changes of what it is."""


class ToolViewSet(WorkspaceViewSet):
    """`/v1/workspaces/{workspaceId}/tool_sets/{toolSetId}/tools`."""

    reads, writes = READ_TOOLS, MANAGE_TOOLS

    @operation(
        "listToolsOfSet",
        "List the tools of a set",
        tag=TAG,
        answer=page_of(Tool),
        query={
            **PAGING,
            **NAMES,
            "names": "Only tools of these names, or function names.",
            "states": "Only tools in these states; all but archived ones unless told.",
            "requiresApproval": "`true` or `false`: only tools of which somebody is asked, or nobody.",
            "overlays": "Only tools to which one of these overlays applies, by key.",
        },
        paths=OF_SET,
    )
    def list(self, request: Request, workspace_id: str, tool_set_id: str) -> Response:
        tool_set = self.found_set(tool_set_id)
        with_info = wants_info(request)

        def show(page: Sequence[ToolRow]) -> Sequence[Tool]:
            until = time.monotonic() + MOST_SECONDS
            how: Any = {"tenant_id": self.tenant_id, "with_info": with_info, "until": until}
            return [show_tool(row, tool_set, **how) for row in page]

        rows = _filtered(by_name(_rows(tool_set), request), request, tool_set)
        return answer_page(rows, request, of_list=f"{tool_set.id}/tools", show=show)

    @operation("createTool", "Make a tool", tag=TAG, answer=Tool, body=NewTool, paths=OF_SET)
    def create(self, request: Request, workspace_id: str, tool_set_id: str) -> Response:
        wanted = self.body(NewTool)
        return self.shown(
            actions.create_tool(access=self.access, tool_set=tool_set_id, wanted=wanted, now=timezone.now())
        )

    @operation("getTool", "Read a tool", tag=TAG, answer=Tool, paths=PATH)
    def retrieve(self, request: Request, workspace_id: str, tool_set_id: str, tool_id: str) -> Response:
        tool_set = self.found_set(tool_set_id)
        return self.answer(self.represent(find(_rows(tool_set), Prefix.TOOL, tool_id), tool_set))

    @operation("updateTool", "Change a tool", tag=TAG, answer=Tool, body=ToolPatch, paths=PATH)
    def update(self, request: Request, workspace_id: str, tool_set_id: str, tool_id: str) -> Response:
        changed = changes(self.body(ToolPatch), spec=ToolChanges)
        row = actions.update_tool(
            access=self.access, tool_set=tool_set_id, tool=tool_id, changes=changed, now=timezone.now()
        )
        return self.shown(row)

    @operation("deleteTool", "Remove a tool that is not assigned", tag=TAG, answer=Empty, paths=PATH)
    def destroy(self, request: Request, workspace_id: str, tool_set_id: str, tool_id: str) -> Response:
        actions.delete_tool(access=self.access, tool_set=tool_set_id, tool=tool_id)
        return self.answer(Empty())

    @operation("omitTool", "Leave out a tool that is not assigned", tag=TAG, answer=Tool, paths=PATH)
    def omit(self, request: Request, workspace_id: str, tool_set_id: str, tool_id: str) -> Response:
        return self.shown(
            actions.omit_tool(access=self.access, tool_set=tool_set_id, tool=tool_id, now=timezone.now())
        )

    @operation("restoreTool", "Offer a tool again that was left out", tag=TAG, answer=Tool, paths=PATH)
    def restore(self, request: Request, workspace_id: str, tool_set_id: str, tool_id: str) -> Response:
        return self.shown(
            actions.restore_tool(access=self.access, tool_set=tool_set_id, tool=tool_id, now=timezone.now())
        )

    def found_set(self, address: str) -> ToolSet:
        """The set that a path means; raises NotFound."""
        return find(ToolSet.objects.filter(space_id=self.space_id), Prefix.TOOL_SET, address)

    def represent(self, row: ToolRow, tool_set: ToolSet) -> Tool:
        return show_tool(row, tool_set, tenant_id=self.tenant_id)

    def shown(self, row: ToolRow) -> Response:
        """200 with a tool that an action gave back, its set included."""
        return self.answer(self.represent(row, row.tool_set))


def _rows(tool_set: ToolSet) -> QuerySet[ToolRow]:
    return ToolRow.objects.filter(tool_set=tool_set).select_related("created_by")


def _filtered(rows: QuerySet[ToolRow], request: Request, tool_set: ToolSet) -> QuerySet[ToolRow]:
    wanted = choices(request, "states", STATES)
    rows = rows.filter(state__in=wanted) if wanted else rows.exclude(state=ToolState.ARCHIVED)
    if names := [without_nul(name) for name in words(request, "names")]:
        rows = rows.filter(Q(name__in=names) | Q(function_name__in=names))
    approval = flag(request, "requiresApproval")
    if approval is not None:
        rows = rows.filter(requires_approval=approval)
    if keys := words(request, "overlays"):
        rows = rows.filter(pk__in=[tool.pk for tool in tools_changed_by(keys, tool_set)])
    return rows
