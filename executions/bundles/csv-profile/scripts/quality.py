"""Find what a careful reader should look at before using a table."""

from collections import Counter
from collections.abc import Iterator
from itertools import combinations

import pandas as pd
from columns import Column
from table import Table

STRONG = 0.5
MAX_PAIRS = 10
MAX_NUMERIC = 40
MANY_MISSING = 0.5
FEW_ROWS_FOR_PAIRS = 10


def duplicate_row_count(table: Table) -> int:
    """Rows that repeat an earlier one exactly."""
    rows = Counter(map(hash, zip(*table.cells, strict=True)))
    return table.row_count - len(rows)


def find_correlations(columns: list[Column]) -> list[dict]:
    """The strongest pairs of numeric columns, by the rows where both have a value."""
    numeric = {
        column.name: column.numbers.by_row
        for column in columns
        if column.numbers is not None and len(column.counts) > 1
    }
    frame = pd.DataFrame(dict(list(numeric.items())[:MAX_NUMERIC]))
    if frame.shape[1] < 2:
        return []
    matrix = frame.corr(min_periods=FEW_ROWS_FOR_PAIRS)
    pairs = [(a, b, matrix.loc[a, b]) for a, b in combinations(matrix.columns, 2)]
    strong = [pair for pair in pairs if abs(pair[2]) >= STRONG]
    strong.sort(key=lambda pair: -abs(pair[2]))
    return [
        {"a": a, "b": b, "coefficient": round(max(-1.0, min(1.0, float(value))), 4)}
        for a, b, value in strong[:MAX_PAIRS]
    ]


def find_warnings(table: Table, columns: list[Column], repeated: int) -> list[dict]:
    """The warnings for the file, then those for each column."""
    found = [warning(code, None, message) for code, message in table.problems]
    if not table.row_count:
        found.append(warning("no_rows", None, "The file has a header and no rows."))
        return found
    if repeated:
        share = repeated / table.row_count
        found.append(
            warning("duplicate_rows", None, f"Exact repeats of an earlier row: {repeated:,} ({share:.1%}).")
        )
    for column in columns:
        found += [warning(code, column.name, message) for code, message in column_warnings(column)]
    return found


def column_warnings(column: Column) -> Iterator[tuple[str, str]]:
    """(code, message) of each thing that is odd about one column."""
    name = f"“{column.name}”"
    if column.type == "empty":
        yield "empty_column", f"{name} has no values at all."
        return
    if column.missing_share > MANY_MISSING:
        yield "mostly_missing", f"{name} is missing in {column.missing_share:.0%} of the rows."
    if len(column.counts) == 1 and column.row_count > 1:
        yield (
            "constant_column",
            f"{name} has the same value wherever it has one: {column.counts.index[0][:60]!r}.",
        )
    if column.stranger_count:
        examples = ", ".join(repr(value) for value in column.strangers)
        others = "values of other kinds" if column.type == "mixed" else f"values that are no {column.type}"
        yield (
            "mixed_types",
            f"{name} has {others} in {column.stranger_count:,} of its rows, such as {examples}.",
        )
    if column.numbers is not None and (count := int(column.numbers.outliers().sum())):
        lowest, highest = column.numbers.by_row.min(), column.numbers.by_row.max()
        yield (
            "outliers",
            f"{name} has {count:,} far outliers; values run from {lowest:,.6g} to {highest:,.6g}.",
        )
    if column.dates is not None and column.dates.ambiguous:
        yield "ambiguous_dates", f"{name} could be day/month or month/day; read as {column.dates.style}."
    folded = column.counts.index.str.casefold().nunique()
    if column.type == "text" and folded < len(column.counts):
        yield "mixed_case", f"{name} has values that differ only in upper and lower case."


def warning(code: str, column: str | None, message: str) -> dict:
    return {"code": code, "column": column, "message": message}
