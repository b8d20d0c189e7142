"""Read what a reader sees of an HTML page."""

import re
from pathlib import Path

from bs4 import BeautifulSoup, NavigableString, PageElement, Tag
from bs4.dammit import EncodingDetector
from callboard_files.document import Document, Heading, Unreadable
from callboard_files.text_encoding import beginning_of, decoded

UNSEEN = frozenset(
    {"script", "style", "noscript", "template", "svg", "head", "nav", "iframe", "object", "button", "select"}
)
# Empty lines around them, or only a line end.
APART = frozenset(
    {
        "address",
        "article",
        "aside",
        "blockquote",
        "details",
        "div",
        "dl",
        "fieldset",
        "figure",
        "footer",
        "form",
    }
    | {"h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "main", "ol", "p", "pre", "section", "table", "ul"}
)
OWN_LINE = frozenset({"br", "dd", "dt", "figcaption", "li", "summary", "tr"})
CELLS = ["td", "th"]
RAISED = {
    "sup": str.maketrans("0123456789+-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻"),
    "sub": str.maketrans("0123456789+-", "₀₁₂₃₄₅₆₇₈₉₊₋"),
}
# What is built from a page takes some thirty times its size.
MAX_BYTES = 4 * 1024 * 1024
# Counting the items before each takes time with the square of their number.
MAX_NUMBERED = 1_000
# A cell with one of these is a piece of a page's layout and not of a table.
LAYOUT = ["table", "h1", "h2", "h3", "h4", "h5", "h6", "pre", "ul", "ol"]
NAMES = {"author": "author", "description": "description", "keywords": "keywords", "date": "created"}


def read_document(source: Path, encoding: str | None = None) -> Document:
    """Raises Unreadable for what is no text, and for a page that only a machine can have nested so deeply."""
    raw, cut = beginning_of(source, MAX_BYTES)
    declared = EncodingDetector.find_declared_encoding(raw, is_html=True, search_entire_document=False)
    text = decoded(raw, asked=encoding, declared=declared)
    try:
        document = document_of(BeautifulSoup(text.content, "lxml"))
    except RecursionError:
        raise Unreadable("The page is nested too deeply.") from None
    document.encoding, document.warnings = text.encoding, [*cut, *text.warnings]
    return document


def document_of(page: BeautifulSoup, form: str = "html") -> Document:
    title = page.title.get_text(" ", strip=True) if page.title else None
    metadata = {"language": str(page.html.get("lang", "")) if page.html else ""}
    for tag in page.find_all("meta", attrs={"name": True, "content": True}):
        if name := NAMES.get(str(tag["name"]).lower()):
            metadata[name] = str(tag["content"])
    outline = [
        Heading(int(tag.name[1]), " ".join(tag.get_text(" ").split()))
        for tag in page.find_all(re.compile(r"^h[1-6]$"))
        if not any(is_unseen(parent) for parent in tag.parents)
    ]
    writer = TextWriter()
    writer.write(page)
    return Document(form, writer.text, title=title, outline=outline, metadata=metadata)


def is_unseen(tag: Tag) -> bool:
    return tag.name in UNSEEN or tag.has_attr("hidden")


def raised(node: NavigableString, text: str) -> str:
    """A number that stands high or low, in signs that do: ten to the fifth is not 105."""
    signs = RAISED.get(node.parent.name if node.parent is not None else "")
    return text.translate(signs) if signs and re.fullmatch(r"[\d+-]+", text) else text


def bullet(item: Tag) -> str:
    """The number of an item in a numbered list, else a dash."""
    above = item.parent
    if above is None or above.name != "ol" or above.get("type", "1") != "1":
        return "- "
    first = str(above.get("start", "1"))
    given = str(item.get("value", ""))
    if given.isdigit():
        return f"{given}. "
    place = sum(1 for _ in item.find_previous_siblings("li", limit=MAX_NUMBERED))
    if not first.isdigit() or place >= MAX_NUMBERED:
        return "- "
    return f"{int(first) + place}. "


class TextWriter:
    """Writes the text of a page with a line end wherever a browser begins a new line."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._line_ends = 0
        # The cell whose text goes on one line, if the walk is in one.
        self._flat_cell: Tag | None = None

    @property
    def text(self) -> str:
        return "".join(self._parts)

    def write(self, page: PageElement) -> None:
        """A stack instead of recursion: pages may be nested deeper than Python's own stack."""
        todo: list[tuple[PageElement, bool]] = [(page, False)]
        while todo:
            node, is_end = todo.pop()
            if isinstance(node, Tag):
                if is_end:
                    self._break_around(node)
                    if node is self._flat_cell:
                        self._flat_cell = None
                elif not is_unseen(node):
                    self._begin(node)
                    todo.append((node, True))
                    children = () if node.name == "pre" else reversed(node.contents)
                    todo.extend((child, False) for child in children)
            # Comments and the doctype are strings too, but of types of their own.
            elif type(node) is NavigableString:
                self._add(raised(node, re.sub(r"\s+", " ", node)))

    def _begin(self, tag: Tag) -> None:
        self._break_around(tag)
        if tag.name == "li":
            self._add(bullet(tag))
        elif tag.name in CELLS:
            if tag.find_previous_sibling(CELLS):
                self._line_ends = 0
                self._parts.append(" | " if self._parts and not self._parts[-1].endswith(" ") else "| ")
            if self._flat_cell is None and not tag.find(LAYOUT):
                self._flat_cell = tag
        elif tag.name == "pre":
            self._add(tag.get_text().strip("\n"), keep=True)

    def _break_around(self, tag: Tag) -> None:
        if self._flat_cell is not None:
            if tag.name in APART or tag.name in OWN_LINE:
                self._add(" ")
        elif tag.name in APART:
            self._line_ends = max(self._line_ends, 2)
        elif tag.name in OWN_LINE:
            self._line_ends = max(self._line_ends, 1)

    def _add(self, text: str, *, keep: bool = False) -> None:
        """Blanks at the beginning of a line or after another blank are not shown by browsers."""
        if not keep and (self._line_ends or not self._parts or self._parts[-1].endswith(" ")):
            text = text.lstrip(" ")
        if text:
            self._parts += ["\n" * self._line_ends, text]
            self._line_ends = 0
