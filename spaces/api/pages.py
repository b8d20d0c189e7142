"""Keyset pages: as quick at the end of a million rows as at their beginning, and never counted."""

import base64
import binascii
import hashlib
import json
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from operator import attrgetter
from typing import Any, Self

from django.db.models import BooleanField, F, Func, Model, QuerySet, Value
from pydantic import BaseModel, Field
from rest_framework.request import Request

from spaces.errors import Invalid
from spaces.tickets import PARAMETER

DEFAULT_LIMIT = 50
MAX_LIMIT = 100
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MARK_BYTES = 8


class PageMeta(BaseModel):
    """How to go on in a list."""

    next_cursor: str | None = Field(
        description="Send it back as `cursor` with the same filters; null on the last page."
    )
    has_more: bool = Field(description="Whether there is a next page.")


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
    lambda moment: (moment - _EPOCH) // timedelta(microseconds=1),
    lambda count: _EPOCH + timedelta(microseconds=count),
)
ID = Column("id", lambda row_id: row_id.hex, lambda text: uuid.UUID(hex=text))


@dataclass(frozen=True, slots=True)
class Keyset:
    """An order that is total: the columns to sort by, the last of which no two rows share."""

    columns: tuple[Column, ...]
    is_descending: bool = False

    @property
    def names(self) -> list[str]:
        return [column.name for column in self.columns]

    def order(self) -> list[str]:
        return [f"-{name}" if self.is_descending else name for name in self.names]

    def cursor(self, row: Model, mark: bytes) -> str:
        values = [column.write(_value(row, column.name)) for column in self.columns]
        text = json.dumps(values, separators=(",", ":")).encode()
        return base64.urlsafe_b64encode(mark + text).decode().rstrip("=")

    def after(self, cursor: str, mark: bytes) -> RowIsBeyond:
        """The condition of the rows behind a cursor; raises Invalid for one that is not of this list."""
        try:
            content = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
            values = json.loads(content[_MARK_BYTES:])
            read = [column.read(value) for column, value in zip(self.columns, values, strict=True)]
        except (
            binascii.Error,
            ValueError,
            TypeError,
            OverflowError,
            AttributeError,
            RecursionError,
        ) as error:
            raise _bad_cursor("This is not a cursor.", cursor) from error
        if content[:_MARK_BYTES] != mark:
            raise _bad_cursor("This cursor belongs to another list or to other filters.", cursor)
        return RowIsBeyond(self.names, read, sign="<" if self.is_descending else ">")


@dataclass(frozen=True, slots=True)
class Page[M: Model]:
    """Rows of one page, and the `meta` that goes with them."""

    rows: list[M]
    meta: dict[str, Any]

    @classmethod
    def of(
        cls,
        queryset: QuerySet[M],
        keyset: Keyset,
        request: Request,
        *,
        of_list: str,
    ) -> Self:
        """The page that `limit` and `cursor` ask for; raises Invalid.

        `of_list` names the list, its space included: a cursor is good for one list and one set of filters.
        """
        cursor = request.query_params.get("cursor")
        return cls.at(queryset, keyset, cursor, limit=_limit(request), mark=mark_of(request, of_list))

    @classmethod
    def at(
        cls, queryset: QuerySet[M], keyset: Keyset, cursor: str | None, *, limit: int, mark: bytes
    ) -> Self:
        """The `limit` rows behind a cursor that carries this mark, or the first; raises Invalid."""
        if cursor is not None:
            queryset = queryset.filter(keyset.after(cursor, mark))
        rows = list(queryset.order_by(*keyset.order())[: limit + 1])
        has_more = len(rows) > limit
        next_cursor = keyset.cursor(rows[limit - 1], mark) if has_more else None
        return cls(rows[:limit], {"next_cursor": next_cursor, "has_more": has_more})


def _limit(request: Request) -> int:
    text = request.query_params.get("limit", str(DEFAULT_LIMIT))
    if not (text.isascii() and text.isdecimal() and len(text) < 4 and 1 <= int(text) <= MAX_LIMIT):
        message = f"Must be a whole number from 1 to {MAX_LIMIT}."
        raise Invalid.field("query", "limit", msg=message, kind="out_of_range", value=text[:200])
    return int(text)


def mark_of(request: Request, of_list: str) -> bytes:
    """A digest of the list and its filters, in whatever order they were written."""
    filters = sorted(
        (name, value)
        for name, values in request.query_params.lists()
        if name not in {"cursor", "limit", PARAMETER}  # the page after may be asked for by a newer ticket
        for value in values
    )
    return hashlib.blake2b(json.dumps([of_list, filters]).encode(), digest_size=_MARK_BYTES).digest()


def _value(row: Model, name: str) -> Any:
    return attrgetter(name.replace("__", "."))(row)


def _bad_cursor(message: str, cursor: str) -> Invalid:
    return Invalid.field("query", "cursor", msg=message, kind="cursor_invalid", value=cursor[:200])
