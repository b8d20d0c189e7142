"""What every reader of tables returns, and how rows become columns."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain, islice

from callboard_files.document import Unreadable

# This many short strings, all different, stay well within 512 MB.
MAX_CELLS = 1_500_000
MAX_COLUMNS = 2_000
SAMPLE_ROWS = 200
MAX_ABOVE = 30
NEARLY_ALL = 0.9
NUMBER = re.compile(r"[+-]?[\d.,' \u00a0\u202f’]*\d[\d.,]*([eE][+-]?\d+)?\s*[%€$£¥]?|[€$£¥]\s?[\d.,]+")
DATE = re.compile(r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}([ T].*)?|\d{1,2}:\d\d(:\d\d)?")
YEAR = re.compile(r"(19|20)\d\d")
# A header of such cells alone is no surprise even where all columns are text.
NAME = re.compile(r"[a-z][a-z0-9_ .()/-]*|[A-Z][A-Z0-9_ ]*")


@dataclass
class Table:
    """`cells` holds one list of strings per column, outer blanks removed, all equally long.

    `problems` are (code, message) pairs found while reading. `encoding` and `delimiter` are empty for
    a workbook, `sheet` for text.
    """

    names: list[str]
    cells: list[list[str]]
    encoding: str = ""
    delimiter: str = ""
    sheet: str = ""
    truncated: bool = False
    problems: list[tuple[str, str]] = field(default_factory=list)

    @property
    def row_count(self) -> int:
        return len(self.cells[0]) if self.cells else 0


def table_of(rows: Iterator[list[str]], *, header: bool | None) -> Table:
    """The table in `rows`, blank ones among them; raises Unreadable where there is none.

    Lines above the table are left out and named, rows that are too long get columns of their own.
    """
    sample = list(islice(rows, SAMPLE_ROWS))
    above, start = lines_above(sample)
    body = (row for row in chain(sample[start:], rows) if any(row))
    first = next(body, None)
    if first is None:
        raise Unreadable("The file has no rows.")
    refuse_width(first)
    table = Table([], [])
    if above:
        told = ", ".join(f"“{line[:80]}”" for line in above[:3])
        table.problems.append(("preamble", f"Lines above the table were left out: {told}."))
    if header is None:
        rest = [row for row in sample[start:] if any(row)][1:]
        header, is_sure = has_header(first, rest)
        if not is_sure:
            as_what = "names" if header else "values"
            table.problems.append(
                (
                    "unsure_header",
                    f"The first row was read as {as_what}; it could be the other. Give `header`.",
                )
            )
    fill(table, first, body, header=header)
    return table


def fill(table: Table, first: list[str], body: Iterable[list[str]], *, header: bool) -> None:
    written = first if header else [""] * len(first)
    table.cells = [[] for _ in first]
    if not header:
        add_row(table.cells, first)
    short = long = cells = 0
    for written_row in body:
        if cells + len(table.cells) > MAX_CELLS:
            table.truncated = True
            break
        row = without_blank_end(written_row, len(first))
        short += len(row) < len(first)
        long += len(row) > len(first)
        widen(table.cells, row)
        add_row(table.cells, row)
        cells += len(table.cells)
    table.names, renamed = unique_names([*written, *[""] * (len(table.cells) - len(written))])
    if header and renamed:
        table.problems.append(
            ("header", f"{renamed:,} of the column names are blank or repeated and were changed.")
        )
    if short or long:
        said = f"Fields per row differ: too few in {short:,} rows, too many in {long:,}."
        table.problems.append(("ragged_rows", said))
    if table.truncated:
        table.problems.append(("truncated", f"Only the first {table.row_count:,} rows were read."))


def without_blank_end(row: list[str], width: int) -> list[str]:
    """Without the blank cells beyond `width`, which a spreadsheet leaves behind."""
    while len(row) > width and not row[-1].strip():
        row = row[:-1]
    return row


def widen(cells: list[list[str]], row: list[str]) -> None:
    """Add columns for a row that is longer than those before it."""
    if len(row) > len(cells):
        refuse_width(row)
        height = len(cells[0])
        cells += [[""] * height for _ in range(len(row) - len(cells))]


def lines_above(sample: list[list[str]]) -> tuple[list[str], int]:
    """The titles and remarks above the table, and the place of its first row."""
    filled = [sum(bool(cell.strip()) for cell in row) for row in sample]
    widths = Counter(len(row) for row, count in zip(sample, filled, strict=True) if count)
    if not widths:
        return [], 0
    width = widths.most_common(1)[0][0]
    if width < 2 or widths[width] < 2:
        return [], 0
    above: list[str] = []
    for place, (row, count) in enumerate(zip(sample, filled, strict=True)):
        is_blank = not count
        is_title = count == 1 and (len(row) == 1 or width >= 3)
        is_remark = width >= 4 and count <= width // 2 and len(row) != width
        # Above a table, not its first rows: something fuller has to come.
        if place >= MAX_ABOVE or not (is_blank or is_title or is_remark):
            return above, place
        if not is_blank:
            above.append(" ".join(cell.strip() for cell in row if cell.strip()))
    return [], 0


def has_header(first: list[str], rest: list[list[str]]) -> tuple[bool, bool]:
    """Whether the first row names the columns, and whether that is sure."""
    first = [cell.strip() for cell in first]
    if not rest:
        return not all(is_value(cell) for cell in first), True
    if all(is_value(cell) for cell in first if cell) and any(first):
        return False, True
    names = [cell for cell in first if cell]
    # Years in a first row beside words are names, though they look like values.
    years = [cell for cell in names if YEAR.fullmatch(cell)]
    has_years = 0 < len(years) < len(names) and len(set(years)) == len(years)
    for_it = against = 0
    for place, cell in enumerate(first):
        column = [row[place].strip() for row in rest if place < len(row) and row[place].strip()]
        if not column or not cell or (has_years and cell in years):
            continue
        if sum(map(is_value, column)) >= NEARLY_ALL * len(column):
            for_it += not is_value(cell)
            against += is_value(cell)
        elif cell in column:
            # A name does not come up again among the values.
            against += 1
    if for_it or against:
        return for_it >= against, not (for_it and against)
    looks_named = len(set(names)) == len(names) and all(
        NAME.fullmatch(cell) or (has_years and cell in years) for cell in names
    )
    return True, looks_named or len(rest) < 2


def is_value(cell: str) -> bool:
    """Whether it is a number, a date or a time, which a column's name hardly is."""
    return bool(NUMBER.fullmatch(cell) or DATE.fullmatch(cell))


def refuse_width(row: list[str]) -> None:
    if len(row) > MAX_COLUMNS:
        raise Unreadable(f"The file has {len(row):,} columns; at most {MAX_COLUMNS:,} are read.")


def add_row(cells: list[list[str]], row: list[str]) -> None:
    row = row + [""] * (len(cells) - len(row))
    for column, cell in zip(cells, row, strict=False):
        column.append(cell.strip())


def unique_names(header: list[str]) -> tuple[list[str], int]:
    """The names, made unique, and how many had to be changed."""
    names: list[str] = []
    taken: set[str] = set()
    for index, cell in enumerate(header, start=1):
        wanted = " ".join(cell.split())[:100] or f"column_{index}"
        name, number = wanted, 1
        while name in taken:
            number += 1
            name = f"{wanted}_{number}"
        taken.add(name)
        names.append(name)
    changed = sum(" ".join(cell.split())[:100] != name for cell, name in zip(header, names, strict=True))
    return names, changed
