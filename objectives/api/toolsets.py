"""Tool sets: what they are, who uses them, and their lives."""

from collections.abc import Sequence

from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request
from rest_framework.response import Response

from objectives.access.permissions import MANAGE_TOOLS, READ_TOOLS
from objectives.actions import toolsets as actions
from objectives.api.describing import NOT_BUILT, page_of
from objectives.api.examples import NEW_TOOL_SET
from objectives.api.field_masks import Patch, changes
from objectives.api.filters import (
    AlwaysInfoFilter,
    EnumFilter,
    NamedFilter,
    WorkspaceFilter,
    found_by,
    wants_info,
)
from objectives.api.pagination import NewestFirst
from objectives.api.viewsets import WorkspaceViewSet
from objectives.ids import Prefix
from objectives.models import Assignment, Tool, ToolSet, ToolSetState
from objectives.representations.toolsets import show_tool_sets, show_uses, uses_of
from objectives.schemas.status import Empty
from objectives.schemas.toolsets import (
    NewToolSet,
    OpenApiSpec,
    ToolSetChanges,
    ToolSetEvent,
    ToolSetSchema,
    ToolSetUsage,
)
from objectives.selectors import find
from spaces.api.operations import operation
from spaces.api.permissions import Needs
from spaces.errors import NotReady

TAG = "tool_sets"
STATES = {f"STATE_{state.name}": state.value for state in ToolSetState}
TOOL = OpenApiParameter(
    "toolId", str, description="Only variations that may call this tool, `tool_…` or `external_id:…`."
)


class ToolSetFilter(NamedFilter):
    state = EnumFilter(
        "state__in",
        STATES,
        help_text="Only tool sets in one of these states; active ones unless told.",
        default=lambda rows: rows.filter(state=ToolSetState.ACTIVE),
    )


class ToolSetPatch(Patch):
    """What changes of a tool set."""

    spec: ToolSetChanges | None = None
    """What changes of what it is."""


