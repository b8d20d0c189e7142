"""Fields that are called like words of Liquid: `{{ result.json.limit }}` is as good as `["limit"]`.

The library takes the words of its tags for themselves even behind a dot, where other Liquids read them as
names; what tools answer is full of them.
"""

import re
from collections.abc import Callable, Iterator

from liquid import Token

_EXPRESSION = "expression"  # the library's kind of token
_WORDS = (
    "and as blank cols contains continue else empty false for if in limit nil not null offset or required "
    "reversed true with"
)
_FIELD = re.compile(
    rf"""(?P<text>"[^"]*"|'[^']*')|(?<=[\w\]?-])\.(?P<word>{_WORDS.replace(" ", "|")})(?![\w?-])"""
)


def reading_fields(tokenize: Callable[[str], Iterator[Token]]) -> Callable[[str], Iterator[Token]]:
    """The same tokens of a template, with such fields in brackets."""

    def read(source: str) -> Iterator[Token]:
        for token in tokenize(source):
            is_expression = token.kind == _EXPRESSION
            yield token._replace(value=_FIELD.sub(_bracketed, token.value)) if is_expression else token

    return read


def _bracketed(found: re.Match[str]) -> str:
    return found["text"] or f'["{found["word"]}"]'
