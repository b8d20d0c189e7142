"""Find what a careful reader should look at before using a table."""

import re
from collections import Counter
from collections.abc import Iterator
from itertools import combinations

import pandas as pd
from callboard_files import Table
from columns import Column
from parsing import EITHER, bare

TOTAL = re.compile(
    r"(grand |sub)?total(s|e)?:?|sum:?|summe:?|gesamt(summe)?:?|insgesamt:?|somme:?|suma:?|合计|总计|合計",
    re.IGNORECASE,
)
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
    if (said := total_row(table)) is not None:
        found.append(
            warning("total_row", None, f"The last row begins with {said!r}: it may be the sum of the others.")
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
    yield from doubts(column, name)
    folded = column.counts.index.str.casefold().nunique()
    if column.type == "text" and folded < len(column.counts):
        yield "mixed_case", f"{name} has values that differ only in upper and lower case."


def doubts(column: Column, name: str) -> Iterator[tuple[str, str]]:
    """Where the values could mean something else."""
    if column.units:
        units = ", ".join(unit or "none" for unit in column.units)
        yield "mixed_units", f"{name} has values in several units ({units}), so they are not added up."
    if column.numbers is not None and column.numbers.is_unsure:
        said = (
            f"{name} has values such as {example_of_either(column)!r}, whose sign could stand before "
            "decimals or between thousands; a point was read as the former, a comma as the latter."
        )
        yield "unsure_decimals", said
    if column.are_day_numbers:
        yield "day_numbers", f"{name} may hold dates as Excel counts them, in days since 1900."
    if column.dates is not None and column.dates.ambiguous:
        yield "ambiguous_dates", f"{name} could be day/month or month/day; read as {column.dates.style}."


def example_of_either(column: Column) -> str:
    return next((value for value in column.counts.index if EITHER.fullmatch(bare(value)[0])), "")


def total_row(table: Table) -> str | None:
    """The first cell of a last row that adds up the rows above, which would count them twice."""
    last = [cells[-1] for cells in table.cells] if table.row_count > 1 else []
    return next((cell for cell in last[:2] if TOTAL.fullmatch(cell)), None)


def warning(code: str, column: str | None, message: str) -> dict:
    return {"code": code, "column": column, "message": message}
