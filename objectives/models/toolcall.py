"""One call of a tool, an agent or a skill that a model asked for: its approval and its execution."""

from typing import ClassVar

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import Q

from objectives.models.agent import Agent
from objectives.models.history import Step
from objectives.models.objective import Objective
from objectives.models.resource import Operation
from objectives.models.toolset import Tool
from spaces.ids import new_id
from spaces.models import Blob, Principal


class ApprovalStatus(models.TextChoices):
    """The axis that the API calls `status`."""

    AUTO_APPROVED = "auto_approved", "Not needed"  # nobody had to be asked, or auto mode said yes
    WAITING_FOR_APPROVAL = "waiting_for_approval", "Waiting for approval"  # nothing happens until then
    APPROVED = "approved", "Approved"  # somebody, or the default after the expiry, said yes
    DENIED = "denied", "Denied"  # somebody, or the default, said no: it never runs


class ExecutionStatus(models.TextChoices):
    """The axis that the API calls `executionStatus`."""

    PENDING = "pending", "Pending"  # not begun
    RUNNING = "running", "Running"  # begun: its effect may have happened
    WAITING_FOR_CONTENT = "waiting_for_content", "Waiting for content"  # somebody outside supplies the result
    COMPLETED = "completed", "Completed"  # has a result
    ERRORED = "errored", "Errored"  # has none, `error_type` says why
    INTERRUPTED = "interrupted", "Interrupted"  # given up with its objective's work


class CallKind(models.TextChoices):
    TOOL = "tool", "Tool"  # of a tool set
    AGENT = "agent", "Agent"  # a sub-agent: a child objective
    SKILL = "skill", "Skill"  # a provided tool: a skill execution of the space
    SEARCH = "search", "Search"  # a provided tool: looks for tools that were not assigned
    READING = (
        "reading",
        "Reading",
    )  # a provided tool: reads what is kept, a result that was cut or a skill
    UNKNOWN = "unknown", "Unknown"  # the model asked for what it was not offered


class CallError(models.TextChoices):
    OUTCOME_UNKNOWN = (
        "outcome_unknown",
        "It was interrupted and its outcome is unknown; it must not be repeated",
    )
    TOOL_ERROR = "tool_error", "The tool answered with an error"
    UNREACHABLE = "unreachable", "The tool could not be reached, or may not be"
    TIMEOUT = "timeout", "It timed out"
    TOO_LARGE = "too_large", "Its response is too large"  # of old: what there is of one is kept now
    INVALID_ARGUMENTS = "invalid_arguments", "The arguments do not match the tool's parameters"
    UNKNOWN_TOOL = "unknown_tool", "Unknown tool"
    SECRET_MISSING = "secret_missing", "A secret that it uses does not exist"
    CONTENT_TIMEOUT = "content_timeout", "The content was not supplied in time"
    CUT_OFF = "cut_off", "The answer that asked for it was cut off"
    SUB_RUN_FAILED = "sub_run_failed", "The sub-agent or the skill ended without a result"
    LIMIT = "limit", "An agent limit was reached"


AWAITS_JUDGEMENT = Q(
    approval=ApprovalStatus.WAITING_FOR_APPROVAL, execution=ExecutionStatus.PENDING, awaits_judgement=True
)
WAITS_FOR_PEOPLE = Q(
    approval=ApprovalStatus.WAITING_FOR_APPROVAL, execution=ExecutionStatus.PENDING, awaits_judgement=False
) | Q(execution=ExecutionStatus.WAITING_FOR_CONTENT)
SETTLED = Q(approval=ApprovalStatus.DENIED) | Q(
    execution__in=[ExecutionStatus.COMPLETED, ExecutionStatus.ERRORED, ExecutionStatus.INTERRUPTED]
)


