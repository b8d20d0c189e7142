"""Read Markdown and plain text."""

import re
from pathlib import Path

from bs4 import BeautifulSoup
from document import Document, Unreadable
from html_reader import document_of
from markdown_it import MarkdownIt

FRONT_MATTER = re.compile(r"\A---\s*\n(.*?)\n---\s*\n", re.DOTALL)
SIMPLE_LINE = re.compile(r"([A-Za-z][\w-]{0,40}):\s+(\S.*)")
MARKS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))


def read_markdown(source: Path) -> Document:
    """Rendered first and then read as a page, so that the text has no signs of markup."""
    content = decoded(source)
    metadata: dict[str, str] = {}
    if found := FRONT_MATTER.match(content):
        content = content[found.end() :]
        # Only plain `key: value` lines: whatever else is there is not about the document.
        lines = (SIMPLE_LINE.fullmatch(line.strip()) for line in found[1].splitlines())
        metadata = {line[1].lower(): line[2].strip("'\"") for line in lines if line}
    rendered = MarkdownIt("commonmark").enable(["table", "strikethrough"]).render(content)
    document = document_of(BeautifulSoup(rendered, "lxml"), "markdown")
    title = metadata.pop("title", None)
    return Document("markdown", document.text, title=title, outline=document.outline, metadata=metadata)


def read_text(source: Path) -> Document:
    return Document("text", decoded(source))


def decoded(source: Path) -> str:
    """By the mark at the beginning, as UTF-8 where that is valid, else as Western European.

    Raises Unreadable for what is no text.
    """
    raw = source.read_bytes()
    for mark, encoding in MARKS:
        if raw.startswith(mark):
            return raw.decode(encoding, "replace")
    if raw.count(0) > len(raw) // 1000:
        raise Unreadable("The file is binary, not text.")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("cp1252", "replace")
