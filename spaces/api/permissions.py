"""What a caller needs for an action: a ticket that opens it, the place that the path names, a permission.

Here requests are counted too: DRF would count only after it has asked for all permissions, and would let
whoever lacks one try as often as they like. A ticket that opens nothing here costs but the look at it.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

from rest_framework.permissions import SAFE_METHODS, IsAuthenticated
from rest_framework.request import Request

from spaces.access import Caller
from spaces.throttling import count_request


class OpenToTicket(IsAuthenticated):
    """For every view: one that says nothing of tickets lets none in.

    Whether the caller behind the ticket may do this at all is asked afterwards, as of everybody. Whoever is
    let in is counted; raises Throttled.
    """

    message = "A ticket gives no access to this."

    def has_permission(self, request: Request, view: Any) -> bool:
        if not super().has_permission(request, view):
            return False
        caller: Any = request.auth
        if not isinstance(caller, Caller):
            return True
        if caller.scope is not None:
            may = view.may_by_ticket.get(view.action) if hasattr(view, "may_by_ticket") else None
            if may is None:
                return False
            caller.scope.require(may, view.lineage())
        count_request(caller.counted_as, rate="ticket" if caller.scope else "key")
        return True


class Needs(OpenToTicket):
    """Whoever is here reaches what the path names and is permitted the action.

    Raises what `view.reach` does, so that a space which does not exist for the caller is a 404 before
    anything else is looked at, and NotPermitted. Every verb asks for its permission again.
    """

    read: ClassVar[str] = ""  # what GET needs; "" for nothing
    write: ClassVar[str] = ""  # what all other methods need
    actions: ClassVar[Mapping[str, str]] = {}  # what single actions need instead

    @classmethod
    def by_action(cls, read: str = "", write: str = "", **actions: str) -> type["Needs"]:
        """`permission_classes = [Needs.by_action("agents:read", "agents:manage")]`"""
        return type(cls.__name__, (cls,), {"read": read, "write": write or read, "actions": actions})

    def has_permission(self, request: Request, view: Any) -> bool:
        if not super().has_permission(request, view):
            return False
        reached = view.reach()
        if needed := self.needed(request.method, view.action):
            reached.require(needed)
        return True

    def needed(self, method: str | None, action: str | None) -> str:
        """The permission that an action needs, "" for none."""
        return self.actions.get(action or "", self.read if method in SAFE_METHODS else self.write)
