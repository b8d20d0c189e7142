"""Draw a profile on one page: how complete each column is, and what is in the telling ones."""

import logging
from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")

import matplotlib.pyplot as plt
from columns import Column
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from panels import ACCENT, INK, MUTED, PAPER, TRACK, WARN, draw_panel, fitted, telling_columns, write_heading

# Fonts for some scripts have no bold letters; the others stand in for them without a word.
logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)

WIDTH_INCHES = 14
DPI = 120
MAX_BARS = 24
PANELS_PER_ROW = 3

STYLE = {
    "font.size": 9.5,
    "text.color": INK,
    "axes.edgecolor": TRACK,
    "axes.labelcolor": MUTED,
    "axes.facecolor": "white",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.spines.left": False,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "figure.facecolor": PAPER,
    # A dollar sign in a name is a dollar sign, not the start of a formula.
    "text.parse_math": False,
}


def draw_chart(profile: dict, columns: list[Column], target: Path) -> None:
    """Write the PNG to `target`; its height follows from what there is to show."""
    shown = telling_columns(columns)
    bars = columns[:MAX_BARS]
    rows = -(-len(shown) // PANELS_PER_ROW)
    height = 1.9 + max(2.75 * rows, 0.32 * len(bars) + 0.9)
    with mpl.rc_context(STYLE):
        figure = plt.figure(figsize=(WIDTH_INCHES, height), dpi=DPI)
        draw_title(figure, profile, height)
        body = figure.add_gridspec(
            1,
            2,
            width_ratios=(1, 3) if shown else (1, 0.02),
            wspace=0.16 if shown else 0,
            left=0.125,
            right=0.975,
            top=1 - 1.55 / height,
            bottom=0.5 / height,
        )
        draw_completeness(figure.add_subplot(body[0]), bars, len(columns) - len(bars))
        if shown:
            grid = body[1].subgridspec(rows, PANELS_PER_ROW, hspace=0.55, wspace=0.4)
            for index, column in enumerate(shown):
                draw_panel(figure.add_subplot(grid[divmod(index, PANELS_PER_ROW)]), column)
        figure.savefig(target)
        plt.close(figure)


def draw_title(figure: Figure, profile: dict, height: float) -> None:
    facts = [
        f"{profile['row_count']:,} rows{' (cut off)' if profile['truncated'] else ''}",
        f"{profile['column_count']:,} columns",
        f"{profile['missing_share']:.1%} of cells missing",
        f"{profile['duplicate_row_count']:,} repeated rows",
    ]
    figure.text(0.025, 1 - 0.55 / height, fitted(profile["file"], 70), size=20, weight="bold", va="center")
    figure.text(0.025, 1 - 0.93 / height, "   ·   ".join(facts), size=11, color=MUTED, va="center")
    count = len(profile["warnings"])
    said = f"{count:,} warning{'' if count == 1 else 's'}" if count else "no warnings"
    figure.text(
        0.975,
        1 - 0.6 / height,
        said,
        size=11,
        weight="bold",
        va="center",
        ha="right",
        color="white",
        bbox={
            "boxstyle": "round,pad=0.55,rounding_size=0.9",
            "facecolor": WARN if count else ACCENT,
            "edgecolor": "none",
        },
    )


def draw_completeness(axes: Axes, columns: list[Column], left_out: int) -> None:
    """One bar for each column: the coloured part has values, the pale part is missing."""
    more = f", {left_out:,} columns left out" if left_out else ""
    write_heading(axes, "Filled", f"rows with a value{more}")
    places = range(len(columns))
    filled = [1 - column.missing_share if column.row_count else 0 for column in columns]
    axes.barh(places, [1] * len(columns), color=TRACK, height=0.62)
    axes.barh(places, filled, color=[ACCENT if share > 0.5 else WARN for share in filled], height=0.62)
    for place, share in zip(places, filled, strict=True):
        said = "100 %" if share == 1 else f"{min(share, 0.999) * 100:.1f} %"
        axes.text(1.03, place, said, va="center", size=8.5, color=MUTED if share == 1 else INK)
    axes.set_yticks(places, [fitted(column.name, 20) for column in columns], color=INK)
    axes.set_xlim(0, 1.28)
    axes.set_ylim(len(columns) - 0.4, -0.6)
    axes.set_xticks([])
    axes.tick_params(length=0)
    axes.set_facecolor(PAPER)
    axes.spines["bottom"].set_visible(False)
