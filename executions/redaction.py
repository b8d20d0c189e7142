"""Taking the values of secrets out of what a tool or a model answers, however it spells them."""

import base64
import html
import json
import re
from bisect import bisect_left
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote, quote_plus

from pydantic import SecretStr

LEAST_CHARACTERS = 6  # of a value that is looked for in other spellings and in bytes: less is found anywhere
_RESERVED = "!$&'()*+,;=:/?@[]"  # what an address may hold as it stands
_PERCENT = re.compile(r"%[0-9A-F]{2}")
_SCHEME = re.compile(r"(?:basic|bearer|token|key|apikey)\s+", re.IGNORECASE)


class Redaction:
    """What of a request nothing that comes back may repeat."""

    def __init__(self, secrets: Mapping[str, SecretStr]) -> None:
        self._named = {
            spelling: name
            for name, secret in secrets.items()
            for spelling in _spellings(secret.get_secret_value())
        }
        # The longest first: a value may begin with another one.
        self._longest_first = sorted(self._named, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, self._longest_first)) or r"(?!)")

    def of_text(self, text: str) -> str:
        """The text with the names of secrets in place of their values."""
        if not self._is_in(text):
            return text
        return self._pattern.sub(lambda found: f"[secret {self._named[found[0]]}]", text)

    def of_json(self, value: Any) -> Any:
        """The same for everything inside a JSON value, keys and numbers too; the value itself without any."""
        return self._replaced(value) if self.is_in_json(value) else value

    def is_in_json(self, value: Any) -> bool:
        """Whether any text, key or number inside a JSON value may hold a secret."""
        return bool(self._named) and self._is_in(_words(value))

    def _replaced(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.of_text(value)
        if isinstance(value, dict):
            return {self.of_text(str(key)): self._replaced(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self._replaced(item) for item in value]
        if isinstance(value, int | float) and self.of_text(str(value)) != str(value):
            return self.of_text(str(value))
        return value

    def of_cut_text(self, text: str) -> str:
        """The same for a text that broke off: nor does its end hold the beginning of a secret."""
        return self.in_pieces().add(text)

    def of_cut_bytes(self, content: bytes) -> bytes:
        """Bytes that broke off, without what at their end could be the beginning of a secret."""
        longest = max((len(spelling.encode()) for spelling in self._named), default=1)
        return content[: max(len(content) - longest + 1, 0)]

    def is_needed(self, content: bytes) -> bool:
        """Whether bytes that cannot be changed, such as a picture's, repeat a secret."""
        return any(
            spelling.encode() in content for spelling in self._named if len(spelling) >= LEAST_CHARACTERS
        )

    def spans(self, text: str) -> Iterator[tuple[int, int]]:
        """Where secrets stand in a text, from left to right: [begin, end)."""
        return (found.span() for found in self._pattern.finditer(text)) if self._is_in(text) else iter(())

    def in_pieces(self) -> "PiecewiseRedaction":
        """For a text that arrives in pieces."""
        return PiecewiseRedaction(self, sorted(self._named))

    def _is_in(self, text: str) -> bool:
        # Nearly always none is, and to look for one after the other is the fastest way to know.
        return any(spelling in text for spelling in self._longest_first)


class PiecewiseRedaction:
    """Passes a text on piece by piece; a tail that a secret could begin with waits for what follows.

    What is passed on is, in the end, what `Redaction.of_text` makes of the whole text.
    """

    def __init__(self, redaction: Redaction, spellings: list[str]) -> None:
        self._redaction = redaction
        self._spellings = spellings  # in the order of the alphabet: those that begin alike stand together
        self._firsts = frozenset(spelling[0] for spelling in spellings)
        self._longest = max(map(len, spellings), default=1)
        self._held = ""

    def add(self, piece: str) -> str:
        """What may be passed on by now, "" where all of it has to wait."""
        if not self._spellings:
            return piece
        text = self._held + piece
        first = max(0, len(text) - self._longest + 1)
        cut = next((at for at in range(first, len(text)) if self._may_begin(text, at)), len(text))
        # Nor is a secret cut in two whose end could also be the beginning of another.
        cut = next((begin for begin, end in self._redaction.spans(text) if begin < cut < end), cut)
        self._held = text[cut:]
        return self._redaction.of_text(text[:cut])

    def rest(self) -> str:
        """What is left at the text's end."""
        text, self._held = self._held, ""
        return self._redaction.of_text(text)

    def _may_begin(self, text: str, at: int) -> bool:
        """Whether the text from here on is the beginning of a longer spelling."""
        if text[at] not in self._firsts:
            return False
        tail = text[at:]
        place = bisect_left(self._spellings, tail)
        if place < len(self._spellings) and self._spellings[place] == tail:
            place += 1
        return place < len(self._spellings) and self._spellings[place].startswith(tail)


def _words(value: Any) -> str:
    """Every key, text and number inside a JSON value; a secret that stands in one of them stands here too."""
    words: list[str] = []
    left = [value]
    while left:
        one = left.pop()
        if isinstance(one, dict):
            words += map(str, one)
            left += one.values()
        elif isinstance(one, list):
            left += one
        elif one is not None:
            words.append(str(one))
    return "\n".join(words)


def _spellings(value: str) -> Iterator[str]:
    """A value as it stands, and as headers, addresses, JSON, HTML and base64 carry it."""
    if not value:
        return
    yield value
    if len(value) < LEAST_CHARACTERS:
        return
    if scheme := _SCHEME.match(value):
        yield from _spellings(value[scheme.end() :])  # a header's value repeated without its first word
    for cased in {value, value.lower(), value.upper()}:
        yield cased
        yield from _in_html(cased)
        yield from _in_addresses(cased)
        yield from _in_json(cased)
    yield value.encode().hex()
    yield value.encode().hex().upper()
    yield from _in_base64(value.encode())


def _in_html(value: str) -> Iterator[str]:
    """With the entities of Python, of Go and of PHP."""
    escaped = html.escape(value)
    yield escaped
    yield escaped.replace("&quot;", "&#34;").replace("&#x27;", "&#39;")
    yield escaped.replace("&#x27;", "&#039;")


def _in_addresses(value: str) -> Iterator[str]:
    quoted = [quote_plus(value), *(quote(value, safe=safe) for safe in ("", "/", _RESERVED))]
    for one in quoted:
        yield one
        yield _PERCENT.sub(lambda found: found[0].lower(), one)


def _in_json(value: str) -> Iterator[str]:
    """As most write it, and as PHP, Go and .NET do, which escape more than they have to."""
    for is_ascii in (True, False):
        escaped = json.dumps(value, ensure_ascii=is_ascii)[1:-1]
        yield escaped
        yield json.dumps(escaped)[1:-1]  # JSON in a text of JSON
        yield escaped.replace("/", "\\/")
        yield _in_code_points(escaped, "&<>", "\\u{:04x}")
        yield _in_code_points(escaped.replace('\\"', '"'), "\"&'+<>`", "\\u{:04X}")


def _in_code_points(text: str, letters: str, form: str) -> str:
    return "".join(form.format(ord(letter)) if letter in letters else letter for letter in text)


def _in_base64(value: bytes) -> Iterator[str]:
    """What is the same in base64 wherever a value stands in it, as in `user:password`."""
    for before, mixed in enumerate((0, 2, 3)):
        whole = (before + len(value)) * 8 // 6  # characters that hold nothing of what follows
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            yield encode(b"\0" * before + value).decode()[mixed:whole]
