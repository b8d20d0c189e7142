"""JSON as it goes to sockets and streams: one encoder for all frames."""

import json
from typing import Any

import orjson
from django.core.serializers.json import DjangoJSONEncoder

# Line ends beyond ASCII: JSON lets them stand in a text. Clients that take a stream apart as `str.splitlines`
# does, the official SDK among them, would cut an event in two there. Those of ASCII JSON escapes by itself.
_LINE_ENDS = {"\x85": r"\u0085", "\u2028": r"\u2028", "\u2029": r"\u2029"}


def dump(value: Any) -> str:
    """JSON text on one line; what orjson cannot write (integers past 64 bits) the slower encoder does."""
    try:
        return on_one_line(orjson.dumps(value, option=orjson.OPT_UTC_Z).decode())
    except TypeError:
        return json.dumps(value, cls=DjangoJSONEncoder, separators=(",", ":"))


def on_one_line(text: str) -> str:
    """The same JSON, its line ends escaped, of every kind that Unicode knows."""
    if not text.isascii():  # which a text knows of itself
        for end, escaped in _LINE_ENDS.items():
            if end in text:
                text = text.replace(end, escaped)
    return text
