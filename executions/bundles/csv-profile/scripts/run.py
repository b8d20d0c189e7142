"""Profile one delimited text file: the order of the work, and what is said while it is done."""

# Before everything else: it prepares the process for the modules below.
import surroundings  # noqa: F401

# isort: split
import json
from pathlib import Path

from callboard_files import TABLE_FORMATS, Table, Unreadable, read_table
from callboard_skill import artifact, fail, inputs, materials, output, progress, text
from chart import draw_chart
from columns import Column
from markdown_report import write_markdown
from profiling import MAX_TOLD, describe, read_columns

OUTPUTS = Path("outputs")
DELIMITER_NAMES = {
    ",": "comma-separated",
    ";": "semicolon-separated",
    "\t": "tab-separated",
    "|": "bar-separated",
    ":": "colon-separated",
}


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
    columns = list(read_columns(table, top=inputs.get("top_values", 5)))
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
