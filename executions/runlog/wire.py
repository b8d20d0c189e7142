"""Writing JSON for sockets and streams."""

import json
from typing import Any

import orjson
from django.core.serializers.json import DjangoJSONEncoder


def dump(value: Any) -> str:
    """JSON text on one line; what orjson cannot write (integers past 64 bits) the slower encoder does."""
    try:
        return orjson.dumps(value, option=orjson.OPT_UTC_Z).decode()
    except TypeError:
        return json.dumps(value, cls=DjangoJSONEncoder, ensure_ascii=False)
