"""Making a conversation shorter: old results are left out, long ones cut to head and tail."""

from collections.abc import Sequence
from typing import Any

from executions.inference.interface import Message
from executions.inference.token_usage import CHARACTERS_PER_TOKEN, weight

CLEARED = "[This result was left out to save room.]"
LEFT_OUT = "\n[… {count:,} characters were left out to save room …]\n"
ESTIMATE_MARGIN = 0.8  # characters tell tokens only roughly
LEAST_KEPT = 400  # characters of a result of which only head and tail are kept


def clear_results(messages: Sequence[Message], preserved: int) -> tuple[list[Message], int]:
    """The messages without the content of results, but for the newest `preserved`; how many were cleared."""
    results = _results(messages)
    old = {id(part) for part in results[: max(len(results) - preserved, 0)]}
    cleared = [part for part in results if id(part) in old and part["content"] != CLEARED]
    return _with_contents(messages, dict.fromkeys(map(id, cleared), CLEARED)), len(cleared)


def fit_results(messages: Sequence[Message], most_tokens: int) -> list[Message]:
    """The messages with the longest results cut to head and tail, until all together weigh `most_tokens`.

    What is said is never cut: where that alone weighs more, results keep 400 characters and no more.
    """
    excess = weight(messages) - most_tokens * CHARACTERS_PER_TOKEN
    shortened: dict[int, str] = {}
    for part in sorted(_results(messages), key=lambda part: len(_text_of(part)), reverse=True):
        text = _text_of(part)
        if excess <= 0 or len(text) <= LEAST_KEPT:
            break
        kept = max(len(text) - excess - len(LEFT_OUT), LEAST_KEPT)
        cut = text[: kept // 2] + LEFT_OUT.format(count=len(text) - kept) + text[-(kept // 2) :]
        if len(cut) < len(text):
            shortened[id(part)] = cut
            excess -= len(text) - len(cut)
    return _with_contents(messages, shortened)


def newest_within(messages: Sequence[Message], most_tokens: int) -> list[Message]:
    """The newest messages that weigh `most_tokens` together, the last one in any case.

    They begin with what somebody said: no provider takes results whose calls are left out.
    """
    start, room = len(messages) - 1, most_tokens * CHARACTERS_PER_TOKEN
    for place in range(len(messages) - 1, -1, -1):
        room -= weight(messages[place : place + 1])
        if room < 0:
            break
        if any(part["part_kind"] == "user-prompt" for part in messages[place]["parts"]):
            start = place
    return list(messages[max(start, 0) :])


def _results(messages: Sequence[Message]) -> list[dict[str, Any]]:
    return [part for message in messages for part in message["parts"] if part["part_kind"] == "tool-return"]


def _text_of(part: dict[str, Any]) -> str:
    content = part["content"]
    return content if isinstance(content, str) else str(content)


def _with_contents(messages: Sequence[Message], contents: dict[int, str]) -> list[Message]:
    """The messages with other contents for some results, by the identity of their parts; media go too."""
    if not contents:
        return list(messages)
    return [
        {
            **message,
            "parts": [
                {**part, "content": contents[id(part)], "metadata": None} if id(part) in contents else part
                for part in message["parts"]
            ],
        }
        for message in messages
    ]
