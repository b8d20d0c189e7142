"""Read Markdown: rendered first and then read as a page, so that the text has no signs of markup."""

import re
from pathlib import Path

from bs4 import BeautifulSoup
from callboard_files.document import Document
from callboard_files.page import document_of
from callboard_files.text_encoding import beginning_of, decoded
from markdown_it import MarkdownIt

FRONT_MATTER = re.compile(r"\A---[ \t]*\n(.*?)\n---[ \t]*(?:\n|\Z)", re.DOTALL)
MAX_BYTES = 4 * 1024 * 1024
SIMPLE_LINE = re.compile(r"([A-Za-z][\w-]{0,40}):\s+(\S.*)")


def read_document(source: Path, encoding: str | None = None) -> Document:
    """Raises Unreadable for what is no text."""
    raw, cut = beginning_of(source, MAX_BYTES)
    text = decoded(raw, asked=encoding)
    content = text.content.replace("\r\n", "\n")
    metadata: dict[str, str] = {}
    if found := FRONT_MATTER.match(content):
        content = content[found.end() :]
        # Only plain `key: value` lines: whatever else is there is not about the document.
        lines = (SIMPLE_LINE.fullmatch(line.strip()) for line in found[1].splitlines())
        metadata = {line[1].lower(): line[2].strip("'\"") for line in lines if line}
    rendered = MarkdownIt("commonmark").enable(["table", "strikethrough"]).render(content)
    read = document_of(BeautifulSoup(rendered, "lxml"), "markdown")
    return Document(
        "markdown",
        read.text,
        title=metadata.pop("title", None),
        outline=read.outline,
        metadata=metadata,
        encoding=text.encoding,
        warnings=[*cut, *text.warnings],
    )