class ToolSetViewSet(WorkspaceViewSet):
    """`/v1/workspaces/{workspaceId}/tool_sets`."""

    permission_classes = (Needs.by_action(READ_TOOLS, MANAGE_TOOLS),)

    @operation(
        "listToolSets",
        "List tool sets",
        tag=TAG,
        answer=page_of(ToolSetSchema),
        filterset_class=ToolSetFilter,
        pagination_class=NewestFirst,
    )
    def list(self, request: Request, workspace_id: str) -> Response:
        """The tool sets of a workspace. Archived ones are left out unless `state` asks for them."""
        with_info = wants_info(request)

        def show(page: Sequence[ToolSet]) -> Sequence[ToolSetSchema]:
            return show_tool_sets(page, tenant_id=self.tenant_id, with_info=with_info)

        return self.answer_page(self.rows, of_list=f"{self.space_id}/tool_sets", show=show)

    @operation(
        "createToolSet",
        "Create a tool set",
        tag=TAG,
        body=NewToolSet,
        answer=ToolSetSchema,
        errors=[409, 501],
        examples={"body": NEW_TOOL_SET},
    )
    def create(self, request: Request, workspace_id: str) -> Response:
        """Makes a set of tools that share an adapter: how they are reached, with which headers and secrets.

        Sets that synchronize their tools (MCP, OpenAPI) are not built (501).
        """
        wanted = self.body(NewToolSet)
        return self.shown(actions.create_tool_set(access=self.access, wanted=wanted, now=timezone.now()))

    @operation(
        "getToolSet",
        "Read a tool set",
        tag=TAG,
        answer=ToolSetSchema,
    )
    def retrieve(self, request: Request, workspace_id: str, tool_set_id: str) -> Response:
        """One tool set in any state, with its adapter, its overlays and its counts."""
        return self.shown(self.found(tool_set_id))

    @operation(
        "updateToolSet",
        "Change a tool set",
        tag=TAG,
        body=ToolSetPatch,
        answer=ToolSetSchema,
        errors=[409, 501],
    )
    def update(self, request: Request, workspace_id: str, tool_set_id: str) -> Response:
        """Changes the fields that `updateMask` names, or those that the body brings, also of an archived set.

        A set that has tools keeps its kind of adapter (code 9).
        """
        changed = changes(self.body(ToolSetPatch), spec=ToolSetChanges)
        row = actions.update_tool_set(
            access=self.access, tool_set=tool_set_id, changes=changed, now=timezone.now()
        )
        return self.shown(row)

    @operation(
        "deleteToolSet",
        "Remove a tool set that is not assigned",
        tag=TAG,
        answer=Empty,
    )
    def destroy(self, request: Request, workspace_id: str, tool_set_id: str) -> Response:
        """Removes a set with its tools and secrets. Tool calls that were made keep what they show.

        While the set, or a tool of it, is assigned to a variation this is refused (code 9).
        """
        actions.delete_tool_set(access=self.access, tool_set=tool_set_id)
        return self.answer(Empty())

    @operation(
        "archiveToolSet",
        "Archive a tool set and its tools",
        tag=TAG,
        answer=ToolSetSchema,
    )
    def archive(self, request: Request, workspace_id: str, tool_set_id: str) -> Response:
        """Hides a set: its tools are offered to nobody from now on. An archived set is refused (code 9)."""
        return self.shown(
            actions.archive_tool_set(access=self.access, tool_set=tool_set_id, now=timezone.now())
        )

    @operation(
        "unarchiveToolSet",
        "Unarchive a tool set",
        tag=TAG,
        answer=ToolSetSchema,
    )
    def unarchive(self, request: Request, workspace_id: str, tool_set_id: str) -> Response:
        """Brings an archived set back with its tools. One that is active is refused (code 9)."""
        return self.shown(
            actions.unarchive_tool_set(access=self.access, tool_set=tool_set_id, now=timezone.now())
        )

    @operation(
        "listToolSetEvents",
        "List what happened to a set that is synchronized: nothing, for such sets are not built",
        tag=NOT_BUILT,
        answer=page_of(ToolSetEvent),
        filterset_class=AlwaysInfoFilter,
        pagination_class=NewestFirst,
    )
    def events(self, request: Request, workspace_id: str, tool_set_id: str) -> Response:
        """Sets that are synchronized are not built, so this list is always empty. Its parameters are checked
        like those of other lists.
        """
        tool_set = self.found(tool_set_id)
        return self.answer_page(Tool.objects.none(), of_list=f"{tool_set.id}/events", show=lambda _: [])

    @operation(
        "getToolSetOpenApiSpec",
        "Read the OpenAPI document that a set was made from: refused, for such sets are not built",
        tag=NOT_BUILT,
        answer=OpenApiSpec,
    )
    def openapi_spec(self, request: Request, workspace_id: str, tool_set_id: str) -> Response:
        """Always refused (code 9): sets that are made from an OpenAPI document are not built, so none has
        one.
        """
        kind = self.found(tool_set_id).adapter
        raise NotReady(f"This tool set has an adapter of the type {kind}, which has no OpenAPI document.")

    @operation(
        "listToolSetUsage",
        "List the agent variations that may call a tool set, or one of its tools",
        tag=TAG,
        answer=page_of(ToolSetUsage),
        filterset_class=WorkspaceFilter,
        pagination_class=NewestFirst,
        parameters=[TOOL],
    )
    def usage(self, request: Request, workspace_id: str, tool_set_id: str) -> Response:
        """The variations that may call the set or a tool of it, with their agents and models: who would
        notice a change.
        """
        tool_set = self.found(tool_set_id)
        address, tools = request.query_params.get("toolId"), Tool.objects.filter(tool_set=tool_set)
        tool = found_by(tools, Prefix.TOOL, address, "toolId") if address else None

        def show(page: Sequence[Assignment]) -> Sequence[ToolSetUsage]:
            return show_uses(page, space_id=self.space_id, tenant_id=self.tenant_id)

        return self.answer_page(uses_of(tool_set, tool), of_list=f"{tool_set.id}/usage", show=show)

    @property
    def rows(self) -> QuerySet[ToolSet]:
        return ToolSet.objects.filter(space_id=self.space_id)

    def found(self, address: str) -> ToolSet:
        """The set that a path means; raises NotFound."""
        return find(self.rows, Prefix.TOOL_SET, address)

    def shown(self, row: ToolSet) -> Response:
        """200 with the set and its info."""
        return self.answer(show_tool_sets([row], tenant_id=self.tenant_id)[0])
