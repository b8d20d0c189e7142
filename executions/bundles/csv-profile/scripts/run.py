"""Profile one delimited text file: the order of the work, and what is said while it is done."""

# Before everything else: it prepares the process for the modules below.
import surroundings  # noqa: F401

# isort: split
import json
from collections.abc import Iterator
from pathlib import Path

from callboard_files import TABLE_FORMATS, Table, Unreadable, read_table
from callboard_skill import artifact, fail, inputs, materials, output, progress, text
from chart import draw_chart
from columns import Column, read_column
from markdown_report import write_markdown
from parsing import table_style
from quality import duplicate_row_count, find_correlations, find_warnings

OUTPUTS = Path("outputs")
DELIMITER_NAMES = {
    ",": "comma-separated",
    ";": "semicolon-separated",
    "\t": "tab-separated",
    "|": "bar-separated",
    ":": "colon-separated",
}
# What is told live of columns and warnings; the outputs have them all.
MAX_TOLD = 40


def main() -> None:
    source, skipped = choose_file()
    progress(0.05, f"Reading {source.name}")
    try:
        table = read_table(
            source,
            delimiter=inputs.get("delimiter"),
            encoding=inputs.get("encoding"),
            header=inputs.get("header"),
            sheet=inputs.get("sheet"),
        )
    except Unreadable as problem:
        fail(str(problem), file=source.name, skipped=skipped)
    text(f"{source.name}: {table.row_count:,} rows × {len(table.names)} columns, {written_as(table)}.\n")
    columns = list(read_columns(table))
    progress(0.75, "Looking for problems")
    profile = {**describe(source, table, columns), "skipped": skipped}
    for warning in profile["warnings"][:MAX_TOLD]:
        text(f"  ! {warning['message']}\n")
    progress(0.85, "Drawing the chart")
    hand_over(profile, columns)
    progress(1.0, "Done")
    output(profile)


def choose_file() -> tuple[Path, list[dict]]:
    """The file named in the inputs, else the first table, else the first; and the others with a reason."""
    staged = materials()
    if not staged:
        fail("There is no file to profile: stage a CSV, TSV or XLSX file.")
    wanted = inputs.get("file")
    if wanted is None:
        chosen = next((file for file in staged if file.suffix.lower() in TABLE_FORMATS), staged[0])
    else:
        chosen = next((file for file in staged if file.name == wanted), None)
    if chosen is None:
        fail(f"There is no staged file {wanted!r}.", staged=[file.name for file in staged])
    return chosen, [{"file": file.name, "reason": reason_left_out(file)} for file in staged if file != chosen]


def reason_left_out(file: Path) -> str:
    if file.suffix.lower() in TABLE_FORMATS:
        return "Only one table is profiled in a run; name it as `file`."
    return "It is no CSV, TSV or XLSX file."


def written_as(table: Table) -> str:
    if not table.delimiter:
        return f"sheet “{table.sheet}”"
    said = DELIMITER_NAMES.get(table.delimiter, f"separated by {table.delimiter!r}")
    return f"{said}, {table.encoding}"


def read_columns(table: Table) -> Iterator[Column]:
    """Each column in turn, told live as it is known."""
    count = len(table.names)
    style = table_style(table.cells)
    for index, name in enumerate(table.names):
        column = read_column(name, table.cells[index], top=inputs.get("top_values", 5), of_table=style)
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
        "sheet": table.sheet or None,
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
