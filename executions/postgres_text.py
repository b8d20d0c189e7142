"""Make what a script or a model says fit to be kept by PostgreSQL."""

import math
import re
from typing import Any

REPLACEMENT = "\ufffd"
# jsonb and text columns refuse NUL, UTF-8 refuses half a surrogate pair.
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def storable_text(text: str) -> str:
    """The text with what cannot be kept replaced by U+FFFD."""
    return _UNSTORABLE.sub(REPLACEMENT, text)


def storable(value: Any) -> Any:
    """The same for everything inside a JSON value; numbers that JSON does not know become None."""
    if isinstance(value, str):
        return storable_text(value)
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, dict):
        return {storable_text(str(key)): storable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [storable(item) for item in value]
    return value
