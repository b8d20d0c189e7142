"""Taking the values of secrets out of what a tool answers, however it spells them."""

import base64
import html
import json
from collections.abc import Iterator, Mapping
from urllib.parse import quote, quote_plus

from pydantic import SecretStr

LEAST_CHARACTERS = 6  # of a value that is looked for in other spellings and in bytes: less is found anywhere
_RESERVED = "!$&'()*+,;=:/?@[]"  # what an address may hold as it stands


class Redaction:
    """What of a request nothing that comes back may repeat."""

    def __init__(self, secrets: Mapping[str, SecretStr]) -> None:
        named = {
            spelling: name
            for name, secret in secrets.items()
            for spelling in _spellings(secret.get_secret_value())
        }
        # The longest first: a value may begin with another one.
        self._named = dict(sorted(named.items(), key=lambda pair: len(pair[0]), reverse=True))

    def of_text(self, text: str) -> str:
        """The text with the names of secrets in place of their values."""
        for spelling, name in self._named.items():
            text = text.replace(spelling, f"[secret {name}]")
        return text

    def is_needed(self, content: bytes) -> bool:
        """Whether bytes that cannot be changed, such as a picture's, repeat a secret."""
        return any(
            spelling.encode() in content for spelling in self._named if len(spelling) >= LEAST_CHARACTERS
        )


def _spellings(value: str) -> Iterator[str]:
    """A value as it stands, and as headers, addresses, JSON, HTML and base64 carry it."""
    if not value:
        return
    yield value
    if len(value) < LEAST_CHARACTERS:
        return
    for cased in {value, value.lower(), value.upper()}:
        yield cased
        yield html.escape(cased)
        for safe in ("", "/", _RESERVED):
            yield quote(cased, safe=safe)
        yield quote_plus(cased)
        for is_ascii in (True, False):
            escaped = json.dumps(cased, ensure_ascii=is_ascii)[1:-1]
            yield escaped
            yield json.dumps(escaped)[1:-1]  # JSON in a text of JSON
    yield value.encode().hex()
    yield from _in_base64(value.encode())


def _in_base64(value: bytes) -> Iterator[str]:
    """What is the same in base64 wherever a value stands in it, as in `user:password`."""
    for before, mixed in enumerate((0, 2, 3)):
        whole = (before + len(value)) * 8 // 6  # characters that hold nothing of what follows
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            yield encode(b"\0" * before + value).decode()[mixed:whole]
