"""The identity that people give to a row, and change: name, external id and labels."""

import contextlib
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction

from objectives.labels.plain import check_external_id, check_labels
from objectives.models.resource import Resource
from objectives.shapes.metadata import NewOperation, NewResource
from spaces.access import SpaceAccess
from spaces.errors import AlreadyExists, Invalid
from spaces.models import ApiKey

_TAKEN = "an_external_id_names_one_"  # how the constraints of `external_id_once` begin
_WHERE = ("body", "metadata")


def new_identity(
    metadata: NewResource | NewOperation,
    *,
    access: SpaceAccess,
    now: datetime,
    at: tuple[str, ...] = _WHERE,
) -> dict[str, Any]:
    """The fields of a new row that say what it is called and whose it is; raises Invalid below `at`."""
    check_labels(metadata.labels, *at, "labels")
    check_external_id(metadata.external_id, *at, "externalId")
    named = {"name": metadata.name} if isinstance(metadata, NewResource) else {}
    return {
        **named,
        "external_id": metadata.external_id,
        "labels": metadata.labels,
        "space_id": access.space_id,
        "created_by_id": access.principal_id,
        "created_at": now,
    }


def change_identity(row: Resource | ApiKey, changes: Mapping[str, Any]) -> set[str]:
    """Set what `changes` (see `objectives.api.masks`) says of `metadata`; the names of the fields set.

    Raises Invalid, also where the name is cleared: everything has one.
    """
    fields = set()
    if "metadata.name" in changes:
        if not changes["metadata.name"]:
            raise Invalid.field(*_WHERE, "name", msg="A name cannot be cleared.")
        row.name = changes["metadata.name"]
        fields.add("name")
    if "metadata.external_id" in changes:
        row.external_id = changes["metadata.external_id"] or ""
        check_external_id(row.external_id, *_WHERE, "externalId")
        fields.add("external_id")
    if "metadata.labels" in changes:
        row.labels = changes["metadata.labels"] or {}
        check_labels(row.labels, *_WHERE, "labels")
        fields.add("labels")
    return fields


def spec_in(changes: Mapping[str, Any]) -> dict[str, Any]:
    """What `changes` (see `objectives.api.masks`) says of `spec`, by field."""
    return {path.removeprefix("spec."): value for path, value in changes.items() if path.startswith("spec.")}


@contextlib.contextmanager
def unique_names(**also: str) -> Iterator[None]:
    """Raises AlreadyExists where what is saved inside takes an external id that another row has.

    `also` has the sentence for each further constraint that may find a name taken. It is a savepoint, so the
    caller's transaction stays usable.
    """
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        text = str(error)
        said = next((sentence for constraint, sentence in also.items() if constraint in text), None)
        if said is None and _TAKEN not in text:
            raise
        raise AlreadyExists(said or "Something else of this kind has that external id.") from None
