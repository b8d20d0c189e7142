"""Read the text, headings and properties of a Word document."""

import zipfile
from pathlib import Path

import mammoth
from bs4 import BeautifulSoup
from callboard_files.document import Document, Unreadable
from callboard_files.office import properties, refuse_unfit
from callboard_files.page import document_of
from callboard_files.word_parts import prepared


def read_document(source: Path, _encoding: str | None = None) -> Document:
    """As Word shows it with all changes accepted; raises Unreadable."""
    refuse_unfit(source, "Word")
    try:
        with zipfile.ZipFile(source) as container:
            facts = properties(container)
            parts = prepared(container)
        converted = mammoth.convert_to_html(
            parts.stream, style_map=parts.style_map, convert_image=lambda _image: []
        )
    except Unreadable:
        raise
    # Broken files surface as nearly anything from inside the libraries.
    except Exception as error:
        raise Unreadable(f"The Word file is broken: {' '.join(str(error).split())[:200]}.") from error
    page = BeautifulSoup(converted.value, "lxml")
    for link in page.find_all(
        "a", href=lambda target: target and target.startswith(("#footnote-ref", "#endnote-ref"))
    ):
        link.decompose()
    for numbered in page.find_all("ol"):
        # mammoth starts each list at 1, also where Word goes on counting: better no number than a wrong one.
        numbered.name = "ul"
    read = document_of(page, "docx")
    title = facts.pop("title", None)
    return Document(
        "docx", read.text, title=title, outline=read.outline, metadata=facts, warnings=parts.warnings
    )
