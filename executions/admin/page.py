"""What the admin's page of one execution shows."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from django.urls import reverse

from executions.admin.kit.runs import RunPage
from executions.admin.kit.timeline import read_log
from executions.admin.kit.tree import read_tree
from executions.admin.timeline import MOST_EVENTS, Timeline
from executions.links import artifact_link
from executions.models import Artifact, RunHead, SkillExecution, WorkerNode
from executions.runs.usage import tree_usage

MOST_ARTIFACTS = 200
# What browsers draw inside an `img`, where a picture can run no script.
IMAGES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp", "image/svg+xml", "image/avif"})
RELATED = ("space__tenant", "principal", "retry_of", "cancel_requested_by")
RELATIVE = ("parent_id", "call_key", "skill_slug", "version", "state")


@dataclass(frozen=True, slots=True)
class ShownArtifact:
    """An artifact and the signed address of its bytes, which works for 15 minutes."""

    artifact: Artifact
    url: str

    @property
    def is_image(self) -> bool:
        return self.artifact.content_type in IMAGES


@dataclass(frozen=True)
class ExecutionAdminPage(RunPage):
    """One execution, read once for its page."""

    run: SkillExecution
    timeline: Timeline
    worker: WorkerNode | None
    retry: SkillExecution | None
    artifacts: Sequence[ShownArtifact]

    id_name = "execution_id"
    logs_text = True

    @property
    def title(self) -> str:
        return f"{self.run.skill_slug} {self.run.version}"

    @property
    def events_url(self) -> str:
        """The run's event stream (SSE)."""
        # Answered before Django, so that it has no name of its own: see `config.server.routing`.
        return reverse("execution", args=(self.run.space_id, self.run.pk)) + "/events"

    @property
    def archive_url(self) -> str:
        """The workspace as it was, for whoever is signed in."""
        return reverse("execution-archive", args=(self.run.space_id, self.run.pk))

    @property
    def watch_url(self) -> str:
        """The public page: of the tool call, or of an execution that no chat dispatched."""
        call_id = self.run.chat_tool_call_id
        return reverse("watch" if call_id else "run", args=(self.run.space_id, call_id or self.run.pk))

    @property
    def percent(self) -> int | None:
        """How much of its work is done; None for no telling."""
        return 100 if self.run.state == "succeeded" else self.timeline.percent

    @property
    def fitting(self) -> dict[str, str]:
        """Sub-executions are retried with the one that called them."""
        run = self.run
        can_cancel = not self.is_over and run.cancel_requested_at is None
        can_retry = self.is_over and run.parent_id is None and self.retry is None
        return dict.fromkeys([*["cancel"] * can_cancel, *["retry"] * can_retry], "")


def read_page(execution_id: uuid.UUID) -> ExecutionAdminPage | None:
    """Everything on the page, in a bounded number of queries; None where there is no such execution."""
    found = SkillExecution.objects.select_related(*RELATED).defer("search", "search_text")
    execution = found.filter(pk=execution_id).first()
    if execution is None:
        return None
    owner = RunHead.objects.filter(pk=execution_id).values("lease_owner")
    events, has_older = read_log(execution_id, most=MOST_EVENTS)
    timeline = Timeline(execution, events, has_older=has_older)
    return ExecutionAdminPage(
        run=execution,
        entries=timeline.entries,
        has_older_entries=has_older or bool(events and events[0].seq > 1),
        drawn_to=events[-1].seq if events else 0,
        tree=read_tree(execution, SkillExecution.objects.only(*RELATIVE)),
        total=tree_usage(execution_id),
        timeline=timeline,
        worker=WorkerNode.objects.filter(pk__in=owner).first(),
        retry=execution.retries.first() if execution.superseded_at else None,
        artifacts=_artifacts(execution),
    )


def _artifacts(execution: SkillExecution) -> list[ShownArtifact]:
    rows = execution.artifacts.order_by("created_at", "id")[:MOST_ARTIFACTS]
    all_shown = [ShownArtifact(row, artifact_link(execution.space_id, row.id)) for row in rows]
    return sorted(all_shown, key=lambda each: not each.is_image)
