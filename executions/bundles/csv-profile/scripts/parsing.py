"""Read numbers as people write them, and tell codes from amounts."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

BOOLEANS = (
    frozenset({"true", "false"}),
    frozenset({"yes", "no"}),
    frozenset({"ja", "nein"}),
    frozenset({"oui", "non"}),
    frozenset({"t", "f"}),
    frozenset({"y", "n"}),
    frozenset({"on", "off"}),
)
CODES = (
    "EUR|USD|GBP|CHF|JPY|CNY|INR|PLN|SEK|NOK|DKK|CZK|HUF|RON|"
    "AUD|CAD|NZD|BRL|MXN|ZAR|TRY|RUB|UAH|ILS|KRW|SGD|HKD"
)
UNIT = re.compile(
    r"(?:US|A|C|R|NZ|HK|S)?\$|[€£¥₹₽₩₺₴₪%‰]|zł|Kč|kr\.?(?![a-z])"
    rf"|\b(?:{CODES})\b|(?<=\d)(?:{CODES})\b|\b(?:{CODES})(?=[\d-])"
)
PERCENT = frozenset("%‰")
# Groups of three with one kind of blank or apostrophe between them; any other grouping is no amount.
GROUPED = re.compile(r"[+-]?\d{1,3}(?:([ \u00a0\u2009\u202f'’])\d{3})(?:\1\d{3})*(?:[.,]\d+)?")
GROUP_SIGNS = re.compile(r"[ \u00a0\u2009\u202f'’]")
POINT, COMMA = "1,234.5", "1.234,5"
STYLES = {
    POINT: re.compile(r"[+-]?(?:\d{1,3}(?:,\d{3})+|\d*)(?:\.\d*)?(?:[eE][+-]?\d{1,3})?"),
    COMMA: re.compile(r"[+-]?(?:\d{1,3}(?:\.\d{3})+|\d*)(?:,\d*)?(?:[eE][+-]?\d{1,3})?"),
    # As in India: two digits in each group but the last.
    "1,23,456.7": re.compile(r"[+-]?\d{1,2}(?:,\d{2})+,\d{3}(?:\.\d+)?"),
}
# Values that only one of the styles can have written. A zero is never in front of thousands.
ONLY_POINT = re.compile(
    r"[+-]?(?:\d*\.\d{1,2}|\d*\.\d{4,}|0\.\d+|\d{4,}\.\d+|\d{1,3}(?:,\d{3})+\.\d+|\d{1,3}(?:,\d{3}){2,})"
)
ONLY_COMMA = re.compile(
    r"[+-]?(?:\d*,\d{1,2}|\d*,\d{4,}|0,\d+|\d{4,},\d+|\d{1,3}(?:\.\d{3})+,\d+|\d{1,3}(?:\.\d{3}){2,})"
)
EITHER = re.compile(r"[+-]?[1-9]\d{0,2}[.,]\d{3}")
HAS_DIGIT = re.compile(r".*\d")
# Codes such as 00420 are no amounts: reading them as numbers would lose the zeros.
LEADING_ZERO = re.compile(r"[+-]?0\d+")
PHONE = re.compile(r"\+\d[\d ()./-]{6,20}|\(?0\d[\d ()./-]{5,20}|\(\d{3}\) ?\d{3}-\d{4}")
CODE_NAMES = re.compile(
    r"(?:^|[^a-z])(?:zip|zip ?code|postal|post ?code|postcode|plz|postleitzahl|code ?postal|cap|phone|"
    r"telephone|tel|telefon|telefono|mobile|mobil|handy|fax|iban|bic|ean|gtin|isbn|issn|upc|ssn|vat|ust-?id|konto|kontonummer|account)"
    r"(?:[^a-z]|$|nr|no|number|nummer)"
)
LONG_CODE = 10
# Whole numbers beyond this are not told apart by a float.
LONGEST_EXACT = 15
LONGEST_NUMBER = 40
# The sum of a million larger ones would leave the range of a float.
LARGEST = 1e300
SAMPLE = 5_000


@dataclass
class Numbers:
    """`by_row` has the values row by row, those that are numbers; `unread` has the others, each once.

    `units` are the signs found with them: "" for none. `is_unsure` where a point or comma could be either.
    """

    by_row: pd.Series
    unread: pd.Index
    are_whole: bool
    units: frozenset[str] = frozenset()
    is_unsure: bool = False
    style: str = POINT

    @property
    def units_differ(self) -> bool:
        """Whether amounts in several currencies, or percents and plain numbers, are side by side."""
        signs = self.units - {""}
        return len(signs) > 1 or (bool(signs & PERCENT) and "" in self.units)

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
            "sum": None if self.units & PERCENT else float(self.by_row.sum()),
            "outlier_count": int(self.outliers().sum()),
        }

    def outliers(self) -> pd.Series:
        """Which values lie further than three interquartile ranges outside the quartiles."""
        low, high = self.by_row.quantile(0.25), self.by_row.quantile(0.75)
        reach = 3 * (high - low)
        if reach == 0:
            return pd.Series(data=False, index=self.by_row.index)
        return (self.by_row < low - reach) | (self.by_row > high + reach)


def are_booleans(different: pd.Index) -> bool:
    # Four: each word may be written in two ways.
    found = {value.lower() for value in different[:5]}
    return 0 < len(different) <= 4 and any(found <= pair for pair in BOOLEANS)


def table_style(columns: Iterable[Iterable[str]]) -> str | None:
    """How the table as a whole writes decimals, by the values that can be read in one way only.

    None where there are none, or where there are some of both.
    """
    seen = set()
    for values in columns:
        for _, value in zip(range(SAMPLE), values, strict=False):
            text, _unit = bare(value)
            if ONLY_POINT.fullmatch(text):
                seen.add(POINT)
            elif ONLY_COMMA.fullmatch(text):
                seen.add(COMMA)
    return seen.pop() if len(seen) == 1 else None


def read_numbers(
    different: pd.Index, present: pd.Series, *, name: str, of_table: str | None
) -> Numbers | None:
    """The numbers among `present`; None where none of them is a number, or where they are codes."""
    if are_codes(different, name):
        return None
    texts = {value: bare(value) for value in different if len(value) <= LONGEST_NUMBER}
    found = {
        style: {
            value for value, (text, _) in texts.items() if pattern.fullmatch(text) and HAS_DIGIT.match(text)
        }
        for style, pattern in STYLES.items()
    }
    style, is_unsure = chosen_style(found, [text for text, _ in texts.values()], of_table)
    values = {value: to_float(texts[value][0], style) for value in found[style]}
    values = {value: number for value, number in values.items() if abs(number) < LARGEST}
    if not values or sum(1 for value in values if LEADING_ZERO.fullmatch(value)) > len(values) // 20:
        return None
    by_row = present.map(values).dropna().astype(float)
    mark = "," if style == COMMA else "."
    whole = bool((by_row % 1 == 0).all()) and not any(mark in texts[value][0] for value in list(values)[:200])
    units = frozenset(texts[value][1] for value in values)
    return Numbers(by_row, different[~different.isin(values)], whole, units, is_unsure, style)


def chosen_style(found: dict[str, set[str]], texts: list[str], of_table: str | None) -> tuple[str, bool]:
    """The style that fits most values, then the table's; and whether the values could be of another."""
    most = max(len(values) for values in found.values())
    best = [style for style, values in found.items() if len(values) == most]
    if len(best) == 1:
        return best[0], False
    if not any("." in text or "," in text for text in texts):
        return POINT, False
    if of_table in best:
        return of_table, False
    # Nothing decides: a point is read as a decimal's and a comma as one between thousands.
    return POINT, any(EITHER.fullmatch(text) for text in texts)


