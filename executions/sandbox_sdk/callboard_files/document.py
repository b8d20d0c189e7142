"""What every reader returns, and what it raises."""

import re
from dataclasses import dataclass, field

SPACELESS = "\u3005-\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
# Vowel signs of Indian scripts are parts of words, though no letters.
WORD = re.compile(rf"[{SPACELESS}]|[^\W{SPACELESS}](?:[^\W{SPACELESS}]|['’\u0300-\u036f\u0900-\u0dff-])*")


class Unreadable(Exception):
    """Nothing can be taken from the file; the message says why."""


@dataclass(frozen=True)
class Heading:
    """`level` 1 is the highest, 9 the lowest; `page` counts from 1 and is None without pages."""

    level: int
    title: str
    page: int | None = None


@dataclass
class Document:
    """The whole text of a file, tidied: at most one empty line in a row."""

    format: str
    text: str
    title: str | None = None
    outline: list[Heading] = field(default_factory=list)
    page_count: int | None = None
    metadata: dict[str, str] = field(default_factory=dict)
    # How text was decoded; None for formats that say it themselves.
    encoding: str | None = None
    # Sentences on what may be wrong or is left out.
    warnings: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.text = tidied(self.text)
        self.outline = [
            Heading(min(9, max(1, heading.level)), one_line(heading.title), heading.page)
            for heading in self.outline
            if one_line(heading.title)
        ]
        self.metadata = {
            key: one_line(str(value))
            for key, value in self.metadata.items()
            if value and one_line(str(value))
        }
        self.title = one_line(self.title or "") or next((each.title for each in self.outline), None)

    @property
    def word_count(self) -> int:
        """A sign of a script without spaces counts as a word, as word processors count."""
        return sum(1 for _ in WORD.finditer(self.text))


def counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def one_line(text: str) -> str:
    """At most 300 characters, without line ends and control characters."""
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())[:300]


def tidied(text: str) -> str:
    """Lines without trailing blanks, one empty line at most, nothing that cannot be stored."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\f", "\n").replace("\0", "")
    text = text.encode("utf-8", "replace").decode("utf-8").replace("\u00a0", " ").replace("\u00ad", "")
    lines = "\n".join(line.rstrip() for line in text.split("\n"))
    return re.sub(r"\n{3,}", "\n\n", lines).strip("\n")
