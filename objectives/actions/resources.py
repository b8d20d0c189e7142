"""How people make and change things: permitted, locked, written field by field, saved where they changed.

A verb raises NotPermitted before anything else, NotFound for an address that means no row of the space,
Invalid and Unimplemented naming the field, and AlreadyExists for a name that is taken. `changes` are those of
a PATCH by path (see `objectives.api.field_masks`); None clears a field.

Decision: what changed is seen by comparing a row's columns before and after, not said by whoever wrote them.
So a patch that changes nothing leaves `updated_at` alone, and no verb can forget a column.
"""

import contextlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple, NoReturn

from django.db import IntegrityError, transaction
from django.db.models import JSONField, Model
from pydantic.alias_generators import to_camel

from objectives.access.accounts import AccountAccess
from objectives.models.resource import Resource
from objectives.schemas.shape import Shape
from objectives.validation.labels import check_external_id, check_labels
from objectives.validation.unbuilt import refuse_unbuilt
from spaces.access import SpaceAccess
from spaces.errors import AlreadyExists, Invalid

_TAKEN = "an_external_id_names_one_"  # how the constraints of `external_id_once` begin
type Loc = tuple[str | int, ...]


class Edit(NamedTuple):
    """Who writes a field, when, and where its value stood in the request, for errors."""

    access: Any
    now: datetime
    loc: Loc = ("body",)


type Writer[R] = Callable[[R, Any, Edit], None]
type Linker[R] = Callable[[R, Any, Edit], bool]


@dataclass(frozen=True, kw_only=True)
class ResourceService[R: Model]:
    """How the rows of one kind are made and changed.

    `lock` reads a row through its space, locked until the transaction ends, by the addresses that a path has.
    `writers` say how each field is read, checked and cleared (by None), by its path in a request; they run in
    this order, and then `check`. `linked` fields are rows of their own, written once the row is there: each
    says whether it changed anything. `taken` has the sentence for each further constraint that may find a
    name taken.
    """

    permission: str
    lock: Callable[..., R]
    writers: Mapping[str, Writer[R]]
    linked: Mapping[str, Linker[R]] = field(default_factory=dict)
    check: Callable[[R], None] | None = None
    taken: Mapping[str, str] = field(default_factory=dict)

    @contextlib.contextmanager
    def permitted(self, access: SpaceAccess | AccountAccess) -> Iterator[None]:
        """A transaction for whoever has the permission, which is asked for before anything else."""
        access.require(self.permission)
        with transaction.atomic():
            yield

    @contextlib.contextmanager
    def locked(self, access: SpaceAccess | AccountAccess, *address: str | None, **how: bool) -> Iterator[R]:
        """The row of an address; `how` is for `lock`."""
        access.require(self.permission)
        with transaction.atomic():
            yield self.lock(access, *address, **how)

    @contextlib.contextmanager
    def changing(
        self,
        access: SpaceAccess | AccountAccess,
        *address: str | None,
        now: datetime | None,
        **how: bool,
    ) -> Iterator[R]:
        """The same; whatever differs at the end is saved, with `now` where the row notes when it changed."""
        access.require(self.permission)
        with transaction.atomic():
            row = self.lock(access, *address, **how)
            before = _columns(row)
            yield row
            changed = {name for name, value in _columns(row).items() if value != before[name]}
            if not changed:
                return
            if isinstance(row, Resource):
                row.updated_at = now
                changed.add("updated_at")
            try:
                row.save(update_fields=changed)
            except IntegrityError as error:  # it ends the transaction, in which nothing comes after
                raise_taken(error, self.taken)

    def update(
        self, access: SpaceAccess, *address: str | None, changes: Mapping[str, Any], now: datetime
    ) -> R:
        """The row with what `changes` says; all of it or nothing."""
        with self.changing(access, *address, now=now) as row:
            self.apply(row, changes, Edit(access, now))
        return row

    def create(self, row: R, new: Shape, edit: Edit) -> R:
        """Save a new row with what `new` says; the caller has set its parent, and holds a transaction."""
        made = {
            "space_id": edit.access.space_id,
            "created_by_id": edit.access.principal_id,
            "created_at": edit.now,
        }
        for name, value in made.items():
            setattr(row, name, value)
        self.fill(row, new, edit)
        with unique_names(**self.taken):
            row.save(force_insert=True)
        self._link(row, {path: value for path in self.linked if (value := _given(new, path))}, edit)
        return row

    def apply(self, row: R, changes: Mapping[str, Any], edit: Edit) -> None:
        """Write what `changes` says into a saved row, which the caller saves again."""
        self._write(row, changes, edit)
        if self.linked and self._link(row, changes, edit) and isinstance(row, Resource):
            row.updated_at = edit.now

    def fill(self, row: R, new: Shape, edit: Edit) -> R:
        """Write what `new` says into the columns of a new row; what it leaves out is cleared."""
        self._write(row, {path: _given(new, path) for path in self.writers}, edit)
        return row

    def _write(self, row: R, given: Mapping[str, Any], edit: Edit) -> None:
        for path, write in self.writers.items():
            if path in given:
                write(row, given[path], edit._replace(loc=(*edit.loc, *_place(path))))
        if self.check is not None:
            self.check(row)

    def _link(self, row: R, given: Mapping[str, Any], edit: Edit) -> bool:
        is_changed = False
        for path, link in self.linked.items():
            if path in given:
                is_changed |= link(row, given[path], edit._replace(loc=(*edit.loc, *_place(path))))
        return is_changed


