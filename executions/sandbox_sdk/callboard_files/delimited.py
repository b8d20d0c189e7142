"""Read a delimited text file into columns of strings, whatever it is written in."""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import clevercsv
from callboard_files.document import Unreadable
from callboard_files.table import Table, table_of
from callboard_files.text_encoding import encoding_of, refuse_binary
from clevercsv.dialect import SimpleDialect

MAX_FIELD = 1_000_000
SAMPLE_CHARACTERS = 200_000
# The search for a dialect takes time with the square of what it looks at.
SNIFFED_CHARACTERS = 6_000
SNIFFED_LINE = 2_000
SAMPLE_ROWS = 200
# A colon is in every time, so it is never guessed.
DELIMITERS = (",", ";", "\t", "|")
NAMED_DELIMITER = re.compile(r'"?sep=(.)"?\r?\n', re.IGNORECASE)
CONSISTENT = 0.95


@dataclass(frozen=True)
class Dialect:
    """How the fields are told apart; `doubts` are (code, message) pairs."""

    delimiter: str
    quote: str = '"'
    escape: str | None = None
    doubts: tuple[tuple[str, str], ...] = ()

    def reader(self, lines: Iterable[str]) -> Iterator[list[str]]:
        return csv.reader(lines, delimiter=self.delimiter, quotechar=self.quote, escapechar=self.escape)


class QuoteCounter:
    """Hands lines on and counts their quotation marks: in a sound file the count is even."""

    def __init__(self, lines: Iterator[str]) -> None:
        self._lines = lines
        self.count = 0

    def __iter__(self) -> Iterator[str]:
        for line in self._lines:
            self.count += line.count('"')
            yield line


def read_table(
    source: Path, *, delimiter: str | None, encoding: str | None, header: bool | None, sheet: str | None
) -> Table:
    """Raises Unreadable for an empty file and for what is no text."""
    if sheet is not None:
        raise Unreadable("A file of text has no sheets.")
    encoding, warnings = encoding_of(source, encoding)
    csv.field_size_limit(MAX_FIELD)
    # A byte that the chosen encoding cannot read costs one character, not the file.
    with source.open(encoding=encoding, errors="replace", newline="") as lines:
        sample = lines.read(SAMPLE_CHARACTERS).removeprefix("\ufeff")
        refuse_binary(sample)
        lines.seek(0)
        if named := NAMED_DELIMITER.match(sample):
            lines.readline()
            sample = sample[named.end() :]
            delimiter = delimiter or named[1]
        dialect = Dialect(delimiter) if delimiter else detect(sample, source.suffix)
        quotes = QuoteCounter(lines)
        try:
            table = table_of(dialect.reader(quotes), header=header)
        except csv.Error as error:
            raise Unreadable(f"The file cannot be read as a table: {error}.") from error
    table.encoding, table.delimiter = encoding.removesuffix("-sig"), dialect.delimiter
    problems = [("encoding" if "guess" in warning else "undecodable", warning) for warning in warnings]
    problems += dialect.doubts
    if quotes.count % 2 and not table.truncated and dialect.quote == '"' and not dialect.escape:
        problems.append(
            ("unclosed_quote", "A quotation mark is never closed: rows may be hidden in one field.")
        )
    table.problems[:0] = problems
    return table


def detect(sample: str, suffix: str) -> Dialect:
    """The dialect of the sample; where another would do as well, it says so."""
    if suffix.lower() in (".tsv", ".tab") and "\t" in sample:
        return Dialect("\t")
    lines = [line[:SNIFFED_LINE] for line in sample.splitlines(keepends=True) if line.strip()]
    widths = {each: field_counts(sample, each) for each in DELIMITERS}
    rivals = {each: width for each in DELIMITERS if (width := common_width(widths[each])) > 1}
    found = sniffed(lines)
    delimiter = found.delimiter if found and found.delimiter in DELIMITERS else ""
    if delimiter not in rivals:
        delimiter = max(rivals, key=lambda each: rivals[each], default=delimiter or ",")
    if is_one_column(lines, widths[delimiter], delimiter):
        unused = next(each for each in ("\t", "|", ";", ",") if each not in sample)
        said = (
            f"The file was read as one column, because its first line has no {delimiter!r}. Give `delimiter`."
        )
        return Dialect(unused, doubts=(("unsure_delimiter", said),))
    quote, escape = quoting(sample, delimiter)
    others = [each for each in rivals if each != delimiter]
    doubts: tuple[tuple[str, str], ...] = ()
    if others:
        said = f"The fields were told apart by {delimiter!r}; {others[0]!r} would also do. Give `delimiter`."
        doubts = (("unsure_delimiter", said),)
    elif delimiter not in rivals and any(delimiter in line for line in lines):
        said = f"The fields were told apart by {delimiter!r}, but the rows differ in length."
        doubts = (("unsure_delimiter", said),)
    return Dialect(delimiter, quote, escape, doubts)


def sniffed(lines: list[str]) -> SimpleDialect | None:
    """What CleverCSV finds from the first lines."""
    sample = "".join(islice(lines, 100))
    if len(sample) > SNIFFED_CHARACTERS:
        sample = sample[: sample.rfind("\n", 0, SNIFFED_CHARACTERS) + 1] or sample[:SNIFFED_CHARACTERS]
    try:
        return clevercsv.Sniffer().sniff(sample, delimiters="".join(DELIMITERS), verbose=False)
    # Its search raises errors of several kinds where it finds nothing.
    except Exception:
        return None


def field_counts(sample: str, delimiter: str) -> list[int]:
    """How many fields each of the first rows has."""
    # The sample may end inside a quoted field; one odd row in it does not matter.
    reader = csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter)
    try:
        return [len(row) for row in islice(reader, SAMPLE_ROWS) if any(row)]
    except csv.Error:
        return []


def common_width(counts: list[int]) -> int:
    """The number of fields that nearly all rows share; 0 where they do not."""
    if not counts:
        return 0
    width, agreeing = Counter(counts).most_common(1)[0]
    return width if agreeing >= CONSISTENT * len(counts) or (agreeing >= len(counts) - 1 > 2) else 0


def is_one_column(lines: list[str], counts: list[int], delimiter: str) -> bool:
    """Whether the delimiter is inside the values: a name without it above prose or decimal commas."""
    if delimiter != "," or len(counts) < 2 or counts[0] != 1 or '"' in "".join(lines[:SAMPLE_ROWS]):
        return False
    values = [line.strip() for line in lines[1:SAMPLE_ROWS]]
    with_commas = [value for value in values if "," in value]
    if not with_commas:
        return False
    decimals = all(re.fullmatch(r"[+-]?[\d.]*\d(,\d+)?\s?[%€]?", value) for value in values)
    prose = all(re.search(r",(?! )", value) is None for value in with_commas)
    return decimals or prose


def quoting(sample: str, delimiter: str) -> tuple[str, str | None]:
    """The quotation mark, and the sign that takes away its meaning where the file has one."""
    if '"' not in sample:
        wrapped = re.findall(
            rf"(?:^|{re.escape(delimiter)})'[^'\n]*'(?={re.escape(delimiter)}|\r?$)", sample, re.MULTILINE
        )
        if len(wrapped) > max(1, sample.count("'") // 3):
            return "'", None
        return '"', None
    return '"', "\\" if '\\"' in sample and '""' not in sample.replace(f'{delimiter}""', "") else None
