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

    list_display = (
        "host",
        "pid",
        "shown_state",
        "shown_slots",
        "shown_agents",
        "started_at",
        "seen_at",
        "id",
    )
    search_exact = ("host",)
    search_help_text = "Host or id"
    fields = list_display
    readonly_fields = fields

    @display(description="Slots busy")
    def shown_slots(self, worker: WorkerNode) -> str:
        return f"{worker.busy_slots} of {worker.concurrency}"

    @display(description="Agents busy")
    def shown_agents(self, worker: WorkerNode) -> str:
        return f"{worker.busy_agents} of {worker.agents}"

    @display(description="State", label={"Alive": "success", "Gone": "danger"})
    def shown_state(self, worker: WorkerNode) -> str:
        return "Alive" if worker.seen_at > timezone.now() - SEEN_WITHIN else "Gone"
