"""A page half way down a list: the row before it, and the cursor that leads there."""

import base64
from types import SimpleNamespace
from typing import Any

import psycopg
from psycopg import sql

from spaces.keyset import Keyset

BEYOND_ALL = ("infinity", "ffffffff-ffff-ffff-ffff-ffffffffffff")  # time and id after those of all rows
MARK_BYTES = 8  # of a cursor, before its values: which list it belongs to

_AT_DEPTH = """
SELECT created_at, id FROM {} WHERE space_id = %s ORDER BY created_at DESC, id DESC OFFSET %s LIMIT 1
"""


def row_at(url: str, table: str, *, space_id: str, depth: int) -> Any:
    """`created_at` and `id` of the last row before the page that begins `depth` rows down a space's list."""
    statement = sql.SQL(_AT_DEPTH).format(sql.Identifier(table))
    with psycopg.connect(url) as connection:
        row = connection.execute(statement, [space_id, depth - 1]).fetchone()
    if row is None:
        raise ValueError(f"there are not {depth} rows in {table}")
    return SimpleNamespace(created_at=row[0], id=row[1])


def cursor_to(row: Any, keyset: Keyset, *, like: str) -> str:
    """The cursor past a row as the API makes it: the mark of the list that gave `like`, and the row."""
    mark = base64.urlsafe_b64decode(like + "=" * (-len(like) % 4))[:MARK_BYTES]
    return keyset.cursor(row, mark)
