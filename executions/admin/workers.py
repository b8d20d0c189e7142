"""Worker processes in the admin."""

from datetime import timedelta

from django.contrib import admin
from django.utils import timezone
from unfold.decorators import display

from executions.models import WorkerNode
from spaces.admin.kit.changelist import NewestFirstChangeList, ReadOnly

SEEN_WITHIN = timedelta(seconds=15)


@admin.register(WorkerNode)
class WorkerNodeAdmin(ReadOnly, NewestFirstChangeList):
    """Who runs the executions, and when each was last seen."""

    list_display = ("host", "pid", "shown_state", "concurrency", "started_at", "seen_at", "id")
    search_exact = ("host",)
    search_help_text = "Host or id"
    fields = ("host", "pid", "shown_state", "concurrency", "started_at", "seen_at", "id")
    readonly_fields = fields

    @display(description="State", label={"Alive": "success", "Gone": "danger"})
    def shown_state(self, worker: WorkerNode) -> str:
        return "Alive" if worker.seen_at > timezone.now() - SEEN_WITHIN else "Gone"
