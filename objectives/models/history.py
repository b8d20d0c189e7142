"""What an objective's model was told and answered: windows, messages and steps."""

from typing import ClassVar

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models

from objectives.models.objective import Objective
from objectives.models.resource import Operation
from objectives.models.usage import TokenCounts
from spaces.ids import new_id


class FinishReason(models.TextChoices):
    """Why a response ended, as the API says it in `finishReason`; the last two are ours."""

    STOP = "stop", "Complete"
    TOOL_CALL = "tool_call", "Asks for tools"
    LENGTH = "length", "Cut off at the limit of its length"
    CONTENT_FILTER = "content_filter", "Withheld by the provider"
    ERROR = "error", "Ended by an error of the provider"
    INTERRUPTED = "interrupted", "Broken off: somebody stopped it"
    CUT_OFF = "cut_off", "Broken off: the provider never ended it"


_BROKEN_OFF = frozenset({FinishReason.INTERRUPTED, FinishReason.CUT_OFF})


class ContextWindow(Operation):
    """One stretch of the conversation that the model sees whole.

    `opening` are the messages it begins with, in the model library's JSON: empty in the first window, what
    compaction kept or summed up in later ones. Tokens are those of the requests made in it.
    """

    objective = models.ForeignKey(Objective, on_delete=models.CASCADE, related_name="windows", db_index=False)
    sequence = models.PositiveIntegerField()
    opening = models.JSONField(default=list, encoder=DjangoJSONEncoder)
    continue_instructions = models.TextField(blank=True, default="")
    prompt_tokens = models.BigIntegerField(default=0)
    completion_tokens = models.BigIntegerField(default=0)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["objective", "sequence"], name="windows_are_numbered_once"),
        ]

    def __str__(self) -> str:
        return f"window {self.sequence} of {self.objective_id}"


class UserMessage(models.Model):
    """What a person said; it comes after the results of turn `after_turn` (0: at the beginning)."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    objective = models.ForeignKey(
        Objective, on_delete=models.CASCADE, related_name="messages", db_index=False
    )
    window = models.ForeignKey(ContextWindow, on_delete=models.CASCADE, related_name="messages")
    after_turn = models.PositiveIntegerField()
    content = models.TextField()
    created_at = models.DateTimeField()

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["objective", "after_turn", "created_at", "id"], name="message_by_turn")
        ]

    def __str__(self) -> str:
        return self.content[:60]


class Step(TokenCounts):
    """One model request and its response, written in one transaction with the tool calls it asks for.

    `request` is what was sent beside the messages (instructions, tools, settings), `response` the model
    library's own JSON. `cost_usd` None means that no price is known. `finish_reason` is empty in rows of
    before it was kept. A partial message, which is what was written of a response that broke off, has no
    request, no tokens and no cost: those are a BrokenRequest's.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    objective = models.ForeignKey(Objective, on_delete=models.CASCADE, related_name="steps", db_index=False)
    window = models.ForeignKey(ContextWindow, on_delete=models.CASCADE, related_name="steps")
    turn = models.PositiveIntegerField()
    request = models.JSONField(encoder=DjangoJSONEncoder)
    response = models.JSONField(encoder=DjangoJSONEncoder)
    model_name = models.CharField(max_length=255)
    provider = models.CharField(max_length=100, blank=True, default="")
    library_version = models.CharField(max_length=40)
    finish_reason = models.CharField(
        max_length=20, choices=FinishReason, blank=True, default="", db_default=""
    )
    cost_usd = models.DecimalField(max_digits=18, decimal_places=10, null=True)
    price_version = models.CharField(max_length=60)
    is_estimated = models.BooleanField(default=False)
    created_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["objective", "turn"], name="a_turn_is_answered_once"),
        ]

    def __str__(self) -> str:
        return f"turn {self.turn} of {self.objective_id}"

    @property
    def is_whole(self) -> bool:
        """Whether the model said all that it was about to say; only then is it a result."""
        return not self.is_partial and self.finish_reason not in {FinishReason.LENGTH, FinishReason.ERROR}

    @property
    def is_partial(self) -> bool:
        """Whether it is what was written of a response that broke off."""
        return self.finish_reason in _BROKEN_OFF


class BrokenRequest(models.Model):
    """What a model request cost that gave no usable answer: cut off, its worker lost the run, or empty."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    objective = models.ForeignKey(Objective, on_delete=models.CASCADE, related_name="broken_requests")
    turn = models.PositiveIntegerField()
    model_name = models.CharField(max_length=255)
    input_tokens = models.BigIntegerField(default=0)
    output_tokens = models.BigIntegerField(default=0)
    cost_usd = models.DecimalField(max_digits=18, decimal_places=10, null=True)
    price_version = models.CharField(max_length=60)
    is_estimated = models.BooleanField(default=True)
    is_empty = models.BooleanField(default=False, db_default=False)  # neither text nor tool calls
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"broken request of {self.objective_id}, turn {self.turn}"
