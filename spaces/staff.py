"""What staff who are no operators may read in every space: what the admin shows them."""

from spaces.models import Principal

# What they may read by API, stream and socket, and the permissions of the admin of which any one lets them.
_SHOWN_BY = {
    "executions:read": ("executions.view_skillexecution", "executions.change_skillexecution"),
    "objectives:read": ("objectives.view_objective", "objectives.change_objective"),
}


def is_staff_only(principal: Principal) -> bool:
    """Somebody of the deployment who opens the admin, but is no operator."""
    return principal.is_staff and not principal.is_superuser and principal.tenant_id is None


def readable_by_staff(principal: Principal) -> frozenset[str]:
    """The `resource:verb`s, none for an ordinary person; two queries, which the instance remembers."""
    if not is_staff_only(principal):
        return frozenset()
    return frozenset(
        permission for permission, shown_by in _SHOWN_BY.items() if any(map(principal.has_perm, shown_by))
    )