class ToolCall(Operation):
    """The row behind the seed page of the workspace API.

    `caller` is the agent of its objective, `agent` the one that was called. `callable` is what was called as
    the API shows it (a ResourceMetadata), `called_as` the function name and `provider_call_id` the id that
    the model gave. `result` are the stored content blocks (see `objectives.tool_results.blocks`);
    `raw_arguments` is what the model wrote where that was no JSON object. `run_id` is the child objective or
    the skill execution that carries the call out. `fence` is the lease under which it began, or is being
    judged. `awaits_judgement` means that auto mode is to be asked before people are; `decision_scores` is
    what came of that, as the API writes it.
    """

    objective = models.ForeignKey(
        Objective, on_delete=models.CASCADE, related_name="tool_calls", db_index=False
    )
    step = models.ForeignKey(Step, on_delete=models.CASCADE, related_name="tool_calls", db_index=False)
    place = models.PositiveSmallIntegerField()
    provider_call_id = models.TextField()
    called_as = models.CharField(max_length=255)
    kind = models.CharField(max_length=10, choices=CallKind)
    tool = models.ForeignKey(Tool, on_delete=models.SET_NULL, null=True, related_name="calls")
    agent = models.ForeignKey(Agent, on_delete=models.SET_NULL, null=True, related_name="calls")
    caller = models.ForeignKey(
        Agent, on_delete=models.PROTECT, related_name="+", db_index=False, verbose_name="agent"
    )
    skill_slug = models.CharField(max_length=64, blank=True, default="")
    callable = models.JSONField(encoder=DjangoJSONEncoder)
    config = models.JSONField(default=dict, encoder=DjangoJSONEncoder)
    arguments = models.JSONField(default=dict, encoder=DjangoJSONEncoder)
    raw_arguments = models.TextField(blank=True, default="")

    approval = models.CharField(max_length=20, choices=ApprovalStatus)
    execution = models.CharField(max_length=20, choices=ExecutionStatus, default=ExecutionStatus.PENDING)
    memo = models.TextField(null=True)
    decided_by = models.ForeignKey(
        Principal, on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    decided_at = models.DateTimeField(null=True)
    awaits_judgement = models.BooleanField(default=False)
    decision_scores = models.JSONField(null=True)
    approval_expires_at = models.DateTimeField(null=True)
    content_expires_at = models.DateTimeField(null=True)
    resolved_secrets = models.JSONField(default=list)
    is_safe_to_repeat = models.BooleanField(default=False)

    fence = models.BigIntegerField(null=True)
    run_id = models.UUIDField(null=True)
    result = models.JSONField(null=True, encoder=DjangoJSONEncoder)
    error_type = models.CharField(max_length=20, choices=CallError, blank=True, default="")
    error_message = models.TextField(blank=True, default="")
    started_at = models.DateTimeField(null=True)
    settled_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["step", "place"], name="a_call_has_its_place_in_its_turn"),
            models.CheckConstraint(
                condition=~Q(approval=ApprovalStatus.WAITING_FOR_APPROVAL)
                | Q(execution__in=[ExecutionStatus.PENDING, ExecutionStatus.INTERRUPTED]),
                name="nothing_runs_before_its_approval",
            ),
            models.CheckConstraint(
                condition=Q(awaits_judgement=False) | Q(approval=ApprovalStatus.WAITING_FOR_APPROVAL),
                name="only_what_waits_is_judged",
            ),
            models.CheckConstraint(
                condition=~Q(approval=ApprovalStatus.DENIED)
                | Q(execution=ExecutionStatus.PENDING, result__isnull=True),
                name="what_is_denied_never_runs",
            ),
            models.CheckConstraint(
                condition=Q(execution=ExecutionStatus.COMPLETED, result__isnull=False)
                | (~Q(execution=ExecutionStatus.COMPLETED) & Q(result__isnull=True)),
                name="a_result_exactly_when_completed",
            ),
            models.CheckConstraint(
                condition=Q(execution=ExecutionStatus.ERRORED) & ~Q(error_type="")
                | ~Q(execution=ExecutionStatus.ERRORED) & Q(error_type=""),
                name="a_call_error_exactly_when_errored",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["objective", "created_at", "id"], name="call_by_objective"),
            # The operators' list of one space, of one agent.
            models.Index(fields=["space", "id"], name="call_by_space"),
            models.Index(fields=["caller", "id"], name="call_by_caller"),
            # The queue of what waits in a space, oldest first.
            models.Index(
                fields=["space", "created_at", "id"],
                condition=Q(approval="waiting_for_approval", execution="pending")
                | Q(execution="waiting_for_content"),
                name="call_waiting",
            ),
            # What expires next: approvals and contents that nobody gave.
            models.Index(
                fields=["approval_expires_at"],
                condition=Q(approval="waiting_for_approval", approval_expires_at__isnull=False),
                name="call_approval_expiry",
            ),
            models.Index(
                fields=["content_expires_at"],
                condition=Q(execution="waiting_for_content", content_expires_at__isnull=False),
                name="call_content_expiry",
            ),
            # The operators' lists of one approval or execution, over all spaces: but of those that most calls
            # have, whose newest are found by walking back.
            models.Index(
                fields=["approval", "id"], condition=~Q(approval="auto_approved"), name="call_by_approval"
            ),
            models.Index(
                fields=["execution", "id"], condition=~Q(execution="completed"), name="call_by_execution"
            ),
            # Whose call a child objective or a skill execution is.
            models.Index(fields=["run_id"], condition=Q(run_id__isnull=False), name="call_by_run"),
        ]

    def __str__(self) -> str:
        return f"{self.called_as} ({self.approval}, {self.execution})"

    @property
    def waits_for_people(self) -> bool:
        """Somebody has to approve it or to supply its content; for rows, WAITS_FOR_PEOPLE."""
        if self.approval == ApprovalStatus.WAITING_FOR_APPROVAL:
            return self.execution == ExecutionStatus.PENDING and not self.awaits_judgement
        return self.execution == ExecutionStatus.WAITING_FOR_CONTENT

    @property
    def may_have_acted(self) -> bool:
        """It is under way and must not be repeated: whoever gives it up does not know what it did."""
        return self.execution == ExecutionStatus.RUNNING and not self.is_safe_to_repeat

    @property
    def is_settled(self) -> bool:
        """Nothing more will happen to it."""
        return self.approval == ApprovalStatus.DENIED or self.execution in {
            ExecutionStatus.COMPLETED,
            ExecutionStatus.ERRORED,
            ExecutionStatus.INTERRUPTED,
        }


class ResultMedia(models.Model):
    """Bytes of a result: the reason why they are kept, and what a signed URL names.

    An image, a sound, another file, or the whole of a text that is too long to be read at once.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    tool_call = models.ForeignKey(ToolCall, on_delete=models.CASCADE, related_name="media", db_index=False)
    place = models.PositiveSmallIntegerField()
    blob = models.ForeignKey(Blob, on_delete=models.PROTECT, related_name="+")
    mime_type = models.CharField(max_length=255)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tool_call", "place"], name="media_has_its_place_in_its_result"),
        ]

    def __str__(self) -> str:
        return f"{self.mime_type} of {self.tool_call_id}"
