"""One run of a skill: who asked, with what, where it stands and what came of it."""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVector, SearchVectorField
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import MD5

from executions.models.digest import digest
from executions.models.skill import Skill, SkillVersion
from executions.runs.run import Run
from spaces.chat_ids import MAX_CHAT_ID
from spaces.ids import new_id
from spaces.models import Blob, Principal, Space, Tenant


class State(models.TextChoices):
    QUEUED = "queued", "Queued"  # waits for a worker, for its first or a further attempt
    RUNNING = "running", "Running"  # a worker holds its lease
    SUCCEEDED = "succeeded", "Succeeded"  # ended with outputs
    FAILED = "failed", "Failed"  # ended without, `failure_reason` says why
    CANCELLED = "cancelled", "Cancelled"  # ended because somebody asked


OPEN = frozenset({State.QUEUED, State.RUNNING})
OVER = frozenset({State.SUCCEEDED, State.FAILED, State.CANCELLED})


class Source(models.TextChoices):
    STANDALONE = "standalone", "Standalone"  # a REST caller or an operator started it
    CHAT = "chat", "Chat"  # a chat's tool call dispatched it
    SUB_SKILL = "sub_skill", "Sub-skill"  # another execution called it
    OBJECTIVE = "objective", "Objective"  # an objective's tool call dispatched it
    SCHEDULE = "schedule", "Schedule"  # a clock started it


class FailureReason(models.TextChoices):
    SKILL_ERROR = "skill_error", "The skill reported an error or ended with a bad status"
    INVALID_OUTPUTS = "invalid_outputs", "The outputs do not match the skill's schema"
    TIMEOUT = "timeout", "It exceeded its wall-clock time limit"
    CPU_LIMIT = "cpu_limit", "It exceeded its CPU time limit"
    MEMORY_LIMIT = "memory_limit", "It exceeded its memory limit"
    PROCESS_LIMIT = "process_limit", "It exceeded its process limit"
    OUTPUT_LIMIT = "output_limit", "It exceeded its output limit"
    WORKSPACE_LIMIT = "workspace_limit", "It exceeded its disk limit"
    ARTIFACT_REJECTED = "artifact_rejected", "An artifact is missing, a link, or not a regular file"
    DEPTH_LIMIT = "depth_limit", "Sub-executions were nested too deeply"
    NOT_PERMITTED = "not_permitted", "It requested a capability that the space does not allow"
    SANDBOX_ERROR = "sandbox_error", "The sandbox could not be set up"
    WORKER_LOST = "worker_lost", "Its worker was lost"
    MODEL_ERROR = "model_error", "The language model did not answer"
    BUNDLE_INTEGRITY = "bundle_integrity", "The stored bundle does not match its digest"
    BUDGET_EXCEEDED = "budget_exceeded", "It exceeded its budget"


