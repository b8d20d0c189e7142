"""What one chat completion used, from however many counts its server sent along with the chunks.

OpenAI sends one count, in a last chunk without choices. Other servers send one with every chunk: the total so
far, or what that chunk added; the library adds them all up.
"""

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass
from functools import reduce
from itertools import pairwise
from operator import add

from pydantic_ai.usage import RequestUsage


@dataclass(frozen=True)
class Count:
    """One count as the library reads it; `is_last_word` where its chunk held nothing else."""

    usage: RequestUsage
    is_last_word: bool


def used(counts: Sequence[Count], written: int) -> RequestUsage:
    """The usage of the whole request; `written` is about how many tokens came back.

    What was read is never split: the greatest count of it holds. What was written is the last count where
    counts are totals, and their sum where each is a chunk's own.
    """
    if not counts:
        return RequestUsage()
    usages = [count.usage for count in counts]
    whole = copy(usages[-1]) if _are_totals(counts, written) else reduce(add, usages)
    whole.input_tokens = max(usage.input_tokens for usage in usages)
    whole.cache_read_tokens = max(usage.cache_read_tokens for usage in usages)
    whole.cache_write_tokens = max(usage.cache_write_tokens for usage in usages)
    return whole


def _are_totals(counts: Sequence[Count], written: int) -> bool:
    usages = [count.usage for count in counts]
    outputs = [usage.output_tokens for usage in usages]
    last = usages[-1]
    if (
        counts[-1].is_last_word
        and last.output_tokens >= max(outputs)
        and last.input_tokens >= usages[0].input_tokens
    ):
        return True
    if any(later < earlier for earlier, later in pairwise(outputs)):
        return False
    if any(usage.input_tokens < usages[0].input_tokens for usage in usages):
        return False
    if outputs[0] < outputs[-1]:
        return True
    # The same count again and again: whichever is nearer to what came back.
    return abs(outputs[-1] - written) <= abs(sum(outputs) - written)
