"""What people add to a run from outside: queued actions and feedback."""

from typing import ClassVar

from django.db import models

from objectives.models.agent import Agent, AgentVariation
from objectives.models.objective import Objective
from objectives.models.resource import Operation


class ActionKind(models.TextChoices):
    USER_MESSAGE = "user_message", "User message"
    COMPACTION = "compaction", "Compaction"


class ActionState(models.TextChoices):
    QUEUED = "queued", "Queued"  # waits for the open tool calls to settle
    SENT = "sent", "Sent"  # done
    REMOVED = "removed", "Removed"  # somebody took it back
    DISCARDED = "discarded", "Discarded"  # the objective was over before


class QueuedAction(Operation):
    """Something to be done between two turns, in the order it was queued."""

    objective = models.ForeignKey(
        Objective, on_delete=models.CASCADE, related_name="queued_actions", db_index=False
    )
    kind = models.CharField(max_length=12, choices=ActionKind)
    content = models.TextField(blank=True, default="")
    compaction = models.JSONField(null=True)
    files = models.JSONField(default=list, db_default=[])  # of a message: what `message_files.KeptFile` has
    state = models.CharField(max_length=10, choices=ActionState, default=ActionState.QUEUED)
    sent_at = models.DateTimeField(null=True)
    event_id = models.UUIDField(null=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["objective", "created_at", "id"], name="action_by_objective")
        ]

    def __str__(self) -> str:
        return f"{self.kind} ({self.state})"


class Feedback(Operation):
    """What somebody thought of an objective: a score from -1 to 1, and why."""

    objective = models.ForeignKey(
        Objective, on_delete=models.CASCADE, related_name="feedback", db_index=False
    )
    # The objective's own, which never changes: so that an agent's list needs no other table.
    agent = models.ForeignKey(Agent, on_delete=models.PROTECT, related_name="+", db_index=False)
    variation = models.ForeignKey(
        AgentVariation, on_delete=models.SET_NULL, null=True, related_name="feedback"
    )
    score = models.FloatField()
    comment = models.TextField(blank=True, default="")

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(score__gte=-1, score__lte=1), name="a_score_is_between_minus_one_and_one"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["objective", "created_at", "id"], name="feedback_by_objective"),
            models.Index(fields=["agent", "created_at", "id"], name="feedback_by_agent"),
        ]

    def __str__(self) -> str:
        return f"{self.score:+g}"
