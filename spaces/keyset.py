"""Orders that are total, and the one comparison that begins a page behind a row: quick however deep."""

import base64
import binascii
import json
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from operator import attrgetter
from typing import Any

from django.db.models import BooleanField, F, Func, Model, Value

from spaces.errors import Invalid

MARK_BYTES = 8
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class RowIsBeyond(Func):
    """`(a, b) < (x, y)`: one comparison that an index on (a, b) serves, equal values of `a` included."""

    output_field = BooleanField()

    def __init__(self, columns: Sequence[str], values: Sequence[Any], *, sign: str) -> None:
        super().__init__(*map(F, columns), *map(Value, values))
        self.sign = sign

    def as_sql(self, compiler: Any, connection: Any, *_: Any, **__: Any) -> tuple[str, tuple[Any, ...]]:
        parts = [compiler.compile(part) for part in self.source_expressions]
        half = len(parts) // 2
        left, right = (", ".join(sql for sql, _ in side) for side in (parts[:half], parts[half:]))
        return f"({left}) {self.sign} ({right})", tuple(value for _, values in parts for value in values)


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a key: its name, and how its values are written into a cursor and read back."""

    name: str
    write: Callable[[Any], Any]
    read: Callable[[Any], Any]


TIME = Column(
    "created_at",
    lambda moment: (moment - EPOCH) // timedelta(microseconds=1),
    lambda count: EPOCH + timedelta(microseconds=count),
)
ID = Column("id", lambda row_id: row_id.hex, lambda text: uuid.UUID(hex=text))


@dataclass(frozen=True, slots=True)
class Keyset:
    """An order that is total: the columns to sort by, the last of which no two rows share."""

    columns: tuple[Column, ...]
    is_descending: bool = False

    def order(self) -> list[str]:
        return [f"{'-' if self.is_descending else ''}{column.name}" for column in self.columns]

    def cursor(self, row: Model, mark: bytes) -> str:
        """The text of a row's place; `mark` says of which list and filters it is."""
        values = [column.write(attrgetter(column.name.replace("__", "."))(row)) for column in self.columns]
        text = json.dumps(values, separators=(",", ":")).encode()
        return base64.urlsafe_b64encode(mark + text).decode().rstrip("=")

    def after(self, cursor: str, mark: bytes) -> RowIsBeyond:
        """The condition of the rows behind a cursor; raises Invalid for one that does not bear this mark."""
        try:
            content = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
            values = json.loads(content[MARK_BYTES:])
            read = [column.read(value) for column, value in zip(self.columns, values, strict=True)]
        except (
            binascii.Error,
            ValueError,
            TypeError,
            OverflowError,
            AttributeError,
            RecursionError,
        ) as error:
            raise bad_cursor("Invalid cursor.", cursor) from error
        if content[:MARK_BYTES] != mark:
            raise bad_cursor("This cursor belongs to another list or to other filters.", cursor)
        names = [column.name for column in self.columns]
        return RowIsBeyond(names, read, sign="<" if self.is_descending else ">")


def bad_cursor(message: str, cursor: str) -> Invalid:
    return Invalid.field("query", "cursor", msg=message, kind="cursor_invalid", value=cursor[:200])


NEWEST_FIRST = Keyset((TIME, ID), is_descending=True)
OLDEST_FIRST = Keyset((TIME, ID))
