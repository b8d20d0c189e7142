"""Find out what a column holds, and its statistics."""

from dataclasses import dataclass

import pandas as pd
from dates import Dates, are_day_numbers, are_packed_days, read_dates
from parsing import Numbers, are_booleans, read_numbers

MISSING = frozenset({"", "-", "--", "na", "n/a", "#n/a", "null", "none", "nan", "nil", "(null)", "\\n"})
# This part of the values must fit for a column to have a type; the rest is reported.
NEARLY_ALL = 0.95
SOME = 0.2
LONGEST_VALUE = 100


@dataclass
class Column:
    """One column: `counts` are the rows for each different value that is not missing, most first.

    `numbers` and `dates` are the parsed values row by row, where most values are such.
    """

    name: str
    type: str
    row_count: int
    missing_count: int
    counts: pd.Series
    top: int
    numbers: Numbers | None = None
    dates: Dates | None = None
    # Examples of values that are not of the column's type.
    strangers: tuple[str, ...] = ()
    stranger_count: int = 0
    # Units of values that must not be added up, "" for none.
    units: tuple[str, ...] = ()
    are_day_numbers: bool = False

    @property
    def missing_share(self) -> float:
        return self.missing_count / self.row_count if self.row_count else 0.0

    @property
    def headline(self) -> str:
        """What it holds in a few words."""
        parts = [self.type, f"{len(self.counts):,} different"]
        if self.missing_count:
            parts.append(f"{self.missing_share:.1%} missing")
        if self.numbers is not None:
            low, high = self.numbers.by_row.min(), self.numbers.by_row.max()
            parts.append(f"{low:,.6g} to {high:,.6g}")
        elif self.dates is not None:
            parts.append(f"{self.dates.earliest} to {self.dates.latest}")
        return ", ".join(parts)

    def as_json(self) -> dict:
        lengths = self.text_lengths() if self.type in ("text", "mixed") else None
        return {
            "name": self.name,
            "type": self.type,
            "missing_count": self.missing_count,
            "missing_share": round(self.missing_share, 6),
            "unique_count": len(self.counts),
            "numeric": None if self.numbers is None else self.numbers.statistics(),
            "dates": None if self.dates is None else self.dates.range(),
            "text": lengths,
            "top_values": [
                {"value": shortened(value), "count": int(count)}
                for value, count in self.counts.head(self.top).items()
            ],
        }

    def text_lengths(self) -> dict:
        lengths = self.counts.index.str.len().to_numpy()
        mean = float((lengths * self.counts.to_numpy()).sum() / self.counts.sum())
        return {
            "min_length": int(lengths.min()),
            "max_length": int(lengths.max()),
            "mean_length": round(mean, 2),
        }


def read_column(name: str, cells: list[str], *, top: int, of_table: str | None = None) -> Column:
    """The column of these `cells`; every different value is looked at once.

    `of_table` is how the table as a whole writes decimals.
    """
    values = pd.Series(cells, dtype="object")
    present = values[~values.str.lower().isin(MISSING)]
    counts = present.value_counts()
    column = Column(name, "empty", len(values), len(values) - len(present), counts, top)
    if counts.empty:
        return column
    column.type = "text"
    if are_booleans(counts.index):
        column.type = "boolean"
    elif are_packed_days(counts.index) or not try_numbers(column, present, of_table):
        try_dates(column, present)
    return column


def try_numbers(column: Column, present: pd.Series, of_table: str | None) -> bool:
    """Make it a numeric (or mixed) column if enough values are numbers."""
    numbers = read_numbers(column.counts.index, present, name=column.name, of_table=of_table)
    if numbers is None:
        return False
    share = len(numbers.by_row) / len(present)
    if share >= NEARLY_ALL and numbers.units_differ:
        # Dollars and euros have no sum and no mean.
        column.type, column.units = "mixed", tuple(sorted(numbers.units))
    elif share >= NEARLY_ALL:
        column.numbers = numbers
        column.are_day_numbers = are_day_numbers(column.counts.index, column.name)
        column.type = "integer" if numbers.are_whole else "number"
    elif share >= SOME:
        column.type = "mixed"
    else:
        return False
    note_strangers(column, numbers.unread)
    return True


def try_dates(column: Column, present: pd.Series) -> None:
    """Make it a date (or mixed) column if enough values are dates."""
    dates = read_dates(column.counts.index, present)
    if dates is None:
        return
    share = len(dates.by_row) / len(present)
    if share >= NEARLY_ALL:
        column.dates = dates
        column.type = "datetime" if dates.have_time else "date"
    elif share >= SOME:
        column.type = "mixed"
    else:
        return
    note_strangers(column, dates.unread)


def note_strangers(column: Column, unread: pd.Index) -> None:
    column.strangers = tuple(shortened(value) for value in unread[:3])
    column.stranger_count = int(column.counts.loc[unread].sum()) if len(unread) else 0


def shortened(value: str) -> str:
    value = " ".join(value.split())
    return value if len(value) <= LONGEST_VALUE else value[: LONGEST_VALUE - 1] + "…"
