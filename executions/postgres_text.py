"""Make what a script or a model says fit to be kept by PostgreSQL."""

import math
import re
from typing import Any

import orjson

REPLACEMENT = "\ufffd"
# jsonb and text columns refuse NUL, UTF-8 refuses half a surrogate pair.
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_NUL = rb"\u0000"  # as JSON writes it; a text that spells it out is looked at more closely for nothing


def storable_text(text: str) -> str:
    """The text with what cannot be kept replaced by U+FFFD."""
    return _UNSTORABLE.sub(REPLACEMENT, text)


def storable(value: Any) -> Any:
    """The same for everything inside a JSON value; numbers that JSON does not know become None."""
    # Nearly always there is nothing to replace, and then one look at the whole text is enough. The encoder
    # writes such numbers as null, and refuses half a surrogate pair and what it cannot write as it stands.
    try:
        written = orjson.dumps(value)
    except TypeError:
        return _replaced(value)
    return _replaced(value) if _NUL in written else orjson.loads(written)


def _replaced(value: Any) -> Any:
    if isinstance(value, str):
        return storable_text(value)
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, dict):
        return {storable_text(str(key)): _replaced(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_replaced(item) for item in value]
    return value
