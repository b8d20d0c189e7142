"""Worker processes that were lately seen."""

from django.db import models

from spaces.ids import new_id


class WorkerNode(models.Model):
    """One worker process; it writes `seen_at` (the database's clock) while it lives.

    `concurrency` slots and `agents` are what it may run at once, skills and objectives; some are busy.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    host = models.CharField(max_length=255)
    pid = models.PositiveIntegerField()
    concurrency = models.PositiveSmallIntegerField()
    agents = models.PositiveIntegerField(db_default=0)
    busy_slots = models.PositiveIntegerField(db_default=0)
    busy_agents = models.PositiveIntegerField(db_default=0)
    started_at = models.DateTimeField()
    seen_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.host}:{self.pid}"
