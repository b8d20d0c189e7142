"""Read the text, headings and properties of a Word document."""

import re
import zipfile
from pathlib import Path

import docx
from document import Document, Heading, Unreadable
from docx.document import Document as WordDocument
from docx.opc.exceptions import PackageNotFoundError
from docx.table import Table
from docx.text.paragraph import Paragraph

PROPERTIES = ("author", "subject", "keywords", "category", "comments", "language", "last_modified_by")
# Word files before 2007, and new ones with a password, are this kind of container.
OLE_BEGINNING = b"\xd0\xcf\x11\xe0"
MAX_UNPACKED = 200 * 1024 * 1024


def read_docx(source: Path) -> Document:
    """Raises Unreadable for an old, encrypted, broken or overlarge file."""
    with source.open("rb") as stream:
        if stream.read(4) == OLE_BEGINNING:
            raise Unreadable("The Word file is encrypted, or older than .docx.")
    try:
        with zipfile.ZipFile(source) as container:
            if sum(member.file_size for member in container.infolist()) > MAX_UNPACKED:
                raise Unreadable("The Word file unpacks to more than 200 MiB.")
        return read_parts(docx.Document(str(source)))
    except Unreadable:
        raise
    except PackageNotFoundError:
        raise Unreadable("The file is not a Word document.") from None
    # Broken files surface as nearly anything from inside the parser.
    except (zipfile.BadZipFile, KeyError, ValueError, AttributeError, SyntaxError) as error:
        raise Unreadable(f"The Word file is broken: {error}.") from error


def read_parts(word: WordDocument) -> Document:
    lines: list[str] = []
    outline: list[Heading] = []
    for part in word.iter_inner_content():
        if isinstance(part, Table):
            lines += ["", *table_lines(part), ""]
            continue
        if level := heading_level(part):
            outline.append(Heading(level, part.text))
            lines += ["", part.text, ""]
        else:
            lines.append(bullet(part) + part.text)
    properties = word.core_properties
    metadata = {name: str(getattr(properties, name) or "") for name in PROPERTIES}
    for name in ("created", "modified"):
        moment = getattr(properties, name)
        metadata[name] = moment.isoformat() if moment else ""
    return Document("docx", "\n".join(lines), title=properties.title, outline=outline, metadata=metadata)


def heading_level(paragraph: Paragraph) -> int | None:
    """1 to 9 for a heading, by its style or the style's parents, whatever Word's language is."""
    style = paragraph.style
    while style is not None:
        name, key = style.name or "", style.style_id or ""
        if name.lower() == "title":
            return 1
        if found := re.fullmatch(r"heading ([1-9])", name, re.IGNORECASE) or re.fullmatch(
            r"Heading([1-9])", key
        ):
            return int(found[1])
        style = style.base_style
    return None


def bullet(paragraph: Paragraph) -> str:
    return "- " if "list" in (paragraph.style.name or "").lower() and paragraph.text else ""


def table_lines(table: Table) -> list[str]:
    """One line for each row; a cell that is merged over several columns is written once."""
    lines = []
    for row in table.rows:
        cells: list[str] = []
        previous = None
        for cell in row.cells:
            if cell._tc is not previous:  # noqa: SLF001 - the library has no other name for a merged cell
                cells.append(" ".join(cell.text.split()))
            previous = cell._tc  # noqa: SLF001
        lines.append(" | ".join(cells))
    return lines
