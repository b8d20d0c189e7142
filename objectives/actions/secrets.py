"""Secrets of workspaces and tool sets: written, replaced, removed, and opened for a call."""

import re
import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from pydantic import SecretStr

from objectives.access.permissions import MANAGE_SECRETS
from objectives.actions.finding import locked_tool_set
from objectives.actions.resources import METADATA, Edit, ResourceService, check_name, read_column
from objectives.encrypted_fields import SECRETS
from objectives.ids import Prefix
from objectives.models import Secret, SecretSource, ToolSet
from objectives.schemas.secrets import NewSecret
from objectives.schemas.toolsets import SecretGiven
from objectives.selectors import find
from spaces.access import SpaceAccess
from spaces.errors import Invalid

LAST_USE_STEP = timedelta(minutes=1)  # a secret in use is written once a minute, not once a call
_NAME = re.compile(r"[A-Z][A-Z0-9_]*")
_STRENGTH = [SecretSource.WORKSPACE, SecretSource.TOOL_SET, SecretSource.OBJECTIVE]


def _locked(access: SpaceAccess, tool_set: str | None, address: str) -> Secret:
    owner = None if tool_set is None else locked_tool_set(access, tool_set)
    return find(secrets_in(access, owner).select_for_update(no_key=True), secret_prefix(owner), address)


def _read_name(name: str | None, *loc: str | int) -> str:
    check_name(name, *loc)
    return secret_name(name or "", *loc)


def _write_value(row: Secret, value: SecretStr | None, edit: Edit) -> None:
    """Seal a value into a row whose scope is set."""
    if value is None:
        raise Invalid.field(*edit.loc, msg="A value is required.")
    SECRETS.seal(row, value.get_secret_value())


NAMED_SECRETS = ResourceService[Secret](
    permission=MANAGE_SECRETS,
    lock=_locked,
    writers={
        **METADATA,
        "metadata.name": read_column("name", _read_name),
        "spec.value": _write_value,
    },
    taken={"a_secret_has_one_value_in_its_scope": "A secret with that name already exists."},
)


def create_secret(*, access: SpaceAccess, tool_set: str | None, wanted: NewSecret, now: datetime) -> Secret:
    """A new secret of the space, or of one tool set in it."""
    with NAMED_SECRETS.permitted(access):
        owner = None if tool_set is None else locked_tool_set(access, tool_set)
        return NAMED_SECRETS.create(Secret(tool_set=owner), wanted, Edit(access, now))


def update_secret(
    *,
    access: SpaceAccess,
    tool_set: str | None,
    secret: str,
    changes: Mapping[str, Any],
    now: datetime,
) -> Secret:
    """Change a secret; its value can be replaced, not cleared."""
    return NAMED_SECRETS.update(access, tool_set, secret, changes=changes, now=now)


def delete_secret(*, access: SpaceAccess, tool_set: str | None, secret: str) -> None:
    """Remove a secret; templates that name it fail from now on."""
    with NAMED_SECRETS.locked(access, tool_set, secret) as row:
        row.delete()


def replace_secrets(
    *, tool_set: ToolSet, access: SpaceAccess, wanted: Sequence[SecretGiven], now: datetime
) -> bool:
    """Give a set exactly these secrets, and say whether that changed any.

    One without a value keeps the value that it has. The caller holds the set's lock, or has just made it.
    Raises Invalid and NotPermitted.
    """
    access.require(MANAGE_SECRETS)
    where = ("body", "spec", "secrets")
    rows = {row.name: row for row in tool_set.secrets.select_for_update(no_key=True)}
    names = [secret_name(given.name, *where, number, "name") for number, given in enumerate(wanted)]
    if len(set(names)) < len(names):
        raise Invalid.field(*where, msg="Two secrets have the same name.")
    removed, _ = tool_set.secrets.exclude(name__in=names).delete()
    written = [
        (number, name, given.value)
        for number, (name, given) in enumerate(zip(names, wanted, strict=True))
        if given.value is not None or name not in rows
    ]
    for number, name, value in written:
        row = rows.get(name)
        if row is None:
            row = Secret(name=name, tool_set=tool_set, space_id=access.space_id, created_at=now)
            row.created_by_id = access.principal_id
        else:
            row.updated_at = now
        _write_value(row, value, Edit(access, now, (*where, number, "value")))
        row.save()
    return bool(removed or written)


def secrets_in(access: SpaceAccess, tool_set: ToolSet | None) -> QuerySet[Secret]:
    """The secrets of a tool set, or those of the workspace itself."""
    return Secret.objects.filter(space_id=access.space_id, tool_set=tool_set, objective=None)


def secret_prefix(tool_set: ToolSet | None) -> Prefix:
    """What the ids of those begin with."""
    return Prefix.WORKSPACE_SECRET if tool_set is None else Prefix.TOOL_SET_SECRET


def secret_name(name: str, *loc: str | int) -> str:
    """A name as templates write it, in capitals; raises Invalid at `loc` for another form."""
    capital = name.strip().upper()
    if not _NAME.fullmatch(capital):
        message = "A secret's name must start with a letter and contain only letters, digits and underscores."
        raise Invalid.field(*loc, msg=message)
    return capital


def open_secrets(
    space_id: uuid.UUID,
    tool_set_id: uuid.UUID | None,
    objective_id: uuid.UUID | None,
    names: Iterable[str],
) -> dict[str, tuple[SecretStr, SecretSource]]:
    """The values that a call sees under these names (in capitals), and where each was found.

    An objective's secret beats its tool set's, and that the workspace's. Names without a secret are left
    out. Raises CannotOpen. That they were used is noted after the caller's transaction, once a minute.
    """
    scope = Q(tool_set=None, objective=None)
    if tool_set_id is not None:
        scope |= Q(tool_set_id=tool_set_id)
    if objective_id is not None:
        scope |= Q(objective_id=objective_id)
    rows = Secret.objects.filter(scope, space_id=space_id, name__in=[name.upper() for name in names])
    found = {row.name: row for row in sorted(rows, key=lambda row: _STRENGTH.index(row.source))}
    opened = {name: (_value(row), row.source) for name, row in found.items()}
    transaction.on_commit(partial(_note_use, list(found.values())), robust=True)
    return opened


def _value(row: Secret) -> SecretStr:
    return SecretStr(SECRETS.open(row))


def _note_use(rows: Sequence[Secret]) -> None:
    """Write down that they were used; a row that somebody has locked at the moment is left out."""
    now = timezone.now()
    due = now - LAST_USE_STEP
    late = [row.pk for row in rows if row.last_used_at is None or row.last_used_at < due]
    if late:
        with transaction.atomic():
            free = Secret.objects.filter(pk__in=late).select_for_update(skip_locked=True, no_key=True)
            Secret.objects.filter(pk__in=list(free.values_list("pk", flat=True))).update(last_used_at=now)
