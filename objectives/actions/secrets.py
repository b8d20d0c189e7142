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
from objectives.actions.naming import change_identity, new_identity, unique_names
from objectives.addressing import find
from objectives.models import Secret, SecretSource, ToolSet
from objectives.sealed import SECRETS
from objectives.shapes.secrets import NewSecret
from objectives.shapes.toolsets import SecretGiven
from objectives.spelling import Prefix
from spaces.access import SpaceAccess
from spaces.errors import Invalid

LAST_USE_STEP = timedelta(minutes=1)  # a secret in use is written once a minute, not once a call
_NAME = re.compile(r"[A-Z][A-Z0-9_]*")
_UNIQUE = {"a_secret_has_one_value_in_its_scope": "There is a secret of that name already."}
_STRENGTH = [SecretSource.WORKSPACE, SecretSource.TOOL_SET, SecretSource.OBJECTIVE]


def create_secret(*, access: SpaceAccess, tool_set: str | None, wanted: NewSecret, now: datetime) -> Secret:
    """A new secret of the space, or of one tool set in it.

    Raises NotFound, Invalid, AlreadyExists and NotPermitted.
    """
    access.require(MANAGE_SECRETS)
    row = Secret(**new_identity(wanted.metadata, access=access, now=now))
    row.name = secret_name(row.name, "body", "metadata", "name")
    with unique_names(**_UNIQUE):
        row.tool_set = locked_tool_set(access, tool_set) if tool_set is not None else None
        _set_value(row, wanted.spec.value, "body", "spec", "value")
        row.save(force_insert=True)
    return row


def update_secret(
    *,
    access: SpaceAccess,
    tool_set: str | None,
    secret: str,
    changes: Mapping[str, Any],
    now: datetime,
) -> Secret:
    """Change what `changes` says by path (see `objectives.api.masks`); a value can be replaced, not cleared.

    Raises NotFound, Invalid, AlreadyExists and NotPermitted.
    """
    access.require(MANAGE_SECRETS)
    with unique_names(**_UNIQUE):
        row = _locked(access, tool_set, secret)
        fields = change_identity(row, changes)
        row.name = secret_name(row.name, "body", "metadata", "name")
        if "spec.value" in changes:
            fields |= _set_value(row, changes["spec.value"], "body", "spec", "value")
        row.updated_at = now
        row.save(update_fields=[*sorted(fields), "updated_at"])
    return row


def delete_secret(*, access: SpaceAccess, tool_set: str | None, secret: str) -> None:
    """Remove a secret; templates that name it fail from now on. Raises NotFound and NotPermitted."""
    access.require(MANAGE_SECRETS)
    with transaction.atomic():
        _locked(access, tool_set, secret).delete()


def replace_secrets(
    *, tool_set: ToolSet, access: SpaceAccess, wanted: Sequence[SecretGiven], now: datetime
) -> None:
    """Give a set exactly these secrets; one without a value keeps the value that it has.

    The caller holds the set's lock, or has just made it. Raises Invalid and NotPermitted.
    """
    access.require(MANAGE_SECRETS)
    where = ("body", "spec", "secrets")
    rows = {row.name: row for row in tool_set.secrets.select_for_update(no_key=True)}
    names = [secret_name(given.name, *where, number, "name") for number, given in enumerate(wanted)]
    if len(set(names)) < len(names):
        raise Invalid.field(*where, msg="A name stands here twice.")
    tool_set.secrets.exclude(name__in=names).delete()
    for number, (name, given) in enumerate(zip(names, wanted, strict=True)):
        row = rows.get(name)
        if row is not None and given.value is None:
            continue
        if row is None:
            row = Secret(name=name, tool_set=tool_set, space_id=access.space_id, created_at=now)
            row.created_by_id = access.principal_id
        else:
            row.updated_at = now
        _set_value(row, given.value, *where, number, "value")
        row.save()


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
        message = "A secret's name begins with a letter and holds letters, digits and underscores."
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


def _locked(access: SpaceAccess, tool_set: str | None, address: str) -> Secret:
    owner = None if tool_set is None else locked_tool_set(access, tool_set)
    return find(secrets_in(access, owner).select_for_update(no_key=True), secret_prefix(owner), address)


def _set_value(row: Secret, value: SecretStr | None, *loc: str | int) -> set[str]:
    """Seal a value into a row whose scope is set; the names of the columns set. Raises Invalid at `loc`."""
    if value is None:
        raise Invalid.field(*loc, msg="A value is needed.")
    return SECRETS.seal(row, value.get_secret_value())
