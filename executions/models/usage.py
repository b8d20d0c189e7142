"""Usage that arrived after its execution had ended."""

from django.db import models

from executions.models.execution import SkillExecution
from spaces.ids import new_id


class LateUsage(models.Model):
    """Append-only: a terminal execution is immutable, yet its provider still sends a bill.

    Counted into `?usage=total`; `cost_usd` is in US dollars.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    execution = models.ForeignKey(SkillExecution, on_delete=models.CASCADE, related_name="late_usage")
    model = models.CharField(max_length=200, null=True)
    input_tokens = models.BigIntegerField(default=0)
    output_tokens = models.BigIntegerField(default=0)
    cost_usd = models.DecimalField(max_digits=18, decimal_places=10, default=0)
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"late usage of {self.execution_id}"
