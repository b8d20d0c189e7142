"""Read the sheets of an Excel workbook: values as they are stored, dates in ISO 8601."""

import datetime as dt
import zipfile
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from callboard_files.document import Document, Heading, Unreadable
from callboard_files.office import properties, refuse_unfit
from callboard_files.table import Table, table_of
from python_calamine import (
    CalamineError,
    CalamineWorkbook,
    SheetTypeEnum,
    SheetVisibleEnum,
    WorksheetNotFound,
)

# A cell far away makes a sheet of millions of blank ones.
MAX_CELLS = 5_000_000
BLOCK = 1 << 20
FAILED = b' t="e"'


def read_document(source: Path, _encoding: str | None = None) -> Document:
    """Each sheet under its name, one line for each row; raises Unreadable."""
    book = opened(source)
    with zipfile.ZipFile(source) as container:
        facts = properties(container)
        failed = failed_cells(container)
    lines: list[str] = []
    outline: list[Heading] = []
    warnings: list[str] = [failed] if failed else []
    for sheet in book.sheets_metadata:
        if sheet.typ != SheetTypeEnum.WorkSheet:
            warnings.append(f"“{sheet.name}” is no sheet of cells and was left out.")
            continue
        if sheet.visible != SheetVisibleEnum.Visible:
            warnings.append(f"The sheet “{sheet.name}” is hidden; it is part of the text.")
        outline.append(Heading(1, sheet.name))
        lines += [sheet.name, ""]
        for row in sheet_rows(book, sheet.name):
            if any(row):
                lines.append(" | ".join(" ".join(cell.split()) for cell in row).rstrip(" |"))
        lines.append("")
    title = facts.pop("title", None) or (outline[0].title if len(outline) == 1 else "")
    return Document("xlsx", "\n".join(lines), title=title, outline=outline, metadata=facts, warnings=warnings)


def read_table(
    source: Path, *, delimiter: str | None, encoding: str | None, header: bool | None, sheet: str | None
) -> Table:
    """The sheet of that name, else the first with cells; raises Unreadable."""
    if delimiter is not None or encoding is not None:
        raise Unreadable("A workbook has no delimiter and no encoding to give.")
    book = opened(source)
    names = [each.name for each in book.sheets_metadata if each.typ == SheetTypeEnum.WorkSheet]
    if sheet is not None and sheet not in names:
        raise Unreadable(f"There is no sheet {sheet!r}; there are: {', '.join(names)}.")
    filled = (name for name in names if any(any(row) for row in sheet_rows(book, name)))
    chosen = sheet or next(filled, None)
    if chosen is None:
        raise Unreadable("The file has no rows.")
    table = table_of(sheet_rows(book, chosen), header=header)
    table.sheet = chosen
    with zipfile.ZipFile(source) as container:
        if failed := failed_cells(container):
            table.problems.append(("failed_formulas", failed))
    if len(names) > 1 and sheet is None:
        others = ", ".join(f"“{name}”" for name in names if name != chosen)
        table.problems.append(
            ("other_sheets", f"Only the sheet “{chosen}” was read; there are also {others}.")
        )
    return table


def failed_cells(container: zipfile.ZipFile) -> str | None:
    """A sentence on cells that hold an error, which the library reads as blank; None without such."""
    count = 0
    for name in container.namelist():
        if name.startswith("xl/worksheets/") and name.endswith(".xml"):
            with container.open(name) as part:
                rest = b""
                while block := part.read(BLOCK):
                    count += (rest + block).count(FAILED)
                    rest = block[1 - len(FAILED) :]
    return f"Cells that hold an error such as #DIV/0!, and are read as blank: {count:,}." if count else None


def opened(source: Path) -> CalamineWorkbook:
    refuse_unfit(source, "Excel")
    try:
        return CalamineWorkbook.from_path(source)
    except CalamineError as error:
        raise Unreadable(f"The Excel file is broken: {error}.") from error


def sheet_rows(book: CalamineWorkbook, name: str) -> Iterator[list[str]]:
    try:
        sheet = book.get_sheet_by_name(name)
    except (CalamineError, WorksheetNotFound) as error:
        raise Unreadable(f"The Excel file is broken: {error}.") from error
    if sheet.width:
        for row in islice(sheet.iter_rows(), MAX_CELLS // sheet.width):
            yield [written(cell) for cell in row]


def written(cell: object) -> str:
    """The value as text: what Excel stores as a whole number has no point."""
    match cell:
        case bool():
            return "TRUE" if cell else "FALSE"
        case float():
            return str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else repr(cell)
        case dt.datetime():
            return cell.date().isoformat() if cell.time() == dt.time() else cell.isoformat(" ")
        case dt.timedelta():
            return str(cell)
        case _:
            return str(cell)
