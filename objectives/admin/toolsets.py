"""Tool sets and their tools in the admin."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from unfold.admin import TabularInline
from unfold.contrib.filters.admin import AutocompleteSelectFilter, ChoicesDropdownFilter
from unfold.decorators import display

from objectives.admin.overlays import overlay_list
from objectives.admin.read_only import Browsed
from objectives.ids import Prefix
from objectives.models import Tool, ToolSet, ToolSetState, ToolState
from spaces.admin.kit.changelist import ReadOnly
from spaces.admin.kit.formatting import badge, json_block, link_to

SET_COLOURS = {ToolSetState.ACTIVE: "succeeded", ToolSetState.ARCHIVED: "cancelled"}
COLOURS = {ToolState.AVAILABLE: "succeeded", ToolState.OMITTED: "queued", ToolState.ARCHIVED: "cancelled"}


class ToolInline(ReadOnly, TabularInline):
    """The tools of one set."""

    model = Tool
    fields = ("shown_name", "function_name", "requires_approval", "description")
    readonly_fields = fields
    ordering = ("created_at", "id")
    extra = 0
    per_page = 50
    verbose_name_plural = "tools"
    show_title = False

    @display(description="Tool")
    def shown_name(self, tool: Tool) -> SafeString | str:
        return link_to(tool)


@admin.register(ToolSet)
class ToolSetAdmin(Browsed):
    """Tools behind one address, or one outside party; written through the API.

    Values of headers are templates: what is secret in them stands in a secret, which only its name tells of.
    """

    prefix = Prefix.TOOL_SET
    list_display = ("name", "adapter", "shown_state", "tenant", "space", "base_url", "created_at")
    list_filter = (("space", AutocompleteSelectFilter), ("adapter", ChoicesDropdownFilter))
    columns = (
        "adapter",
        "shown_state",
        "description",
        "base_url",
        "header_names",
        "content_seconds",
        "shown_overlays",
    )
    inlines = (ToolInline,)

    @display(description="State")
    def shown_state(self, tool_set: ToolSet) -> SafeString:
        return badge(tool_set.state, SET_COLOURS[ToolSetState(tool_set.state)])

    @display(description="Headers")
    def header_names(self, tool_set: ToolSet) -> str:
        """By name alone: nothing keeps people from writing a password where a template belongs."""
        return ", ".join(tool_set.headers) or "–"

    @display(description="Overlays")
    def shown_overlays(self, tool_set: ToolSet) -> SafeString | str:
        return overlay_list(tool_set.overlays)


@admin.register(Tool)
class ToolAdmin(Browsed):
    """One function that a model may call; written through the API."""

    prefix = Prefix.TOOL
    list_display = (
        "name",
        "function_name",
        "tool_set",
        "shown_state",
        "requires_approval",
        "tenant",
        "space",
    )
    search_prefix = ("name", "function_name")
    columns = (
        "shown_set",
        "shown_state",
        "function_name",
        "requires_approval",
        "description",
        "shown_parameters",
        "shown_config",
    )

    @display(description="Tool set")
    def shown_set(self, tool: Tool) -> SafeString | str:
        return link_to(tool.tool_set)

    @display(description="State")
    def shown_state(self, tool: Tool) -> SafeString:
        return badge(tool.state, COLOURS[ToolState(tool.state)])

    @display(description="Parameters")
    def shown_parameters(self, tool: Tool) -> str:
        return json_block(tool.parameters)

    @display(description="How it is carried out")
    def shown_config(self, tool: Tool) -> str:
        headers = tool.config.get("headers")
        return json_block({**tool.config, "headers": sorted(headers)} if headers else tool.config)

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Any]":
        return super().get_queryset(request).select_related("tool_set")
