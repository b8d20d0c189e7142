"""What a ticket opens of the API: what a view says of its actions, and nothing else."""

from typing import Any

from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from spaces.access import Caller


class OpenToTicket(BasePermission):
    """For every view: one that says nothing of tickets lets none in.

    Whether the caller behind the ticket may do this at all is asked afterwards, as of everybody.
    """

    message = "A ticket does not open this."

    def has_permission(self, request: Request, view: Any) -> bool:
        caller: Any = request.auth
        scope = caller.scope if isinstance(caller, Caller) else None
        if scope is None:
            return True
        may = view.may_by_ticket.get(view.action) if hasattr(view, "may_by_ticket") else None
        if may is None:
            return False
        scope.require(may, view.lineage())
        return True
