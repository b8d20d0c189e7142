"""Read numbers and dates as people write them."""

import re
from dataclasses import dataclass

import numpy as np
import pandas as pd

BOOLEANS = (
    frozenset({"true", "false"}),
    frozenset({"yes", "no"}),
    frozenset({"t", "f"}),
    frozenset({"y", "n"}),
    frozenset({"on", "off"}),
)
# Signs that stand around amounts; the blanks are thousands separators too.
AROUND = re.compile(r"[\s\u00a0\u202f'’€$£¥%]|(?<=[\d ])(?:EUR|USD|GBP|CHF)$|^(?:EUR|USD|GBP|CHF)(?=[\d -])")
STYLES = {
    "plain": re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?"),
    "1,234.5": re.compile(r"[+-]?\d{1,3}(,\d{3})*(\.\d+)?"),
    "1.234,5": re.compile(r"[+-]?(\d{1,3}(\.\d{3})+|\d+)(,\d+)?"),
}
# Codes such as 00420 are no amounts: reading them as numbers would lose the zeros.
LEADING_ZERO = re.compile(r"[+-]?0\d+")
LONGEST_NUMBER = 40
# The sum of a million larger ones would leave the range of a float.
LARGEST = 1e300

DATE_FORMATS = {
    "2026-01-31": "%Y-%m-%d",
    "2026-01-31 13:45:00": "ISO8601",
    "2026/01/31": "%Y/%m/%d",
    "31/01/2026": "%d/%m/%Y",
    "01/31/2026": "%m/%d/%Y",
    "31.01.2026": "%d.%m.%Y",
    "31-01-2026": "%d-%m-%Y",
    "31/01/2026 13:45": "%d/%m/%Y %H:%M",
    "01/31/2026 13:45": "%m/%d/%Y %H:%M",
    "31.01.2026 13:45": "%d.%m.%Y %H:%M",
    "31 Jan 2026": "%d %b %Y",
    "31 January 2026": "%d %B %Y",
    "Jan 31, 2026": "%b %d, %Y",
    "January 31, 2026": "%B %d, %Y",
}
WITH_ZONE = re.compile(r".*\d(Z|[+-]\d\d:?\d\d)")
LIKE_A_DATE = re.compile(r"(?=.*\d)(?=.*[-/. ]).{6,40}")
SAMPLE = 200


@dataclass
class Numbers:
    """`by_row` has the values row by row, those that are numbers; `unread` has the others, each once."""

    by_row: pd.Series
    unread: pd.Index
    are_whole: bool

    def statistics(self) -> dict:
        low, median, high = (float(each) for each in self.by_row.quantile([0.25, 0.5, 0.75]))
        std = self.by_row.std()
        return {
            "min": float(self.by_row.min()),
            "max": float(self.by_row.max()),
            "mean": float(self.by_row.mean()),
            "std": float(std) if np.isfinite(std) else None,
            "q25": low,
            "median": median,
            "q75": high,
            "sum": float(self.by_row.sum()),
            "outlier_count": int(self.outliers().sum()),
        }

    def outliers(self) -> pd.Series:
        """Which values lie further than three interquartile ranges outside the quartiles."""
        low, high = self.by_row.quantile(0.25), self.by_row.quantile(0.75)
        reach = 3 * (high - low)
        if reach == 0:
            return pd.Series(data=False, index=self.by_row.index)
        return (self.by_row < low - reach) | (self.by_row > high + reach)


@dataclass
class Dates:
    """`by_row` has the values row by row, those that are dates; `style` shows how they are written.

    They are in UTC where the file names time zones, else as written. `ambiguous` is true when day and
    month could be the other way round.
    """

    by_row: pd.Series
    unread: pd.Index
    style: str
    have_time: bool
    ambiguous: bool

    @property
    def earliest(self) -> str:
        return self._iso(self.by_row.min())

    @property
    def latest(self) -> str:
        return self._iso(self.by_row.max())

    def range(self) -> dict:
        return {"earliest": self.earliest, "latest": self.latest, "format": self.style}

    def _iso(self, moment: pd.Timestamp) -> str:
        return moment.isoformat() if self.have_time else moment.date().isoformat()


def are_booleans(different: pd.Index) -> bool:
    # Four: each word may be written in two ways.
    found = {value.lower() for value in different[:5]}
    return 0 < len(different) <= 4 and any(found <= pair for pair in BOOLEANS)


def read_numbers(different: pd.Index, present: pd.Series) -> Numbers | None:
    """The numbers among `present`, read in the style that fits most of the `different` values.

    None where none of them is a number.
    """
    bare = {value: AROUND.sub("", value[:LONGEST_NUMBER]) for value in different}
    best: dict[str, float] = {}
    for style, pattern in STYLES.items():
        found = {value: to_float(text, style) for value, text in bare.items() if pattern.fullmatch(text)}
        if len(found) > len(best):
            best = found
        if len(found) == len(bare):
            break
    codes = sum(1 for value in best if LEADING_ZERO.fullmatch(value))
    best = {value: number for value, number in best.items() if abs(number) < LARGEST}
    if not best or codes > len(best) // 20:
        return None
    values = present.map(best).dropna().astype(float)
    whole = bool((values % 1 == 0).all()) and not any("." in bare[value] for value in list(best)[:SAMPLE])
    return Numbers(values, different[~different.isin(best)], whole)


def to_float(text: str, style: str) -> float:
    if style == "1,234.5":
        text = text.replace(",", "")
    elif style == "1.234,5":
        text = text.replace(".", "").replace(",", ".")
    return float(text)


def read_dates(different: pd.Index, present: pd.Series) -> Dates | None:
    """The dates among `present`, in the one format that fits most; None where none fits."""
    sample = different[:SAMPLE]
    if sum(1 for value in sample if LIKE_A_DATE.fullmatch(value)) < len(sample) * 0.15:
        return None
    fitting = {style: to_dates(sample, style).notna().sum() for style in DATE_FORMATS}
    style = max(fitting, key=lambda each: fitting[each])
    if not fitting[style]:
        return None
    parsed = to_dates(different, style)
    other = DATE_FORMATS[style].replace("%d/%m", "%m/%d")
    swapped = [each for each, fmt in DATE_FORMATS.items() if fmt == other and each != style]
    ambiguous = bool(swapped) and bool(to_dates(different, swapped[0]).notna().sum() == parsed.notna().sum())
    values = present.map(parsed).dropna()
    if not any(WITH_ZONE.fullmatch(value) for value in sample):
        values = values.dt.tz_localize(None)
    have_time = bool((values != values.dt.normalize()).any())
    return Dates(values, different[parsed.isna().to_numpy()], style, have_time, ambiguous)


def to_dates(values: pd.Index, style: str) -> pd.Series:
    """The parsed dates by value; NaT where one is not of this style."""
    parsed = pd.to_datetime(values, format=DATE_FORMATS[style], errors="coerce", utc=True)
    return pd.Series(parsed, index=values)
