"""The run log's tables: heads, events and the feed of a space.

Decision: the head is apart from the row it belongs to, narrow and with spare room in its pages,
because heartbeats and appends write it constantly; none of its indexed columns changes with those.
"""

from typing import ClassVar

from django.contrib.postgres.indexes import BrinIndex
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import Q


class RunKind(models.TextChoices):
    EXECUTION = "execution", "Skill execution"
    OBJECTIVE = "objective", "Objective"


class HeadState(models.TextChoices):
    QUEUED = "queued", "Queued"  # a worker may claim it once `available_at` is over
    RUNNING = "running", "Running"  # leased by a worker
    PARKED = "parked", "Parked"  # only people or other runs can move it on; whoever does puts it in the queue
    ENDED = "ended", "Ended"  # the log takes no further event


class RunHead(models.Model):
    """Where a run stands: its last event, its lease and its fence. One row a run.

    Lease times are the database's clock. `fence` counts claims: a write that carries an older one changes
    nothing. `available_at` None means that no worker may pick it by itself (a sub-execution, run by its
    parent's worker).
    """

    run_id = models.UUIDField(primary_key=True)
    kind = models.CharField(max_length=10, choices=RunKind)
    space_id = models.UUIDField()
    state = models.CharField(max_length=10, choices=HeadState, default=HeadState.QUEUED)
    seq = models.BigIntegerField(default=0)
    last_event_id = models.UUIDField(null=True)
    fence = models.BigIntegerField(default=0)
    lease_owner = models.UUIDField(null=True)
    lease_until = models.DateTimeField(null=True)
    available_at = models.DateTimeField(null=True)
    cancel_requested_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(state=HeadState.RUNNING, lease_until__isnull=False, lease_owner__isnull=False)
                | (~Q(state=HeadState.RUNNING) & Q(lease_until__isnull=True, lease_owner__isnull=True)),
                name="a_lease_exactly_while_running",
            ),
        ]
        indexes: ClassVar = [
            # What a worker may take next of a kind, oldest first, space by space so that a long queue of one
            # does not hide the others. Only state changes touch it, never a heartbeat.
            models.Index(
                fields=["kind", "space_id", "available_at", "run_id"],
                condition=Q(state=HeadState.QUEUED, available_at__isnull=False),
                name="head_waiting",
            ),
            # What the sweeper looks through: runs in a worker's hands, and those that only their caller runs.
            models.Index(
                fields=["run_id"],
                condition=Q(state=HeadState.RUNNING) | Q(state=HeadState.QUEUED, available_at__isnull=True),
                name="head_held",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.run_id} at {self.seq}"


class RunEvent(models.Model):
    """One thing that happened in a run; append-only, numbered without gaps from 1.

    The table is partitioned by range of run id, a month each: see `executions.runs.partitions`.
    """

    pk = models.CompositePrimaryKey("run_id", "seq")
    run_id = models.UUIDField()
    seq = models.BigIntegerField()
    event_id = models.UUIDField()
    kind = models.CharField(max_length=60)
    version = models.PositiveSmallIntegerField(default=1)
    data = models.JSONField(encoder=DjangoJSONEncoder)
    at = models.DateTimeField()

    class Meta:
        indexes: ClassVar = [
            # Which events of a month are younger than retention; almost free, as times come in order.
            BrinIndex(fields=["at"], name="event_by_time", autosummarize=True),
        ]

    def __str__(self) -> str:
        return f"{self.run_id} {self.seq} {self.kind}"


class FeedHead(models.Model):
    """The last number of a space's feed; a new `epoch` tells old cursors apart."""

    space_id = models.UUIDField(primary_key=True)
    epoch = models.UUIDField()
    n = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return f"feed of {self.space_id} at {self.n}"


class FeedEntry(models.Model):
    """One state change in a space: where to find its event."""

    pk = models.CompositePrimaryKey("space_id", "n")
    space_id = models.UUIDField()
    n = models.BigIntegerField()
    run_id = models.UUIDField()
    run_seq = models.BigIntegerField()
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.space_id} {self.n}"