class SkillExecution(Run):
    """The row behind the execution object of the space API.

    `dispatch_key` is the SHA-256 over thread, message and tool call id (each may be longer than an index
    entry); `request_digest` is the SHA-256 of what was asked for, by which
    a repetition is told from a contradiction, `idempotency_digest` that of the whole body that came with the
    key, where that is more. `wallclock_ms` is in milliseconds.
    """

    over = OVER

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.PROTECT, related_name="+", db_index=False)
    space = models.ForeignKey(Space, on_delete=models.PROTECT, related_name="+", db_index=False)
    principal = models.ForeignKey(Principal, on_delete=models.PROTECT, related_name="+", db_index=False)
    skill = models.ForeignKey(Skill, on_delete=models.PROTECT, related_name="+", db_index=False)
    skill_version = models.ForeignKey(
        SkillVersion, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    skill_slug = models.CharField(max_length=64)
    version = models.CharField(max_length=100)
    source = models.CharField(max_length=12, choices=Source)
    state = models.CharField(max_length=10, choices=State, default=State.QUEUED)
    attempt = models.PositiveSmallIntegerField(default=0)

    parent = models.ForeignKey(
        "self", on_delete=models.CASCADE, null=True, related_name="sub_executions", db_index=False
    )
    call_key = models.CharField(max_length=200, null=True)
    retry_of = models.ForeignKey(
        "self", on_delete=models.SET_NULL, null=True, related_name="retries", db_index=False
    )
    superseded_at = models.DateTimeField(null=True)

    inputs = models.JSONField(encoder=DjangoJSONEncoder)
    # A name in the collection, or for a sub-execution a path in its caller's workspace.
    file_source_ids = ArrayField(models.CharField(max_length=1024), default=list)
    model = models.CharField(max_length=100, null=True)
    outputs = models.JSONField(null=True, encoder=DjangoJSONEncoder)
    error = models.JSONField(null=True, encoder=DjangoJSONEncoder)
    failure_reason = models.CharField(max_length=20, choices=FailureReason, null=True)

    chat_thread_id = models.CharField(max_length=MAX_CHAT_ID, null=True)
    chat_message_id = models.CharField(max_length=MAX_CHAT_ID, null=True)
    chat_tool_call_id = models.CharField(max_length=MAX_CHAT_ID, null=True)
    dispatch_key = models.BinaryField(max_length=32, null=True)
    idempotency_key = models.CharField(max_length=255, null=True)
    request_digest = models.BinaryField(max_length=32)
    idempotency_digest = models.BinaryField(max_length=32, null=True)

    wallclock_ms = models.BigIntegerField(null=True)
    iteration_count = models.PositiveIntegerField(default=0)

    workspace_archive_id = models.UUIDField(null=True)
    archive_blob = models.ForeignKey(Blob, on_delete=models.PROTECT, null=True, related_name="+")

    created_at = models.DateTimeField()

    continuation_task = models.CharField(max_length=100, null=True)
    continuation_id = models.UUIDField(null=True)

    search_text = models.TextField(blank=True)
    search = models.GeneratedField(
        expression=SearchVector("search_text", config="simple"),
        output_field=SearchVectorField(),
        db_persist=True,
    )

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(state__in=State.values), name="state_is_known"),
            models.CheckConstraint(
                condition=Q(state__in=sorted(OVER), finished_at__isnull=False)
                | Q(state__in=sorted(OPEN), finished_at__isnull=True),
                name="finished_exactly_when_terminal",
            ),
            models.CheckConstraint(
                condition=Q(state=State.FAILED, failure_reason__isnull=False)
                | (~Q(state=State.FAILED) & Q(failure_reason__isnull=True)),
                name="a_reason_exactly_when_failed",
            ),
            models.CheckConstraint(
                condition=Q(parent__isnull=True, call_key__isnull=True)
                | Q(parent__isnull=False, call_key__isnull=False),
                name="a_sub_execution_has_a_call_key",
            ),
            models.UniqueConstraint(fields=["parent", "call_key"], name="a_call_key_is_called_once"),
            models.UniqueConstraint(
                fields=["space", "principal", "dispatch_key"],
                condition=Q(superseded_at__isnull=True, dispatch_key__isnull=False),
                name="a_tool_call_is_dispatched_once",
            ),
            models.UniqueConstraint(
                fields=["space", "principal", "idempotency_key"],
                condition=Q(idempotency_key__isnull=False),
                name="an_idempotency_key_starts_once",
            ),
        ]
        indexes: ClassVar = [
            # The lookup: the newest execution of a tool call in a space.
            models.Index(
                "space",
                digest("chat_tool_call_id"),
                F("created_at").desc(),
                F("id").desc(),
                condition=Q(superseded_at__isnull=True, chat_tool_call_id__isnull=False),
                name="execution_by_call_digest",
            ),
            # The list of a space, newest first.
            models.Index(fields=["space", "-created_at", "-id"], name="execution_by_space"),
            # The list of a space in one state, of one skill, of one thread, of one principal.
            models.Index(fields=["space", "state", "-created_at", "-id"], name="execution_by_state"),
            models.Index(fields=["space", "skill_slug", "-created_at", "-id"], name="execution_by_skill"),
            models.Index(
                "space",
                digest("chat_thread_id"),
                F("created_at").desc(),
                F("id").desc(),
                condition=Q(chat_thread_id__isnull=False),
                name="execution_by_thread_digest",
            ),
            models.Index(fields=["space", "principal", "-created_at", "-id"], name="execution_by_principal"),
            # The operators' list over all spaces, and retention. The columns behind the id are for filters
            # that are combined: what does not match is told apart in the index, without a look at the row.
            models.Index(fields=["-created_at", "-id"], name="execution_newest"),
            models.Index(
                fields=["state", "-created_at", "-id", "skill_slug", "source"],
                name="execution_newest_by_state",
            ),
            models.Index(
                fields=["skill_slug", "-created_at", "-id", "source"], name="execution_newest_by_skill"
            ),
            models.Index(fields=["source", "-created_at", "-id"], name="execution_newest_by_source"),
            # The operators' list and count of what ended lately.
            models.Index(
                fields=["state", "-finished_at"],
                condition=Q(finished_at__isnull=False),
                name="execution_by_end",
            ),
            # The operators' search by tool call and thread id over all spaces. By another form of the digest,
            # so that no planner takes these for the lookup: some ids (`functions.x:0`) are in every thread.
            models.Index(
                MD5("chat_tool_call_id"),
                condition=Q(chat_tool_call_id__isnull=False),
                name="execution_by_any_tool_call",
            ),
            models.Index(
                MD5("chat_thread_id"),
                condition=Q(chat_thread_id__isnull=False),
                name="execution_by_any_thread",
            ),
            # What a retry took the place of, and back.
            models.Index(fields=["retry_of"], condition=Q(retry_of__isnull=False), name="execution_by_retry"),
            # Full-text search (`q`).
            GinIndex(fields=["search"], name="execution_search"),
        ]

    def __str__(self) -> str:
        return f"{self.skill_slug} {self.id}"