def are_codes(different: pd.Index, name: str) -> bool:
    """Whether these are telephone numbers, postcodes or long ids, of which no sum makes sense."""
    sample = list(different[:SAMPLE])
    if not sample:
        return False
    digits = [value for value in sample if value.isdigit()]
    if sum(1 for value in sample if PHONE.fullmatch(value)) > len(sample) // 2:
        return True
    if any(len(value.lstrip("+-")) > LONGEST_EXACT for value in sample if value.lstrip("+-").isdigit()):
        return True
    if len(digits) < len(sample) * 0.95:
        return bool(CODE_NAMES.search(name.lower())) and not any("." in value for value in sample)
    if CODE_NAMES.search(name.lower()):
        return True
    lengths = {len(value) for value in digits}
    return len(lengths) == 1 and lengths.pop() >= LONG_CODE


def bare(value: str) -> tuple[str, str]:
    """The number in `value` without its unit and without blanks between thousands, and the unit."""
    text = value.strip().replace("\u2212", "-")
    unit = ""
    if found := UNIT.search(text):
        unit = found[0].strip(". ")
        text = (text[: found.start()] + text[found.end() :]).strip(" \u00a0\u202f")
    if GROUPED.fullmatch(text):
        text = GROUP_SIGNS.sub("", text)
    if text.startswith("(") and text.endswith(")"):
        text = f"-{text[1:-1].strip()}"
    elif text.endswith("-") and len(text) > 1 and text[-2].isdigit() and text[0].isdigit():
        # SAP writes the sign behind the number.
        text = f"-{text[:-1]}"
    if text[:2] in ("- ", "+ "):
        text = text[0] + text[2:]
    if GROUPED.fullmatch(text):
        text = GROUP_SIGNS.sub("", text)
    return text, unit


def to_float(text: str, style: str) -> float:
    if style == COMMA:
        return float(text.replace(".", "").replace(",", "."))
    return float(text.replace(",", ""))
