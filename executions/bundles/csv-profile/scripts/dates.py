"""Read dates and times as Excel, SAP, and US, British and German exports write them."""

import re
from dataclasses import dataclass

import pandas as pd

DAYS = {
    "2026-01-31": "%Y-%m-%d",
    "2026/01/31": "%Y/%m/%d",
    "2026.01.31": "%Y.%m.%d",
    "20260131": "%Y%m%d",
    "31/01/2026": "%d/%m/%Y",
    "01/31/2026": "%m/%d/%Y",
    "31.01.2026": "%d.%m.%Y",
    "31-01-2026": "%d-%m-%Y",
    "01-31-2026": "%m-%d-%Y",
    "31/01/26": "%d/%m/%y",
    "01/31/26": "%m/%d/%y",
    "31.01.26": "%d.%m.%y",
    "31 Jan 2026": "%d %b %Y",
    "31 January 2026": "%d %B %Y",
    "31-Jan-2026": "%d-%b-%Y",
    "31-Jan-26": "%d-%b-%y",
    "31. January 2026": "%d. %B %Y",
    "31. Jan 2026": "%d. %b %Y",
    "Jan 31, 2026": "%b %d, %Y",
    "January 31, 2026": "%B %d, %Y",
}
TIMES = {
    "13:45": "%H:%M",
    "13:45:00": "%H:%M:%S",
    "13:45:00.000": "%H:%M:%S.%f",
    "01:45 PM": "%I:%M %p",
    "01:45:00 PM": "%I:%M:%S %p",
    "134500": "%H%M%S",
}
FORMATS = {
    **DAYS,
    **{
        f"{day}{between}{time}": f"{DAYS[day]}{between}{TIMES[time]}"
        for day in DAYS
        for time in TIMES
        for between in (" ", ", ")
    },
    # Zones and fractions too, and a "T" between.
    "2026-01-31 13:45:00": "ISO8601",
}
PIECES = {
    "%Y": r"\d{4}",
    "%y": r"\d\d",
    "%b": r"[^\W\d]{3,4}",
    "%B": r"[^\W\d]{3,9}",
    "%H": r"\d{1,2}",
    "%I": r"\d{1,2}",
    "%M": r"\d\d",
    "%S": r"\d\d",
    "%f": r"\d{1,6}",
    "%p": r"[AaPp][Mm]",
    "%d": r"\d{1,2}",
    "%m": r"\d{1,2}",
}
ISO = r"\d{4}-\d\d-\d\d[T ].*"
PACKED = re.compile(r"(19|20)\d{6}( \d{6})?")
GERMAN_MONTHS = {
    "januar": "January",
    "jänner": "January",
    "februar": "February",
    "märz": "March",
    "mrz": "Mar",
    "mär": "Mar",
    "mai": "May",
    "juni": "June",
    "juli": "July",
    "oktober": "October",
    "okt": "Oct",
    "dezember": "December",
    "dez": "Dec",
}
GERMAN = re.compile(rf"\b({'|'.join(GERMAN_MONTHS)})\b", re.IGNORECASE)
MONTH_POINT = re.compile(r"([A-Za-z]{3})\.(?=[ -])")
WITH_ZONE = re.compile(r".*\d(Z|[+-]\d\d:?\d\d)")
LIKE_A_DATE = re.compile(r"(?=.*\d)(?=.*[-/. ]).{6,40}|(19|20)\d{6}( \d{6})?")
DAY_NUMBER = re.compile(r"[2-6]\d{4}(\.\d+)?")
DATE_NAMES = re.compile(r"date|datum|day|time|zeit|created|updated|modified", re.IGNORECASE)
SAMPLE = 200


def shape_of(written: str) -> re.Pattern[str]:
    """What a value of this format looks like: cheaper to try than the parser."""
    if written == "ISO8601":
        return re.compile(ISO)
    if written.startswith("%Y%m%d"):
        return PACKED
    pattern = re.escape(written)
    for piece, digits in PIECES.items():
        pattern = pattern.replace(re.escape(piece), digits)
    return re.compile(pattern)


SHAPES = {style: shape_of(written) for style, written in FORMATS.items()}


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


def read_dates(different: pd.Index, present: pd.Series) -> Dates | None:
    """The dates among `present`, in the one format that fits most; None where none fits."""
    sample = different[:SAMPLE]
    like = [value for value in sample if LIKE_A_DATE.fullmatch(value)]
    if len(like) < len(sample) * 0.15:
        return None
    english = [in_english(value) for value in like]
    possible = [style for style, shape in SHAPES.items() if any(map(shape.fullmatch, english))]
    if not possible:
        return None
    fitting = {style: int(to_dates(sample, style).notna().sum()) for style in possible}
    best = [style for style in possible if fitting[style] == max(fitting.values())]
    # What the sample leaves open, the rest may tell: a day above 12 comes late in some files.
    parsed_by = {style: to_dates(different, style) for style in best}
    style = max(best, key=lambda each: int(parsed_by[each].notna().sum()))
    parsed = parsed_by[style]
    if not parsed.notna().any():
        return None
    swapped = next((other for other in best if other != style and day_and_month_swapped(style, other)), None)
    ambiguous = swapped is not None and bool(parsed_by[swapped].notna().sum() == parsed.notna().sum())
    values = present.map(parsed).dropna()
    if not any(WITH_ZONE.fullmatch(value) for value in sample):
        values = values.dt.tz_localize(None)
    have_time = bool((values != values.dt.normalize()).any())
    return Dates(values, different[parsed.isna().to_numpy()], style, have_time, ambiguous)


def day_and_month_swapped(style: str, other: str) -> bool:
    between = FORMATS[style].replace("%d", "\0").replace("%m", "%d").replace("\0", "%m")
    return between == FORMATS[other]


def to_dates(values: pd.Index, style: str) -> pd.Series:
    """The parsed dates by value; NaT where one is not of this style."""
    written = values
    if "%b" in FORMATS[style].lower():
        written = pd.Index([in_english(value) for value in values])
    parsed = pd.to_datetime(written, format=FORMATS[style], errors="coerce", utc=True)
    return pd.Series(parsed, index=values)


def in_english(value: str) -> str:
    value = GERMAN.sub(lambda found: GERMAN_MONTHS[found[0].lower()], value)
    return MONTH_POINT.sub(r"\1", value)


def are_day_numbers(different: pd.Index, name: str) -> bool:
    """Whether whole numbers may be dates as Excel counts them, in days since 1900."""
    return bool(DATE_NAMES.search(name)) and all(DAY_NUMBER.fullmatch(value) for value in different[:SAMPLE])


def are_packed_days(different: pd.Index) -> bool:
    """Whether numbers such as 20260131 are the days of SAP rather than amounts."""
    sample = different[:SAMPLE]
    return len(sample) > 0 and all(
        re.fullmatch(r"(19|20)\d\d(0[1-9]|1[0-2])([0-2]\d|3[01])", value) for value in sample
    )
