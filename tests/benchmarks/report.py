"""What the benchmark says at its end: a table for people, JSON for comparisons."""

import json
import os
import platform
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil
import psycopg
from rich.console import Console
from rich.table import Table

from config.management.commands.web import DEFAULT_SERVER
from tests.benchmarks.context import Effort
from tests.benchmarks.figures import Figure

NOTES = (
    "Limit: the same done by the bare minimum on the same server and database, in turns with the real one.",
    "Ratio: for times how often the limit fits in, for throughput which share of it; median of the rounds.",
    "Clients run on this machine too, and take their share of its processors from the servers.",
    "The rate limit, 18,000 requests a minute for a key, is raised for the measured processes (RATE_LIMIT).",
)


def print_report(console: Console, figures: Sequence[Figure], notes: Sequence[str]) -> None:
    """The table, and what one has to know to read it."""
    table = Table(title="Callboard, measured")
    for name in ("part", "what"):
        table.add_column(name)
    for name in ("measured", "limit", "ratio"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("bar")
    table.add_column("")
    last = ""
    for figure in figures:
        if figure.part != last and last:
            table.add_section()
        table.add_row(figure.part if figure.part != last else "", *_cells(figure))
        last = figure.part
    console.print(table)
    for note in (*NOTES, *notes):
        console.print(f"[dim]· {note}[/dim]", highlight=False)


def write_json(
    path: Path, figures: Sequence[Figure], notes: Sequence[str], *, effort: Effort, machine: Mapping[str, Any]
) -> None:
    """Everything that the table shows, in full."""
    document = {
        "taken_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": dict(machine),
        "effort": vars(effort),
        "figures": [figure.as_json() for figure in figures],
        "notes": [*NOTES, *notes],
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document, indent=2) + "\n")


def describe_machine(database_url: str) -> dict[str, Any]:
    """Where the figures come from; the load average tells how much else went on at the start."""
    with psycopg.connect(database_url) as connection:
        row = connection.execute("SHOW server_version").fetchone()
    return {
        "processors": os.cpu_count(),
        "memory_gb": round(psutil.virtual_memory().total / 1e9, 1),
        "load_at_start": os.getloadavg()[0],
        "python": platform.python_version(),
        "postgresql": row[0] if row else "",
        "server": os.environ.get("ASGI_SERVER", DEFAULT_SERVER),
        "system": platform.platform(terse=True),
    }


def describe_load(machine: Mapping[str, Any]) -> str:
    """How busy the machine is: what else runs makes every time longer, and the ratios hardly."""
    return (
        f"Load average {machine['load_at_start']:.1f} at the start, {os.getloadavg()[0]:.1f} at the end, on "
        f"{machine['processors']} processors: unless it begins near 0, compare the ratios only."
    )


def _cells(figure: Figure) -> list[str]:
    verdict = {True: "[green]met[/green]", False: "[red]missed[/red]", None: ""}[figure.is_met]
    return [
        figure.what,
        f"{_number(figure.value)} {figure.unit}",
        "" if figure.limit is None else f"{_number(figure.limit)} {figure.unit}",
        "" if figure.ratio is None else f"{figure.ratio:.2f}",
        figure.bar,
        verdict,
    ]


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.2f}" if abs(value) < 10 else f"{value:.1f}"
