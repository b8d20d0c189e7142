"""How drf-spectacular reads our views."""

from typing import Any

from drf_spectacular.openapi import AutoSchema


class AsDescribed(AutoSchema):
    """Takes answers as they are described: what `list` answers is an envelope, not an array of it."""

    def _is_list_view(self, serializer: Any = None) -> bool:
        return False
