"""One agent run: what was asked, where it stands, and what came of it."""

import uuid
from datetime import datetime
from typing import ClassVar

from django.contrib.postgres.indexes import GinIndex
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import Q

from executions.runs.run import Run
from objectives.models.agent import Agent, AgentVariation
from objectives.models.resource import Operation, external_id_once, newest_in_space
from objectives.models.usage import TokenCounts


class ObjectiveState(models.TextChoices):
    PENDING = "pending", "Pending"  # made, waits for its first worker
    RUNNING = "running", "Running"  # a worker is on it, or one is about to be
    WAITING = "waiting", "Waiting"  # only people or the outside can move it on
    INTERRUPTING = "interrupting", "Interrupting"  # asked to stop its turn; a worker is ending it
    FINALIZED = "finalized", "Finalized"  # ended with the output its agent is for
    FAILED = "failed", "Failed"  # ended without, `error_type` says why
    CANCELLED = "cancelled", "Cancelled"  # ended because somebody asked
    TIMED_OUT = "timed_out", "Timed out"  # ended because nothing happened for too long


OPEN = frozenset(
    {
        ObjectiveState.PENDING,
        ObjectiveState.RUNNING,
        ObjectiveState.WAITING,
        ObjectiveState.INTERRUPTING,
    }
)
OVER = frozenset(ObjectiveState) - OPEN


class ErrorType(models.TextChoices):
    MODEL_ERROR = "model_error", "The language model did not answer"
    PROVIDER_UNAVAILABLE = "provider_unavailable", "The model provider was unavailable for too long"
    QUOTA_EXCEEDED = "quota_exceeded", "The model provider's quota or credit is exhausted"
    BUDGET_EXCEEDED = "budget_exceeded", "It exceeded its budget"
    ITERATION_LIMIT = "iteration_limit", "It exceeded its limit of model requests"
    TOOL_CALL_LIMIT = "tool_call_limit", "It exceeded its limit of tool calls"
    SUB_OBJECTIVE_LIMIT = "sub_objective_limit", "It exceeded its limit of sub-agents"
    WORKER_LOST = "worker_lost", "Its worker was lost too often"
    CONFIGURATION = "configuration", "Its agent is misconfigured"


# What comes to an end by itself or by somebody's doing: the others would only happen again.
PASSING = frozenset({ErrorType.PROVIDER_UNAVAILABLE, ErrorType.QUOTA_EXCEEDED, ErrorType.WORKER_LOST})


