"""Agents, and the variations in which they can be tried against each other."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from objectives.models.model import LanguageModel
from objectives.models.resource import Resource, external_id_once, newest_in_space
from objectives.models.toolset import Tool, ToolSet
from spaces.ids import new_id


class AgentState(models.TextChoices):
    DRAFT = "draft", "Draft"  # being written; starts no objective
    PUBLISHED = "published", "Published"  # may be started
    ARCHIVED = "archived", "Archived"  # hidden, starts nothing


class VariationChoice(models.TextChoices):
    RANDOM = "random", "Random"  # every variation as often as any other
    WEIGHTED = "weighted", "Weighted"  # the better the feedback, the more often


class Agent(Resource):
    """Who works on objectives: a name, what it is asked to produce, and its variations."""

    state = models.CharField(max_length=10, choices=AgentState, default=AgentState.DRAFT)
    description = models.TextField(blank=True, default="")
    variation_choice = models.CharField(
        max_length=10, choices=VariationChoice, default=VariationChoice.RANDOM
    )
    # JSON Schemas: of the data that the system prompt's template takes, and of the output that ends the work.
    system_prompt_data_schema = models.JSONField(null=True, blank=True)
    output_definition = models.JSONField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [external_id_once("agent")]
        indexes: ClassVar = [newest_in_space("agent")]


class AgentVariation(Resource):
    """One way an agent works: its prompt, its model, its tools and its limits.

    `settings` are the model's request settings as the API writes them (`temperature` …), without the model.
    """

    agent = models.ForeignKey(Agent, on_delete=models.CASCADE, related_name="variations", db_index=False)
    description = models.TextField(blank=True, default="")
    system_prompt_template = models.TextField(blank=True, default="")
    first_user_message_template = models.TextField(blank=True, default="")
    model = models.ForeignKey(
        LanguageModel, on_delete=models.PROTECT, null=True, blank=True, related_name="variations"
    )
    settings = models.JSONField(default=dict, blank=True)
    progressive_discovery = models.JSONField(null=True, blank=True)
    max_tool_calls = models.PositiveIntegerField(null=True, blank=True)
    max_sub_objectives = models.PositiveIntegerField(null=True, blank=True)
    inactivity_seconds = models.FloatField(null=True, blank=True, help_text="Seconds; empty means a day.")
    compaction = models.JSONField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [external_id_once("variation")]
        indexes: ClassVar = [models.Index(fields=["agent", "created_at", "id"], name="variation_by_agent")]


class Assignment(models.Model):
    """One thing that a variation may call: a tool, all tools of a set, or another agent."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    variation = models.ForeignKey(
        AgentVariation, on_delete=models.CASCADE, related_name="assignments", db_index=False
    )
    tool = models.ForeignKey(Tool, on_delete=models.CASCADE, null=True, related_name="assignments")
    tool_set = models.ForeignKey(ToolSet, on_delete=models.CASCADE, null=True, related_name="assignments")
    sub_agent = models.ForeignKey(Agent, on_delete=models.CASCADE, null=True, related_name="callers")
    created_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(tool__isnull=False, tool_set__isnull=True, sub_agent__isnull=True)
                | Q(tool__isnull=True, tool_set__isnull=False, sub_agent__isnull=True)
                | Q(tool__isnull=True, tool_set__isnull=True, sub_agent__isnull=False),
                name="an_assignment_is_of_one_thing",
            ),
            models.UniqueConstraint(
                fields=["variation", "tool", "tool_set", "sub_agent"],
                name="a_thing_is_assigned_once",
                nulls_distinct=False,
            ),
        ]

    def __str__(self) -> str:
        return str(self.tool or self.tool_set or self.sub_agent)