def column(name: str, *checks: Callable[..., Any]) -> Writer[Any]:
    """A writer of one column, cleared to its default; `checks` raise Invalid at the value's place."""

    def write(row: Model, value: Any, edit: Edit) -> None:
        kept = getattr(type(row)(), name) if value is None else value
        for check in checks:
            check(kept, *edit.loc)
        setattr(row, name, kept.wire() if isinstance(kept, Shape) else kept)

    return write


def read_column(name: str, read: Callable[..., Any]) -> Writer[Any]:
    """A writer of one column, which keeps what `read` makes of the value (None: cleared) and its place."""
    return lambda row, value, edit: setattr(row, name, read(value, *edit.loc))


def unbuilt(_: Model, value: Any, edit: Edit) -> None:
    """The writer of a field that is not built."""
    refuse_unbuilt(value, *edit.loc)


def check_name(name: str | None, *loc: str | int) -> None:
    """Everything has one; raises Invalid."""
    if not name:
        raise Invalid.field(*loc, msg="A name cannot be cleared.")


METADATA: Mapping[str, Writer[Any]] = {
    "metadata.name": column("name", check_name),
    "metadata.external_id": column("external_id", check_external_id),
    "metadata.labels": column("labels", check_labels),
}


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
        raise_taken(error, also)


def raise_taken(error: IntegrityError, also: Mapping[str, str]) -> NoReturn:
    """Raises AlreadyExists where a name is taken, with the sentence that `also` has, else the error."""
    text = str(error)
    said = next((sentence for constraint, sentence in also.items() if constraint in text), None)
    if said is None and _TAKEN not in text:
        raise error
    raise AlreadyExists(said or "That external id is already taken.") from None


def _columns(row: Model) -> dict[str, Any]:
    """The values of all columns, to compare; JSON as text, since in Python `1` equals `1.0` and `True`."""
    values = {one.attname: (one, getattr(row, one.attname)) for one in row._meta.concrete_fields}
    return {
        name: json.dumps(value, sort_keys=True) if isinstance(one, JSONField) else value
        for name, (one, value) in values.items()
    }


def _given(new: Shape, path: str) -> Any:
    """What a body says of a path; None where it is left out."""
    value: Any = new
    for name in path.split("."):
        value = getattr(value, name, None)
    return value


@cache
def _place(path: str) -> Loc:
    """Where the value of a path stands below the body; there are as many as writers."""
    return tuple(map(to_camel, path.split(".")))