class Objective(Operation, TokenCounts, Run):
    """The row behind the workspace API's objective.

    `agent_snapshot` and `variation_snapshot` are the two as they were when it was made, in the API's own
    form: they never change. `plan` is what the loop needs of them (see `objectives.planning.plan`). `turn`
    counts responses of the model over all windows. `idle_since` is when the clock of inactivity began to run,
    empty while it stands still.

    While its model's provider is unavailable the row says since when, when it is asked next (in the past: it
    is being asked) and what it said last. `ask_not_before` is what the provider itself asked for.
    """

    over = OVER

    agent = models.ForeignKey(Agent, on_delete=models.PROTECT, related_name="objectives", db_index=False)
    variation = models.ForeignKey(
        AgentVariation, on_delete=models.SET_NULL, null=True, related_name="objectives", db_index=False
    )
    state = models.CharField(max_length=12, choices=ObjectiveState, default=ObjectiveState.PENDING)
    state_message = models.TextField(blank=True, default="")
    error_type = models.CharField(max_length=30, choices=ErrorType, blank=True, default="")

    agent_snapshot = models.JSONField(encoder=DjangoJSONEncoder)
    variation_snapshot = models.JSONField(encoder=DjangoJSONEncoder)
    plan = models.JSONField(encoder=DjangoJSONEncoder)
    system_prompt = models.TextField(blank=True, default="")
    system_prompt_data = models.JSONField(null=True)
    first_user_message = models.TextField(blank=True, default="")
    first_user_message_data = models.JSONField(null=True)
    pinned_parameters = models.JSONField(default=dict)
    output = models.JSONField(null=True)

    parent = models.ForeignKey(
        "self", on_delete=models.CASCADE, null=True, related_name="children", db_index=False
    )

    turn = models.PositiveIntegerField(default=0)
    attempt = models.PositiveIntegerField(default=0)  # how often a worker took it up
    failures = models.PositiveSmallIntegerField(default=0)  # times in a row that the model did not answer
    lost_worker_count = models.PositiveSmallIntegerField(default=0)  # in a row, without any outcome
    provider_unavailable_since = models.DateTimeField(null=True)
    provider_message = models.TextField(blank=True, default="")
    next_try_at = models.DateTimeField(null=True)
    ask_not_before = models.DateTimeField(null=True)
    asked_at = models.DateTimeField(null=True)  # when the model was asked for what it has not answered yet
    event_count = models.PositiveBigIntegerField(default=0)
    tool_call_count = models.PositiveIntegerField(default=0)
    window_count = models.PositiveIntegerField(default=0)
    cost_budget_usd = models.DecimalField(max_digits=18, decimal_places=10, null=True)

    inactivity_seconds = models.FloatField()
    idle_since = models.DateTimeField(null=True)
    # The last time that somebody took it up again after it had failed.
    continued_at = models.DateTimeField(null=True)
    continued_by = models.ForeignKey(
        "spaces.Principal", on_delete=models.SET_NULL, null=True, related_name="+", db_index=False
    )
    interrupt_requested_at = models.DateTimeField(null=True)
    is_interrupted = models.BooleanField(default=False)  # the turn was, and nobody has said anything since

    class Meta:
        constraints: ClassVar = [
            external_id_once("objective"),
            models.CheckConstraint(
                condition=Q(state__in=ObjectiveState.values), name="objective_state_is_known"
            ),
            models.CheckConstraint(
                condition=Q(state__in=sorted(OVER), finished_at__isnull=False)
                | Q(state__in=sorted(OPEN), finished_at__isnull=True),
                name="an_objective_is_finished_exactly_when_over",
            ),
            models.CheckConstraint(
                condition=Q(state=ObjectiveState.FAILED) & ~Q(error_type="")
                | ~Q(state=ObjectiveState.FAILED) & Q(error_type=""),
                name="an_error_type_exactly_when_failed",
            ),
            models.CheckConstraint(
                condition=Q(provider_unavailable_since__isnull=True, next_try_at__isnull=True)
                | Q(
                    state=ObjectiveState.RUNNING,
                    provider_unavailable_since__isnull=False,
                    next_try_at__isnull=False,
                ),
                name="only_what_runs_waits_for_its_provider",
            ),
        ]
        indexes: ClassVar = [
            newest_in_space("objective"),
            # The list of one state, of one profile, of one agent (and state), of one parent.
            models.Index(fields=["space", "state", "created_at", "id"], name="objective_by_state"),
            models.Index(fields=["space", "created_by", "created_at", "id"], name="objective_by_principal"),
            models.Index(fields=["agent", "created_at", "id", "state"], name="objective_by_agent"),
            # The list of those that carry a label.
            GinIndex(fields=["labels"], opclasses=["jsonb_path_ops"], name="objective_by_label"),
            # The operators' list over all spaces, and that of one state.
            models.Index(fields=["created_at", "id"], name="objective_newest"),
            models.Index(fields=["state", "created_at", "id"], name="objective_by_state_anywhere"),
            models.Index(
                fields=["parent", "created_at", "id"],
                condition=Q(parent__isnull=False),
                name="objective_by_parent",
            ),
            # The desk's count and list of those whose provider is unavailable.
            models.Index(
                fields=["created_at", "id"],
                condition=Q(provider_unavailable_since__isnull=False),
                name="objective_without_provider",
            ),
            # What the sweeper times out.
            models.Index(fields=["idle_since"], condition=Q(idle_since__isnull=False), name="objective_idle"),
        ]

    def __str__(self) -> str:
        return f"objective {self.id} ({self.state})"

    def ask_to_cancel(self, *, by: uuid.UUID | None, why: str, now: datetime) -> list[str]:
        self.state_message = why
        return ["state_message", *super().ask_to_cancel(by=by, why=why, now=now)]
