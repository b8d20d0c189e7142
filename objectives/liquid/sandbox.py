"""Liquid that ends soon and stays small, whatever the template and its values say.

The library bounds loops, output and variables. What it leaves open is closed here: the time of a rendering,
looked at before each node and filter, and what a filter makes of its values, which a long chain of them would
double at each step.
"""

import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, cast

from liquid import BoundTemplate, Environment, RenderContext, StrictUndefined, Token, Undefined
from liquid.exceptions import LiquidError, ResourceLimitError

from objectives.liquid.reserved_words import reading_fields

MOST_SECONDS = 2.0  # of one rendering
MOST_WEIGHT = 2_000_000  # of a value in characters, about
MOST_OUTPUT = 1_000_000  # bytes
MOST_BITS = 10_000  # of a whole number
RENDERING_ERRORS = (
    LiquidError,
    RecursionError,
    ArithmeticError,
    LookupError,
    TypeError,
    ValueError,
    AttributeError,
)
"""What a rendering may raise: filters let through what Python's own functions say of strange values."""


def sentence_of(error: Exception) -> str:
    """What an error says in its first line, for whoever wrote the template."""
    return str(error).splitlines()[0][:200] if str(error) else type(error).__name__


def weigh(value: object, most: int = MOST_WEIGHT) -> None:
    """Raises ResourceLimitError for what is larger than `most` characters when it is written; ends early."""
    left = most
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            left -= len(one)
            waiting += [*one, *one.values()]
        elif isinstance(one, list | tuple):
            left -= len(one)
            waiting += one if left >= 0 else ()
        elif isinstance(one, int) and one.bit_length() > MOST_BITS:
            raise ResourceLimitError("a number is too large", token=None)
        else:
            left -= len(one) if isinstance(one, str | range) else 1
        if left < 0:
            raise ResourceLimitError("a value is too large", token=None)


class _Context(RenderContext):
    """A rendering that knows when it must be over."""

    __slots__ = ("_disabled", "_until")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._until = time.monotonic() + MOST_SECONDS
        super().__init__(*args, **kwargs)

    # The library reads this before it renders a node, and nothing else so often.
    @property
    def disabled_tags(self) -> list[str]:
        self.check()
        return self._disabled

    @disabled_tags.setter
    def disabled_tags(self, tags: list[str]) -> None:
        self._disabled = tags

    def end_by(self, until: float) -> None:
        """Be over at a monotonic time, if not sooner."""
        self._until = min(self._until, until)

    def check(self) -> None:
        """Raises ResourceLimitError once the time is over."""
        if time.monotonic() > self._until:
            raise ResourceLimitError("filling the template takes too long", token=None)

    def filter(self, name: str, token: Token | None) -> Callable[..., object]:
        apply = super().filter(name, token)
        foresee = _FORESEEN.get(name)

        def bounded(value: object, *args: Any, **kwargs: Any) -> object:
            self.check()
            # What is undefined says so itself, to filters that ask it.
            weigh([one for one in (value, *args) if not isinstance(one, Undefined)])
            if foresee is not None:
                foresee(value, *args)
            result = apply(value, *args, **kwargs)
            weigh(result)
            return result

        return bounded


class _Template(BoundTemplate):
    context_class = _Context

    def render_until(self, values: Mapping[str, Any], until: float) -> str:
        """As `render`, but over at `until` (monotonic) at the latest."""
        context = _Context(self, globals=self.make_globals(values))
        context.end_by(until)
        buffer = self._get_buffer()
        self.render_with_context(context, buffer)
        return buffer.getvalue()


class BoundedEnvironment(Environment):
    """A template is anybody's: it may neither loop nor write without end.

    With `is_strict` it is an error to name what there is not (UndefinedError).
    """

    loop_iteration_limit = 10_000
    output_stream_limit = MOST_OUTPUT
    local_namespace_limit = 1_000_000
    context_depth_limit = 20
    template_class = _Template

    def __init__(self, *, is_strict: bool) -> None:
        super().__init__(undefined=StrictUndefined if is_strict else Undefined)
        self.add_filter("uniq", _uniq)

    def tokenizer(self) -> Callable[[str], Iterator[Token]]:
        return reading_fields(super().tokenizer())

    @staticmethod
    def rendered(template: BoundTemplate, values: Mapping[str, Any], *, until: float) -> str:
        """A template of this environment, filled; raises RENDERING_ERRORS, also at `until` (monotonic)."""
        return cast(_Template, template).render_until(values, until)


def _foresee_join(value: object, separator: object = " ") -> None:
    if isinstance(value, list | tuple | range):
        _foresee(len(value) * len(str(separator)))


def _foresee_replace(value: object, old: object, new: object = "") -> None:
    if not isinstance(old, Undefined) and not isinstance(new, Undefined):
        _foresee(str(value).count(str(old)) * len(str(new)))


def _foresee(characters: int) -> None:
    if characters > MOST_WEIGHT:
        raise ResourceLimitError("a value is too large", token=None)


# Filters that may make much more of two values than they hold.
_FORESEEN: dict[str, Callable[..., None]] = {"join": _foresee_join, "replace": _foresee_replace}


def _uniq(sequence: object, key: object = None) -> list[object]:
    """The library's looks each item up in all others."""
    items = list(sequence) if isinstance(sequence, Iterable) and not isinstance(sequence, str) else [sequence]
    seen: dict[str, object] = {}
    for item in items:
        told = item.get(key) if key is not None and isinstance(item, dict) else item
        seen.setdefault(json.dumps(told, sort_keys=True, default=str), item)
    return list(seen.values())
