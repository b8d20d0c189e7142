"""Read the text, bookmarks and properties of a PDF."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from document import Document, Heading, Unreadable
from pypdf import DocumentInformation, PdfReader
from pypdf.errors import DependencyError, PyPdfError
from pypdf.generic import Destination

PROPERTIES = {
    "/Author": "author",
    "/Subject": "subject",
    "/Keywords": "keywords",
    "/Creator": "creator",
    "/Producer": "producer",
}
MAX_PAGES = 2_000
MAX_BOOKMARK_DEPTH = 9


def read_pdf(source: Path) -> Document:
    """Raises Unreadable for a PDF that is encrypted, broken or without any text."""
    try:
        reader = PdfReader(source)
        if reader.is_encrypted and not unlock(reader):
            raise Unreadable("The PDF is encrypted: it needs a password.")
        return read_pages(reader)
    except Unreadable:
        raise
    except DependencyError:
        raise Unreadable("The PDF is encrypted in a way that cannot be read here.") from None
    # Broken files surface as nearly anything from inside the parser.
    except (PyPdfError, ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError) as error:
        raise Unreadable(f"The PDF is broken: {str(error) or type(error).__name__}.") from error


def unlock(reader: PdfReader) -> bool:
    """Many PDFs are encrypted only against changes, and open with the empty password."""
    return bool(reader.decrypt(""))


def read_pages(reader: PdfReader) -> Document:
    count = len(reader.pages)
    if count > MAX_PAGES:
        raise Unreadable(f"The PDF has {count:,} pages; at most {MAX_PAGES:,} are read.")
    text = "\n\n".join(page.extract_text() for page in reader.pages)
    if not text.strip():
        raise Unreadable("The PDF has no text: its pages may be scanned pictures.")
    properties = reader.metadata or DocumentInformation()
    metadata = {name: str(properties.get(key) or "") for key, name in PROPERTIES.items()}
    return Document(
        "pdf",
        text,
        title=str(properties.get("/Title") or ""),
        outline=list(bookmarks(reader, reader.outline, level=1)),
        page_count=count,
        metadata={**metadata, "created": moment(properties.creation_date)},
    )


def moment(found: datetime | None) -> str:
    return found.isoformat() if found else ""


def bookmarks(reader: PdfReader, entries: list, *, level: int) -> Iterator[Heading]:
    """The bookmarks from the top; a list among them holds those below the one before it."""
    for entry in entries:
        if isinstance(entry, list):
            if level < MAX_BOOKMARK_DEPTH:
                yield from bookmarks(reader, entry, level=level + 1)
        elif isinstance(entry, Destination):
            page = reader.get_destination_page_number(entry)
            yield Heading(level, str(entry.title or ""), None if page is None or page < 0 else page + 1)
