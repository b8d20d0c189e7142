"""The members of a chat completion's chunks, each of the type that the API documents, or left out.

The library builds its models without a look at types, and fails in the midst of an answer where one is wrong.
"""

import math
from typing import Any, Final

from executions.inference.characters import whole

type Values = dict[str, Any]

_MOST_TOKENS: Final = 10**9  # no request has as many: what says so counts nothing
_LATEST: Final = 10**13  # milliseconds since 1970, which some write for seconds
_LONGEST_NAME: Final = 200
# Nobody asked for them, or nobody reads them, while the library fails at those of another shape.
_UNREAD: Final = frozenset({"moderation", "service_tier", "logprobs"})
_READ, _WRITTEN = ("prompt_tokens", "input_tokens"), ("completion_tokens", "output_tokens")


class ChatShapes:
    """Puts the chunks of one answer into shape; of several choices the first one seen is the answer."""

    def __init__(self) -> None:
        self._choice: object = None

    def sound(self, value: Values, *, is_error: bool) -> Values:
        """The chunk that a JSON object means, an error among them; `is_error` where its event says so."""
        if error := _error_of(value, is_error=is_error):
            return {"error": error}
        chunk = {name: member for name, member in value.items() if name not in _UNREAD}
        chunk["id"] = value["id"] if isinstance(value.get("id"), str) else ""
        chunk["model"] = _name(value.get("model"))
        created = _count(value.get("created"), below=_LATEST)
        chunk["created"] = 0 if created is None else created
        chunk["choices"] = [
            self._shaped(choice) for choice in _objects(value.get("choices")) if self._is_ours(choice)
        ]
        own = value.get("x_groq")  # where Groq says what it counted
        chunk["usage"] = _usage(value.get("usage") or (own.get("usage") if isinstance(own, dict) else None))
        return chunk

    def _is_ours(self, choice: Values) -> bool:
        index = str(choice.get("index") or 0)
        if self._choice is None:
            self._choice = index
        return index == self._choice

    def _shaped(self, choice: Values) -> Values:
        shaped = {name: member for name, member in choice.items() if name not in _UNREAD}
        shaped["index"] = 0
        delta, message = choice.get("delta"), choice.get("message")
        if isinstance(message, dict) and not delta:
            # A whole answer, which counts its calls by their places.
            delta = {**message, "tool_calls": _numbered(_objects(message.get("tool_calls")))}
        elif isinstance(delta, str) or not delta:
            delta = {"content": delta or choice.get("text")}
        shaped["delta"] = _delta(delta) if isinstance(delta, dict) else {}
        return shaped


def _delta(delta: Values) -> Values:
    content, refusal = delta.get("content"), delta.get("refusal")
    calls = _objects(delta.get("tool_calls"))
    if not calls and isinstance(delta.get("function_call"), dict):
        calls = [{"index": 0, "function": delta["function_call"]}]  # as it was before there could be several
    return {
        **delta,
        "content": content if isinstance(content, list) else _text(content),
        "refusal": refusal if isinstance(refusal, str) else None,
        "tool_calls": [_call(piece) for piece in calls] or None,
    }


def _call(piece: Values) -> Values:
    function, index = piece.get("function"), piece.get("index")
    if isinstance(function, str):
        function = {"name": function}
    elif not isinstance(function, dict):
        function = {}
    number = _count(index)
    # Any word will do that is the same for each piece.
    place = index if number is None and isinstance(index, int | float | str) else number
    return {**piece, "index": place, "function": {**function, "name": _text(function.get("name"))}}


def _numbered(calls: list[Values]) -> list[Values]:
    return [{**call, "index": number} for number, call in enumerate(calls)]


def _objects(value: Any) -> list[Values]:
    """A list's objects; one object stands for a list of it."""
    found = value if isinstance(value, list) else [value]
    return [one for one in found if isinstance(one, dict)]


def _text(value: Any) -> str | None:
    if isinstance(value, dict):
        value = value.get("text")
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    return str(value)


def _name(value: Any) -> str:
    """The name of a model as it can be kept."""
    return whole(value).replace("\x00", "")[:_LONGEST_NAME] if isinstance(value, str) else ""


def _usage(value: Any) -> Values | None:
    """A count whose numbers are such, no part greater than the whole; None for one that counts nothing."""
    if not isinstance(value, dict):
        return None
    read, written = _first(value, _READ), _first(value, _WRITTEN)
    if read is None and written is None:
        return None
    read, written = read or 0, written or 0
    counted = {name: _count(number) for name, number in value.items() if name not in {*_READ, *_WRITTEN}}
    return {
        # Those that servers add of their own tell parts of the prompt.
        **{name: min(number, read) for name, number in counted.items() if number is not None},
        "prompt_tokens": read,
        "completion_tokens": written,
        "total_tokens": read + written,
        "prompt_tokens_details": _parts(value.get("prompt_tokens_details"), read),
        "completion_tokens_details": _parts(value.get("completion_tokens_details"), written),
    }


def _parts(details: Any, most: int) -> dict[str, int] | None:
    if not isinstance(details, dict):
        return None
    counted = {name: _count(number) for name, number in details.items()}
    return {name: min(number, most) for name, number in counted.items() if number is not None}


def _first(value: Values, names: tuple[str, ...]) -> int | None:
    counts = [_count(value.get(name)) for name in names]
    return next((number for number in counts if number is not None), None)


def _count(value: Any, *, below: int = _MOST_TOKENS) -> int | None:
    """A number of things, also one in a text or with a fraction; None for what is none."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return int(number) if math.isfinite(number) and 0 <= number < below else None


def _error_of(value: Values, *, is_error: bool) -> Values | None:
    """What went wrong, where that is what a server says: in its member, its event's name or its own type."""
    error = value.get("error")
    if not error and (is_error or value.get("object") == "error"):
        error = value
    if not error:
        return None
    return error if isinstance(error, dict) else {"message": str(error)}
