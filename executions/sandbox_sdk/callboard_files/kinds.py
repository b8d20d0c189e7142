"""Which files can be read, and the reader of each kind."""

import importlib
from pathlib import Path

from callboard_files.document import Document, Unreadable
from callboard_files.table import Table

MAX_SOURCE = 100 * 1024 * 1024
# By suffix: the module that reads it, loaded when it is needed.
FORMATS = {
    ".pdf": "pdf",
    ".docx": "word",
    ".pptx": "slides",
    ".xlsx": "workbook",
    ".csv": "plain",
    ".tsv": "plain",
    ".tab": "plain",
    ".html": "page",
    ".htm": "page",
    ".xhtml": "page",
    ".md": "markdown",
    ".markdown": "markdown",
    ".json": "plain",
    ".jsonl": "plain",
    ".ndjson": "plain",
    ".txt": "plain",
    ".text": "plain",
    ".log": "plain",
    ".rst": "plain",
}
TABLE_FORMATS = {".csv": "delimited", ".tsv": "delimited", ".tab": "delimited", ".xlsx": "workbook"}
OTHER_KINDS = {
    ".doc": "a Word file older than .docx",
    ".xls": "an Excel file older than .xlsx",
    ".ppt": "a PowerPoint file older than .pptx",
    **dict.fromkeys((".png", ".jpg", ".jpeg", ".gif", ".webp", ".tif", ".tiff", ".heic"), "a picture"),
    **dict.fromkeys((".zip", ".gz", ".7z", ".tar", ".rar"), "an archive"),
    **dict.fromkeys((".mp3", ".wav", ".m4a", ".mp4", ".mov"), "a recording"),
}


def reason_to_skip(source: Path) -> str | None:
    """Why a file of this name is not read; None for one that is."""
    suffix = source.suffix.lower()
    if suffix in FORMATS:
        return None
    if kind := OTHER_KINDS.get(suffix):
        return f"It is {kind}, which is not read."
    return (
        f"Files that end in {suffix!r} are not read."
        if suffix
        else "Its name has no ending that tells its kind."
    )


def read_document(source: Path, *, encoding: str | None = None) -> Document:
    """The text of `source`; `encoding` is for files of text. Raises Unreadable, and nothing else."""
    if reason := reason_to_skip(source):
        raise Unreadable(reason)
    module = importlib.import_module(f"callboard_files.{FORMATS[source.suffix.lower()]}")
    try:
        refuse_size(source)
        document: Document = module.read_document(source, encoding)
    except Unreadable:
        raise
    # Broken files surface as nearly anything from inside the libraries.
    except (Exception, MemoryError) as error:
        raise Unreadable(f"The file is broken: {one_sentence(error)}.") from error
    return document


def read_table(
    source: Path,
    *,
    delimiter: str | None = None,
    encoding: str | None = None,
    header: bool | None = None,
    sheet: str | None = None,
) -> Table:
    """The table in `source`; a file of an unknown kind is taken for delimited text.

    Raises Unreadable, and nothing else.
    """
    module = importlib.import_module(
        f"callboard_files.{TABLE_FORMATS.get(source.suffix.lower(), 'delimited')}"
    )
    try:
        table: Table = module.read_table(
            source, delimiter=delimiter, encoding=encoding, header=header, sheet=sheet
        )
    except Unreadable:
        raise
    except (Exception, MemoryError) as error:
        raise Unreadable(f"The file cannot be read as a table: {one_sentence(error)}.") from error
    return table


def refuse_size(source: Path) -> None:
    size = source.stat().st_size
    if not size:
        raise Unreadable("The file is empty.")
    if size > MAX_SOURCE:
        raise Unreadable("The file is larger than 100 MiB.")


def one_sentence(error: BaseException) -> str:
    return " ".join(str(error).split())[:200].rstrip(".") or type(error).__name__
