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
from objectives.api.describing import page_of
from objectives.api.examples import NEW_TOOL
from objectives.api.field_masks import Patch, changes
from objectives.api.filters import EnumFilter, FlagFilter, NamedFilter, WordsFilter, wants_info, words_in
from objectives.api.pagination import NewestFirst
from objectives.api.viewsets import WorkspaceViewSet
from objectives.ids import Prefix
from objectives.models import Tool, ToolSet, ToolState
from objectives.overlays.rows import MOST_SECONDS, tools_changed_by
from objectives.representations.tools import show_tool
from objectives.schemas.status import Empty
from objectives.schemas.tools import NewTool, ToolChanges, ToolSchema
from objectives.selectors import find
from spaces.api.operations import operation
from spaces.api.permissions import Needs

TAG = "tools"
STATES = {f"STATE_{state.name}": state.value for state in ToolState}


def _named(rows: QuerySet[Tool], names: Sequence[str]) -> QuerySet[Tool]:
    return rows.filter(Q(name__in=names) | Q(function_name__in=names))


class ToolFilter(NamedFilter):
    names = WordsFilter(help_text="Only tools of these names, or function names.", narrow=_named)
    states = EnumFilter(
        "state__in",
        STATES,
        help_text="Only tools in these states; all but archived ones unless told.",
        default=lambda rows: rows.exclude(state=ToolState.ARCHIVED),
    )
    requires_approval = FlagFilter(
        "requires_approval", help_text="Only tools of which somebody is asked, or nobody."
    )
    overlays = WordsFilter(help_text="Only tools to which one of these overlays applies, by key.")


class ToolPatch(Patch):
    """What changes of a tool."""

    spec: ToolChanges | None = None
    """What changes of what it is."""


class ToolViewSet(WorkspaceViewSet):
    """`/v1/workspaces/{workspaceId}/tool_sets/{toolSetId}/tools`."""

    permission_classes = (Needs.by_action(READ_TOOLS, MANAGE_TOOLS),)

    @operation(
        "listToolsOfSet",
        "List the tools of a set",
        tag=TAG,
        answer=page_of(ToolSchema),
        filterset_class=ToolFilter,
        pagination_class=NewestFirst,
    )
    def list(self, request: Request, workspace_id: str, tool_set_id: str) -> Response:
        """The tools of a set. Archived ones are left out unless `states` asks for them."""
        tool_set = self.found_set(tool_set_id)
        with_info = wants_info(request)

        def show(page: Sequence[Tool]) -> Sequence[ToolSchema]:
            until = time.monotonic() + MOST_SECONDS
            how: Any = {"tenant_id": self.tenant_id, "with_info": with_info, "until": until}
            return [show_tool(row, tool_set, **how) for row in page]

        rows = _rows(tool_set)
        if keys := words_in(request.query_params.getlist("overlays")):
            rows = rows.filter(pk__in=[tool.pk for tool in tools_changed_by(keys, tool_set)])
        return self.answer_page(rows, of_list=f"{tool_set.id}/tools", show=show)

    @operation(
        "createTool",
        "Make a tool",
        tag=TAG,
        body=NewTool,
        answer=ToolSchema,
        errors=[409, 501],
        examples={"body": NEW_TOOL},
    )
    def create(self, request: Request, workspace_id: str, tool_set_id: str) -> Response:
        """Makes a tool of a set, available at once: what the model is told of it, its parameters as JSON
        Schema, and how its request is made, as Liquid templates.

        Without `llmToolName` the model's name for it is made from its own. An external id that another tool
        has is a 409.
        """
        wanted = self.body(NewTool)
        return self.shown(
            actions.create_tool(access=self.access, tool_set=tool_set_id, wanted=wanted, now=timezone.now())
        )

    @operation(
        "getTool",
        "Read a tool",
        tag=TAG,
        answer=ToolSchema,
    )
    def retrieve(self, request: Request, workspace_id: str, tool_set_id: str, tool_id: str) -> Response:
        """One tool in any state, with the overlays that apply to it and what they make of it."""
        tool_set = self.found_set(tool_set_id)
        return self.answer(self.represent(find(_rows(tool_set), Prefix.TOOL, tool_id), tool_set))

    @operation(
        "updateTool",
        "Change a tool",
        tag=TAG,
        body=ToolPatch,
        answer=ToolSchema,
        errors=[409, 501],
    )
    def update(self, request: Request, workspace_id: str, tool_set_id: str, tool_id: str) -> Response:
        """Changes the fields that `updateMask` names, or those that the body brings. Runs that were started
        keep the old tool.
        """
        changed = changes(self.body(ToolPatch), spec=ToolChanges)
        row = actions.update_tool(
            access=self.access, tool_set=tool_set_id, tool=tool_id, changes=changed, now=timezone.now()
        )
        return self.shown(row)

    @operation(
        "deleteTool",
        "Remove a tool that is not assigned",
        tag=TAG,
        answer=Empty,
    )
    def destroy(self, request: Request, workspace_id: str, tool_set_id: str, tool_id: str) -> Response:
        """Removes a tool. Calls that were made keep what they show. While it is assigned to a variation this
        is refused (code 9).
        """
        actions.delete_tool(access=self.access, tool_set=tool_set_id, tool=tool_id)
        return self.answer(Empty())

    @operation(
        "omitTool",
        "Omit a tool that is not assigned",
        tag=TAG,
        answer=ToolSchema,
    )
    def omit(self, request: Request, workspace_id: str, tool_set_id: str, tool_id: str) -> Response:
        """Leaves a tool out: it is offered to nobody, also not with its whole set. While it is assigned by
        itself this is refused (code 9).
        """
        return self.shown(
            actions.omit_tool(access=self.access, tool_set=tool_set_id, tool=tool_id, now=timezone.now())
        )

    @operation(
        "restoreTool",
        "Include a tool again",
        tag=TAG,
        answer=ToolSchema,
    )
    def restore(self, request: Request, workspace_id: str, tool_set_id: str, tool_id: str) -> Response:
        """Offers a tool again that was left out. Any other is refused (code 9)."""
        return self.shown(
            actions.restore_tool(access=self.access, tool_set=tool_set_id, tool=tool_id, now=timezone.now())
        )

    def found_set(self, address: str) -> ToolSet:
        """The set that a path means; raises NotFound."""
        return find(ToolSet.objects.filter(space_id=self.space_id), Prefix.TOOL_SET, address)

    def represent(self, row: Tool, tool_set: ToolSet) -> ToolSchema:
        return show_tool(row, tool_set, tenant_id=self.tenant_id)

    def shown(self, row: Tool) -> Response:
        """200 with a tool that an action gave back, its set included."""
        return self.answer(self.represent(row, row.tool_set))


def _rows(tool_set: ToolSet) -> QuerySet[Tool]:
    return Tool.objects.filter(tool_set=tool_set).select_related("created_by")
