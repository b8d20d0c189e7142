"""What the admin's page of one execution shows."""

import uuid
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.urls import reverse
from django.utils import timezone

from executions.accounting import TreeUsage, tree_usage
from executions.admin import shown
from executions.admin.family import Relative, read_tree
from executions.lifecycle import resource_usage
from executions.links import artifact_link
from executions.models import Artifact, RunHead, SkillExecution, WorkerNode

MOST_ARTIFACTS = 200
# What browsers draw inside an `img`, where a picture can run no script.
IMAGES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp", "image/svg+xml", "image/avif"})
RELATED = ("space", "tenant", "principal", "retry_of", "cancel_requested_by", "parent")


@dataclass(frozen=True, slots=True)
class ShownArtifact:
    """An artifact and the signed address of its bytes, which works for 15 minutes."""

    artifact: Artifact
    url: str

    @property
    def is_image(self) -> bool:
        return self.artifact.content_type in IMAGES


@dataclass(frozen=True)
class ExecutionPage:
    """One execution, read once for its page."""

    execution: SkillExecution
    head: RunHead
    worker: WorkerNode | None
    retry: SkillExecution | None
    artifacts: list[ShownArtifact]
    tree: list[Relative]
    total: TreeUsage

    @property
    def events_url(self) -> str:
        """Where the live timeline comes from (SSE)."""
        # Answered before Django, so that it has no name of its own: see `config.routing`.
        return reverse("execution", args=(self.execution.space_id, self.execution.id)) + "/events"

    @property
    def archive_url(self) -> str:
        """The workspace as it was, for whoever is signed in."""
        return reverse("execution-archive", args=(self.execution.space_id, self.execution.id))

    @property
    def watch_url(self) -> str:
        """The public page: of the tool call, or of an execution that no chat dispatched."""
        call_id, space_id = self.execution.chat_tool_call_id, self.execution.space_id
        return (
            reverse("watch", args=(space_id, call_id))
            if call_id
            else reverse("run", args=(space_id, self.execution.id))
        )

    @property
    def duration(self) -> str:
        return shown.duration(self.execution.started_at, self.execution.finished_at, timezone.now())

    @property
    def cost(self) -> str:
        return shown.dollars(self.execution.cost_usd)

    @property
    def total_cost(self) -> str:
        return shown.dollars(self.total.cost_usd)

    @cached_property
    def inputs(self) -> str:
        return shown.pretty_json(self.execution.inputs)

    @cached_property
    def outputs(self) -> str | None:
        value = self.execution.outputs
        return None if value is None else shown.pretty_json(value)

    @cached_property
    def error(self) -> str | None:
        value = self.execution.error
        return None if value is None else shown.pretty_json(value)

    def live(self) -> dict[str, Any]:
        """What the page's script begins with; the stream's events bring it up to date."""
        execution = self.execution
        return {
            "seq": self.head.seq,
            "state": execution.state,
            "attempt": execution.attempt,
            "started_at": execution.started_at,
            "finished_at": execution.finished_at,
            "cancel_requested_at": execution.cancel_requested_at,
            "resource_usage": resource_usage(execution),
            "events_url": self.events_url,
            "run_url": reverse("admin:executions_skillexecution_change", args=("RUN",)),
        }

    @property
    def can_cancel(self) -> bool:
        return not self.execution.is_finished and self.execution.cancel_requested_at is None

    @property
    def can_retry(self) -> bool:
        """Sub-executions are retried with the one that called them."""
        return self.execution.is_finished and self.execution.parent_id is None and self.retry is None


def read_page(execution_id: uuid.UUID) -> ExecutionPage | None:
    """Everything on the page, in a bounded number of queries; None where there is no such execution."""
    found = SkillExecution.objects.select_related(*RELATED).defer("search", "search_text")
    execution = found.filter(pk=execution_id).first()
    if execution is None:
        return None
    head = RunHead.objects.get(pk=execution_id)
    tree = read_tree(execution)
    return ExecutionPage(
        execution=execution,
        head=head,
        worker=WorkerNode.objects.filter(pk=head.lease_owner).first() if head.lease_owner else None,
        retry=execution.retries.first() if execution.superseded_at else None,
        artifacts=_artifacts(execution),
        tree=tree if len(tree) > 1 else [],
        total=tree_usage(execution.id),
    )


def _artifacts(execution: SkillExecution) -> list[ShownArtifact]:
    rows = execution.artifacts.order_by("created_at", "id")[:MOST_ARTIFACTS]
    all_shown = [ShownArtifact(row, artifact_link(execution.space_id, row.id)) for row in rows]
    return sorted(all_shown, key=lambda each: not each.is_image)
