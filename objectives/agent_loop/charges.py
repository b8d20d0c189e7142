"""Counting what a model request used, in the rows that it was made for."""

import uuid

from django.db.models import F

from executions.inference.interface import Spending
from objectives.models import ContextWindow, Objective

# What `charge` changes of an objective, for the caller to save.
CHARGED = (
    "input_tokens",
    "output_tokens",
    "cache_read_tokens",
    "cache_write_tokens",
    "reasoning_tokens",
    "cost_usd",
)


def charge(objective: Objective, window_id: uuid.UUID, spending: Spending) -> None:
    """Count what a request used: to its window, and to a locked objective, whose CHARGED are to be saved."""
    usage = spending.usage
    objective.input_tokens += usage.input_tokens
    objective.output_tokens += usage.output_tokens
    objective.cache_read_tokens += usage.cache_read_tokens
    objective.cache_write_tokens += usage.cache_write_tokens
    objective.reasoning_tokens += usage.reasoning_tokens
    objective.cost_usd += spending.cost_usd or 0
    ContextWindow.objects.filter(pk=window_id).update(
        prompt_tokens=F("prompt_tokens") + usage.input_tokens,
        completion_tokens=F("completion_tokens") + usage.output_tokens,
    )
