"""Read a delimited text file into columns of strings, whatever it is written in."""

import csv
import io
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from text_encoding import Unreadable, choose_encoding, refuse_binary

# This many short strings, all different, stay well within 512 MB.
MAX_CELLS = 1_500_000
MAX_COLUMNS = 2_000
MAX_FIELD = 1_000_000
SAMPLE_CHARACTERS = 200_000
SAMPLE_ROWS = 200
DELIMITERS = (",", ";", "\t", "|", ":")
DELIMITER_NAMES = {
    ",": "comma-separated",
    ";": "semicolon-separated",
    "\t": "tab-separated",
    "|": "bar-separated",
    ":": "colon-separated",
}


@dataclass
class Table:
    """`cells` holds one list of strings per column, outer blanks removed, all equally long.

    `problems` are (code, message) pairs found while reading.
    """

    names: list[str]
    cells: list[list[str]]
    encoding: str
    delimiter: str
    truncated: bool = False
    problems: list[tuple[str, str]] = field(default_factory=list)

    @property
    def row_count(self) -> int:
        return len(self.cells[0]) if self.cells else 0

    @property
    def written_as(self) -> str:
        return f"{DELIMITER_NAMES[self.delimiter]}, {self.encoding}"


class QuoteCounter:
    """Hands lines on and counts their quotation marks: in a sound file the count is even."""

    def __init__(self, lines: Iterator[str]) -> None:
        self._lines = lines
        self.count = 0

    def __iter__(self) -> Iterator[str]:
        for line in self._lines:
            self.count += line.count('"')
            yield line


def read_table(source: Path, *, delimiter: str | None, encoding: str | None, header: bool | None) -> Table:
    """The table in `source`; raises Unreadable for an empty file and for what is no text."""
    encoding, problems = choose_encoding(source, encoding)
    csv.field_size_limit(MAX_FIELD)
    # A byte that the chosen encoding cannot read costs one character, not the file.
    with source.open(encoding=encoding, errors="replace", newline="") as lines:
        sample = lines.read(SAMPLE_CHARACTERS)
        refuse_binary(sample)
        delimiter = delimiter or detect_delimiter(sample, source.suffix)
        lines.seek(0)
        quotes = QuoteCounter(lines)
        rows = (row for row in csv.reader(quotes, delimiter=delimiter) if any(row))
        try:
            table = collect(rows, encoding.removesuffix("-sig"), delimiter, header=header)
        except csv.Error as error:
            raise Unreadable(f"The file cannot be read as a table: {error}.") from error
    if quotes.count % 2 and not table.truncated:
        problems.append(
            ("unclosed_quote", "A quotation mark is never closed: rows may be hidden in one field.")
        )
    table.problems[:0] = problems
    return table


def detect_delimiter(sample: str, suffix: str) -> str:
    """The one that cuts the first rows into the same number of fields most consistently."""
    if suffix.lower() in (".tsv", ".tab") and "\t" in sample:
        return "\t"
    best, best_score = ",", (0.0, 0)
    for delimiter in DELIMITERS:
        # The sample may end inside a quoted field; one odd row in it does not matter.
        reader = csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter)
        try:
            widths = Counter(len(row) for row in islice(reader, SAMPLE_ROWS) if any(row))
        except csv.Error:
            continue
        width, agreeing = widths.most_common(1)[0] if widths else (0, 0)
        score = (round(agreeing / max(1, widths.total()), 1), width)
        if width > 1 and score > best_score:
            best, best_score = delimiter, score
    return best


def collect(rows: Iterator[list[str]], encoding: str, delimiter: str, *, header: bool | None) -> Table:
    """Fill the columns from the rows; short rows are filled up, the rest of long rows is dropped."""
    first = next(rows, None)
    if first is None:
        raise Unreadable("The file has no rows.")
    if len(first) > MAX_COLUMNS:
        raise Unreadable(f"The file has {len(first):,} columns; at most {MAX_COLUMNS:,} are profiled.")
    if header is None:
        header = not all(is_plain_number(cell) for cell in first)
    table = Table([], [[] for _ in first], encoding, delimiter)
    table.names, renamed = unique_names(first if header else [""] * len(first))
    if not header:
        add_row(table.cells, first)
    elif renamed:
        table.problems.append(
            ("header", f"{renamed:,} of the column names are blank or repeated and were changed.")
        )
    short = long = 0
    for row in islice(rows, MAX_CELLS // len(first)):
        short += len(row) < len(first)
        long += len(row) > len(first)
        add_row(table.cells, row)
    if short or long:
        said = f"Fields per row differ: too few in {short:,} rows, too many in {long:,}."
        table.problems.append(("ragged_rows", said))
    if next(rows, None) is not None:
        table.truncated = True
        table.problems.append(("truncated", f"Only the first {table.row_count:,} rows were profiled."))
    return table


def add_row(cells: list[list[str]], row: list[str]) -> None:
    row = row + [""] * (len(cells) - len(row))
    for column, cell in zip(cells, row, strict=False):
        column.append(cell.strip())


def is_plain_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


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
