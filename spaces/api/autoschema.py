"""How drf-spectacular reads our views."""

from typing import Any

from drf_spectacular.openapi import AutoSchema


class AsDescribed(AutoSchema):
    """Takes answers as they are described: what `list` answers is an envelope, not an array of it."""

    def _is_list_view(self, serializer: Any = None) -> bool:
        return False

    def get_auth(self) -> list[dict[str, list[Any]]]:
        """With the ticket, where a view says that it opens the action."""
        taken: list[dict[str, list[Any]]] = super().get_auth()
        opens = getattr(self.view, "action", None) in getattr(self.view, "may_by_ticket", {})
        return [*taken, {"ticket": []}] if opens else taken
