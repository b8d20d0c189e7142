"""One small picture for one column: a histogram, a time line or its most frequent values."""

import numpy as np
from columns import Column
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter, DayLocator
from matplotlib.ticker import FuncFormatter, MaxNLocator

INK = "#1d2733"
MUTED = "#66727f"
TRACK = "#dfe4e8"
PAPER = "#f7f8f9"
ACCENT = "#1f7a8c"
SECOND = "#e07a5f"
THIRD = "#5b5f97"
WARN = "#c8553d"

MAX_PANELS = 9
MAX_BINS = 40
MAX_SINGLE_DAYS = 6
MANY = 50
TOP = 6


def telling_columns(columns: list[Column]) -> list[Column]:
    """The columns worth a picture, in the order of the file; keys and free text are not."""
    return [column for column in columns if is_telling(column)][:MAX_PANELS]


def is_telling(column: Column) -> bool:
    present = column.row_count - column.missing_count
    if len(column.counts) < 2:
        return False
    if column.dates is not None:
        return True
    if column.numbers is not None:
        # A whole number that differs in every row and leaves no gaps is a running number.
        values = column.numbers.by_row
        running = column.type == "integer" and values.nunique() == len(values)
        return not (running and values.max() - values.min() < 2 * len(values))
    return len(column.counts) <= min(MANY, max(TOP, present // 3))


def draw_panel(axes: Axes, column: Column) -> None:
    write_heading(axes, fitted(column.name, 26), caption(column))
    axes.tick_params(length=0, labelsize=8)
    if column.dates is not None:
        draw_time_line(axes, column)
    elif column.numbers is not None:
        draw_histogram(axes, column)
    else:
        draw_top_values(axes, column)


def write_heading(axes: Axes, title: str, said: str) -> None:
    axes.set_title(title, loc="left", weight="bold", size=10.5, pad=17)
    axes.annotate(
        said, (0, 1), xytext=(0, 5), xycoords="axes fraction", textcoords="offset points", size=8, color=MUTED
    )


def caption(column: Column) -> str:
    if column.numbers is not None:
        values = column.numbers.by_row
        outliers = int(column.numbers.outliers().sum())
        said = f"median {compact(values.median())}, mean {compact(values.mean())}"
        return f"{said}, {outliers:,} far outliers" if outliers else said
    if column.dates is not None:
        return f"{column.dates.earliest[:10]} to {column.dates.latest[:10]}"
    return f"{len(column.counts):,} different values"


def draw_histogram(axes: Axes, column: Column) -> None:
    """The middle 99 % of the values, so that one outlier does not flatten all others."""
    values = column.numbers.by_row
    low, high = (
        values.quantile([0.005, 0.995]) if column.numbers.outliers().any() else (values.min(), values.max())
    )
    inside = values[(values >= low) & (values <= high)]
    bins = min(MAX_BINS, max(5, inside.nunique()))
    if column.type == "integer" and high - low < MAX_BINS:
        bins = np.arange(low - 0.5, high + 1)
    axes.hist(inside, bins=bins, color=ACCENT, rwidth=0.92)
    if low <= values.median() <= high:
        axes.axvline(values.median(), color=SECOND, linewidth=1.6)
    axes.xaxis.set_major_locator(MaxNLocator(5, integer=column.type == "integer"))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _place: compact(value)))
    count_axis(axes)


def draw_time_line(axes: Axes, column: Column) -> None:
    """Rows over time; a file of a few days gets one bin for each."""
    moments = column.dates.by_row.dt.tz_localize(None)
    days = (moments.max() - moments.min()).days + 1
    bins = MAX_BINS if column.dates.have_time else min(MAX_BINS, days)
    counts, edges = np.histogram(moments.astype("datetime64[s]").astype("int64"), bins=bins)
    edges = edges.astype("int64").astype("datetime64[s]")
    axes.stairs(counts, edges, fill=True, color=THIRD, alpha=0.25)
    axes.stairs(counts, edges, color=THIRD, linewidth=1.4)
    whole_days = not column.dates.have_time and days <= MAX_SINGLE_DAYS
    locator = DayLocator() if whole_days else AutoDateLocator(minticks=3, maxticks=6)
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator, show_offset=False))
    axes.margins(x=0)
    axes.set_ylim(bottom=0)
    count_axis(axes)


def draw_top_values(axes: Axes, column: Column) -> None:
    top = column.counts.head(TOP)
    rest = int(column.counts.iloc[TOP:].sum())
    names = [fitted(value, 13) for value in top.index] + (["all others"] if rest else [])
    counts = [*top.to_list(), *([rest] if rest else [])]
    colours = [SECOND] * len(top) + [TRACK] * bool(rest)
    places = range(len(names))
    axes.barh(places, counts, color=colours, height=0.66)
    for place, count in zip(places, counts, strict=True):
        axes.text(count + max(counts) * 0.02, place, compact(count), va="center", size=8, color=MUTED)
    axes.set_yticks(places, names, color=INK, size=7.5)
    axes.set_ylim(max(len(names), 4) - 0.4, -0.6)
    axes.set_xlim(0, max(counts) * 1.15)
    axes.set_xticks([])
    axes.spines["bottom"].set_visible(False)


def count_axis(axes: Axes) -> None:
    axes.grid(axis="y", color=TRACK, linewidth=0.7)
    axes.set_axisbelow(True)
    axes.yaxis.set_major_locator(MaxNLocator(4, integer=True))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _place: compact(value)))


def compact(value: float) -> str:
    """At most four digits, with k, M, G and T."""
    for size, sign in ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e4, "k")):
        if abs(value) >= size:
            return f"{value / (1e3 if sign == 'k' else size):,.4g}{sign}"
    return f"{value:,.4g}"


def fitted(text: str, length: int) -> str:
    text = " ".join(text.split())
    return text if len(text) <= length else f"{text[: length - 1]}…"
