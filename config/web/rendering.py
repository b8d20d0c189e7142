"""How the API writes JSON."""

# Apart from config.errors.handler, which imports DRF's views: those load their default renderer while they
# are imported.

from typing import Any

import orjson
from django.core.serializers.json import DjangoJSONEncoder
from rest_framework.renderers import BaseRenderer, JSONRenderer


class OrjsonRenderer(BaseRenderer):
    """JSON, times in UTC ending in `Z`; what orjson cannot write (very large integers) DRF does."""

    media_type = "application/json"
    format = "json"
    charset = None

    def render(
        self, data: Any, accepted_media_type: str | None = None, renderer_context: Any = None
    ) -> bytes:
        if data is None:
            return b""
        try:
            return orjson.dumps(data, default=_plain, option=orjson.OPT_UTC_Z)
        except TypeError:
            return JSONRenderer().render(data, accepted_media_type, renderer_context)


def _plain(value: Any) -> Any:
    return DjangoJSONEncoder().default(value)
