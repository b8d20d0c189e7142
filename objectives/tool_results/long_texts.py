"""Texts of results that are too long to be read at once: the head and tail of them, and a blob of the whole.

Decision: one place for whatever gives results (HTTP, skills, sub-agents, people), and before anything is
written: neither a row nor the log ever carries megabytes, and the model reads what people see first.
"""

import io
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from objectives.tool_results.outcome import Cut, Draft, Text
from spaces.blobs import store_blob

# Characters of one result that a model reads at once: where it is not known what it can read, and at least
# and at most where it is: a twentieth of that, at four characters a token.
USUAL: Final = 30_000
LEAST: Final = 4_000
MOST: Final = 100_000


def most_inline(context_tokens: int) -> int:
    """Characters of a result that stay in it; `context_tokens` is what the model can read, 0 for unknown."""
    return min(max(context_tokens // 5, LEAST), MOST) if context_tokens > 0 else USUAL


def keep_whole(drafts: Sequence[Draft], most: int, *, now: datetime) -> Sequence[Draft]:
    """The drafts, of which texts that are together longer than `most` characters are cut.

    For outside of transactions, since it stores their bytes.
    """
    lengths = [len(draft.text) if isinstance(draft, Text) else 0 for draft in drafts]
    if sum(lengths) <= most:
        return drafts
    shares = _shares(lengths, most)
    return [
        _cut(draft.text, share, now) if isinstance(draft, Text) and len(draft.text) > share else draft
        for draft, share in zip(drafts, shares, strict=True)
    ]


def _shares(lengths: Sequence[int], most: int) -> list[int]:
    """What each length gets of `most`: the short ones all that they need, the others the same."""
    shares, left = [0] * len(lengths), most
    in_order = sorted(range(len(lengths)), key=lengths.__getitem__)
    for number, place in enumerate(in_order):
        shares[place] = min(lengths[place], left // (len(lengths) - number))
        left -= shares[place]
    return shares


def _cut(text: str, share: int, now: datetime) -> Cut:
    head, tail = share - share // 3, share // 3
    blob = store_blob(io.BytesIO(text.encode(errors="replace")), now=now)
    return Cut(text[:head], text[len(text) - tail :], len(text), blob.sha256, blob.size_bytes)
