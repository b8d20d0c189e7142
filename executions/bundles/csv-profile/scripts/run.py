"""Profile one delimited text file: the order of the work, and what is said while it is done."""

# Before everything else: it prepares the process for the modules below.
import surroundings  # noqa: F401

# isort: split
import json
from collections.abc import Iterator
from pathlib import Path

from callboard_skill import artifact, fail, inputs, materials, output, progress, text
from chart import draw_chart
from columns import Column, read_column
from markdown_report import write_markdown
from quality import duplicate_row_count, find_correlations, find_warnings
from table import Table, Unreadable, read_table

OUTPUTS = Path("outputs")
SUFFIXES = (".csv", ".tsv", ".tab")
# What is told live of columns and warnings; the outputs have them all.
MAX_TOLD = 40


def main() -> None:
    source = choose_file()
    progress(0.05, f"Reading {source.name}")
    try:
        table = read_table(
            source,
            delimiter=inputs.get("delimiter"),
            encoding=inputs.get("encoding"),
            header=inputs.get("header"),
        )
    except Unreadable as problem:
        fail(str(problem), file=source.name)
    text(f"{source.name}: {table.row_count:,} rows × {len(table.names)} columns, {table.written_as}.\n")
    columns = list(read_columns(table))
    progress(0.75, "Looking for problems")
    profile = describe(source, table, columns)
    for warning in profile["warnings"][:MAX_TOLD]:
        text(f"  ! {warning['message']}\n")
    progress(0.85, "Drawing the chart")
    hand_over(profile, columns)
    progress(1.0, "Done")
    output(profile)


def choose_file() -> Path:
    """The file named in the inputs, else the first that looks like a table, else the first."""
    staged = materials()
    if not staged:
        fail("There is no file to profile: stage a CSV or TSV file.")
    wanted = inputs.get("file")
    if wanted is None:
        return next((file for file in staged if file.suffix.lower() in SUFFIXES), staged[0])
    found = next((file for file in staged if file.name == wanted), None)
    if found is None:
        fail(f"There is no staged file {wanted!r}.", staged=[file.name for file in staged])
    return found


def read_columns(table: Table) -> Iterator[Column]:
    """Each column in turn, told live as it is known."""
    count = len(table.names)
    for index, name in enumerate(table.names):
        column = read_column(name, table.cells[index], top=inputs.get("top_values", 5))
        if index < MAX_TOLD:
            text(f"  {column.name}: {column.headline}\n")
        progress(round(0.15 + 0.6 * (index + 1) / count, 3), f"Column {index + 1} of {count}")
        yield column


def describe(source: Path, table: Table, columns: list[Column]) -> dict:
    cells = table.row_count * len(columns)
    missing = sum(column.missing_count for column in columns)
    repeated = duplicate_row_count(table)
    return {
        "file": source.name,
        "size_bytes": source.stat().st_size,
        "encoding": table.encoding,
        "delimiter": table.delimiter,
        "row_count": table.row_count,
        "column_count": len(columns),
        "truncated": table.truncated,
        "duplicate_row_count": repeated,
        "missing_share": round(missing / cells, 6) if cells else 0.0,
        "columns": [column.as_json() for column in columns],
        "correlations": find_correlations(columns),
        "warnings": find_warnings(table, columns, repeated),
    }


def hand_over(profile: dict, columns: list[Column]) -> None:
    OUTPUTS.mkdir(exist_ok=True)
    (OUTPUTS / "profile.json").write_text(json.dumps(profile, indent=2, ensure_ascii=False), "utf-8")
    (OUTPUTS / "profile.md").write_text(write_markdown(profile), "utf-8")
    draw_chart(profile, columns, OUTPUTS / "chart.png")
    artifact(OUTPUTS / "profile.json", "profile")
    artifact(OUTPUTS / "profile.md", "markdown")
    artifact(OUTPUTS / "chart.png", "chart")


if __name__ == "__main__":
    main()
