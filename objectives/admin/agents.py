"""Agents in the admin: their variations, and what each may call."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.admin import TabularInline
from unfold.contrib.filters.admin import AutocompleteSelectFilter, ChoicesDropdownFilter
from unfold.decorators import display

from objectives.admin.callables import may_call
from objectives.admin.read_only import Browsed
from objectives.ids import Prefix
from objectives.models import Agent, AgentState, AgentVariation
from spaces.admin.kit.changelist import ReadOnly
from spaces.admin.kit.formatting import badge, json_block, link_to, text_block

COLOURS = {AgentState.DRAFT: "queued", AgentState.PUBLISHED: "succeeded", AgentState.ARCHIVED: "cancelled"}


class VariationInline(ReadOnly, TabularInline):
    """The variations of one agent."""

    model = AgentVariation
    fields = ("shown_name", "description", "shown_model", "created_at")
    readonly_fields = fields
    ordering = ("created_at", "id")
    extra = 0
    per_page = 20
    verbose_name_plural = "variations"
    show_title = False

    @display(description="Variation")
    def shown_name(self, variation: AgentVariation) -> SafeString | str:
        return link_to(variation)

    @display(description="Model")
    def shown_model(self, variation: AgentVariation) -> str:
        return variation.model.name if variation.model else "The space's default"

    def get_queryset(self, request: HttpRequest) -> "QuerySet[AgentVariation]":
        return super().get_queryset(request).select_related("model")


@admin.register(Agent)
class AgentAdmin(Browsed):
    """Who works on objectives; written through the API."""

    prefix = Prefix.AGENT
    list_display = ("name", "shown_state", "tenant", "space", "description", "created_at")
    list_filter = (("space", AutocompleteSelectFilter), ("state", ChoicesDropdownFilter))
    columns = (
        "shown_state",
        "description",
        "variation_choice",
        "shown_objectives",
        "shown_prompt_data",
        "shown_output",
    )
    inlines = (VariationInline,)

    @display(description="State")
    def shown_state(self, agent: Agent) -> SafeString:
        return badge(agent.state, COLOURS[AgentState(agent.state)])

    @display(description="Objectives")
    def shown_objectives(self, agent: Agent) -> SafeString:
        url = reverse("admin:objectives_objective_changelist")
        return format_html('<a class="cb-link" href="{}?agent__id__exact={}">Show them</a>', url, agent.pk)

    @display(description="Schema of the prompt's data")
    def shown_prompt_data(self, agent: Agent) -> str:
        return json_block(agent.system_prompt_data_schema)

    @display(description="Schema of the output")
    def shown_output(self, agent: Agent) -> str:
        return json_block(agent.output_definition)


@admin.register(AgentVariation)
class VariationAdmin(Browsed):
    """One way in which an agent works; written through the API."""

    prefix = Prefix.VARIATION
    list_display = ("name", "agent", "tenant", "space", "shown_model", "created_at")
    columns = (
        "shown_agent",
        "description",
        "may_call",
        "shown_model",
        "shown_settings",
        "shown_prompt",
        "shown_message",
        "max_tool_calls",
        "max_sub_objectives",
        "inactivity_seconds",
        "shown_compaction",
    )

    @display(description="May call")
    def may_call(self, variation: AgentVariation) -> str:
        return may_call(variation)

    @display(description="Agent")
    def shown_agent(self, variation: AgentVariation) -> SafeString | str:
        return link_to(variation.agent)

    @display(description="Model")
    def shown_model(self, variation: AgentVariation) -> SafeString | str:
        return link_to(variation.model) if variation.model else "The space's default"

    @display(description="Model settings")
    def shown_settings(self, variation: AgentVariation) -> str:
        return json_block(variation.settings)

    @display(description="System prompt")
    def shown_prompt(self, variation: AgentVariation) -> str:
        return text_block(variation.system_prompt_template)

    @display(description="First message")
    def shown_message(self, variation: AgentVariation) -> str:
        return text_block(variation.first_user_message_template)

    @display(description="Compaction")
    def shown_compaction(self, variation: AgentVariation) -> str:
        return json_block(variation.compaction)

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Any]":
        return super().get_queryset(request).select_related("agent", "model")
