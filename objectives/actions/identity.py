"""The identity that callers give to what they configure: checked, changed, and found taken."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import psycopg
from django.db import IntegrityError, transaction

from objectives.labels import check_external_id, check_labels
from objectives.models.resource import Resource
from objectives.shapes.metadata import NewOperation, NewResource
from spaces.errors import AlreadyExists, Invalid


def check_identity(metadata: NewResource | NewOperation) -> None:
    """Raises Invalid for labels or an external id that have not the form."""
    check_labels(metadata.labels, "body", "metadata", "labels")
    check_external_id(metadata.external_id, "body", "metadata", "externalId")


def change_identity(row: Resource, changes: Mapping[str, Any]) -> set[str]:
    """Set what `changes` (by path, see `api.masks`) says of `metadata`; the names of the fields that it set.

    Raises Invalid for a name that is cleared, and for labels or an external id that have not the form.
    """
    fields = set()
    if "metadata.name" in changes:
        if not changes["metadata.name"]:
            raise Invalid.field("body", "metadata", "name", msg="A name is needed.")
        row.name = changes["metadata.name"]
        fields.add("name")
    if "metadata.external_id" in changes:
        row.external_id = changes["metadata.external_id"] or ""
        check_external_id(row.external_id, "body", "metadata", "externalId")
        fields.add("external_id")
    if "metadata.labels" in changes:
        row.labels = changes["metadata.labels"] or {}
        check_labels(row.labels, "body", "metadata", "labels")
        fields.add("labels")
    return fields


@contextmanager
def taken_names(**messages: str) -> Iterator[None]:
    """A transaction (or savepoint) in which a name that is taken raises AlreadyExists.

    `messages` say what is taken, by the name of the constraint; any other unique one is an external id.
    """
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        cause = error.__cause__
        if not isinstance(cause, psycopg.errors.UniqueViolation):
            raise
        message = messages.get(cause.diag.constraint_name or "", "That external id is taken.")
        raise AlreadyExists(message) from None
