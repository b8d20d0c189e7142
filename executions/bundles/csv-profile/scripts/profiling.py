"""Put together what is known of a table, column by column."""

from collections.abc import Iterator
from pathlib import Path

from callboard_files import Table
from callboard_skill import progress, text
from columns import Column, read_column
from parsing import table_style
from quality import duplicate_row_count, find_correlations, find_warnings

# What is told live of columns and warnings; the outputs have them all.
MAX_TOLD = 40


def read_columns(table: Table, *, top: int) -> Iterator[Column]:
    """Each column in turn, told live as it is known."""
    count = len(table.names)
    style = table_style(table.cells)
    for index, name in enumerate(table.names):
        column = read_column(name, table.cells[index], top=top, of_table=style)
        if index < MAX_TOLD:
            text(f"  {column.name}: {column.headline}\n")
        progress(round(0.15 + 0.6 * (index + 1) / count, 3), f"Column {index + 1} of {count}")
        yield column


def describe(source: Path, table: Table, columns: list[Column]) -> dict:
    cells = table.row_count * len(columns)
    missing = sum(column.missing_count for column in columns)
    repeated = duplicate_row_count(table)
    return {
        "file": source.name,
        "size_bytes": source.stat().st_size,
        "encoding": table.encoding,
        "delimiter": table.delimiter,
        "sheet": table.sheet or None,
        "row_count": table.row_count,
        "column_count": len(columns),
        "truncated": table.truncated,
        "duplicate_row_count": repeated,
        "missing_share": round(missing / cells, 6) if cells else 0.0,
        "columns": [column.as_json() for column in columns],
        "correlations": find_correlations(columns),
        "warnings": find_warnings(table, columns, repeated),
    }
