"""What every kind of run has in its row, whatever it runs.

Decision: the states of a kind keep the words of the API that shows them; what is said of all kinds is one
vocabulary: the sets `OPEN` and `OVER`, `is_over`, and a state `cancelled`.
"""

import uuid
from datetime import datetime
from typing import ClassVar

from django.db import models


class Run(models.Model):
    """A run's own row; where it stands is in its head (`RunHead`), what happened in its log.

    A kind names two sets of its states: `OPEN`, in which something may still happen, and `OVER`, in which
    nothing does. Costs are US dollars. `trace_id` is that of the whole tree.
    """

    over: ClassVar[frozenset[str]]

    state = models.CharField(max_length=12)
    depth = models.PositiveSmallIntegerField(default=0)
    trace_id = models.CharField(max_length=32)
    input_tokens = models.BigIntegerField(default=0)
    output_tokens = models.BigIntegerField(default=0)
    cost_usd = models.DecimalField(max_digits=18, decimal_places=10, default=0)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    cancel_requested_at = models.DateTimeField(null=True)
    cancel_requested_by = models.ForeignKey(
        "spaces.Principal", on_delete=models.SET_NULL, null=True, related_name="+", db_index=False
    )

    class Meta:
        abstract = True

    @property
    def is_over(self) -> bool:
        return self.state in self.over

    def ask_to_cancel(self, *, by: uuid.UUID | None, why: str, now: datetime) -> list[str]:
        """Note that somebody wants the run to stop; the fields to save. `why` is for people."""
        self.cancel_requested_at, self.cancel_requested_by_id = now, by
        return ["cancel_requested_at", "cancel_requested_by"]
