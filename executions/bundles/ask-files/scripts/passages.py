"""Search the staged files for the passages that share the most telling words with a question."""

import math
import re
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import docx
from bs4 import BeautifulSoup
from pypdf import PdfReader

MATERIALS = Path("inputs/materials")
LONGEST = 700
STEM = 5
MAX_BYTES = 20 * 1024 * 1024
COMMON = frozenset(
    {"about", "after", "also", "and", "are", "but", "can", "does", "for", "from", "had", "has", "have", "how"}
    | {
        "into",
        "its",
        "many",
        "much",
        "not",
        "our",
        "that",
        "the",
        "their",
        "them",
        "then",
        "there",
        "they",
        "this",
    }
    | {"was", "were", "what", "when", "where", "which", "who", "why", "will", "with", "would", "you", "your"}
)


@dataclass(frozen=True)
class Passage:
    """A piece of a file, at most 700 characters; a higher `score` fits better."""

    file: str
    text: str
    score: float


def find(question: str, count: int = 5) -> list[Passage]:
    """The best passages, best first; none when no word of the question is in any file."""
    passages = [(file.name, text) for file in files() for text in pieces(text_of(file))]
    stems = [stems_of(text) for _, text in passages]
    spread = Counter(stem for each in stems for stem in each)
    wanted = stems_of(question)
    # A word that is in few passages tells more than one that is in many.
    scored = [
        Passage(name, text, sum(math.log(1 + len(passages) / spread[stem]) for stem in wanted & each))
        for (name, text), each in zip(passages, stems, strict=True)
    ]
    found = [passage for passage in scored if passage.score]
    return sorted(found, key=lambda passage: (-passage.score, len(passage.text)))[:count]


def files() -> list[Path]:
    return sorted(file for file in MATERIALS.glob("*") if file.is_file())


def text_of(file: Path) -> str:
    """The text of a file; empty for one that is unreadable or no text."""
    if file.stat().st_size > MAX_BYTES:
        return ""
    read = READERS.get(file.suffix.lower(), plain_text)
    try:
        return read(file)
    # A search goes on with the other files, whatever is wrong with this one.
    except Exception as problem:  # noqa: BLE001
        print(f"{file.name} cannot be read: {problem}", file=sys.stderr)
        return ""


def plain_text(file: Path) -> str:
    content = file.read_bytes().decode("utf-8", "replace")
    return "" if "\0" in content else content


def pdf_text(file: Path) -> str:
    return "\n\n".join(page.extract_text() for page in PdfReader(file).pages)


def docx_text(file: Path) -> str:
    return "\n\n".join(paragraph.text for paragraph in docx.Document(str(file)).paragraphs)


def html_text(file: Path) -> str:
    page = BeautifulSoup(file.read_bytes(), "lxml")
    for unseen in page.find_all(["script", "style", "nav"]):
        unseen.decompose()
    return page.get_text(" ")


READERS = {".pdf": pdf_text, ".docx": docx_text, ".html": html_text, ".htm": html_text}


def pieces(text: str) -> Iterator[str]:
    """Paragraphs, a heading with what follows it; long ones are cut at line ends."""
    heading = ""
    for block in map(str.strip, re.split(r"\n\s*\n", text.replace("\r\n", "\n"))):
        if re.fullmatch(r"#+ .{1,150}", block):
            heading = block.lstrip("# ") + "\n"
            continue
        piece = heading
        for line in block.splitlines():
            if piece.strip() and len(piece) + len(line) > LONGEST:
                yield piece.strip()
                piece = heading
            piece += line[:LONGEST] + "\n"
        if piece.strip():
            yield piece.strip()


def stems_of(text: str) -> set[str]:
    """The beginnings of the words, so that `return` finds `returned`."""
    words = re.findall(r"\w{3,}", text.lower())
    return {word[:STEM] for word in words if word not in COMMON}


def write_findings(question_file: str, *, answer: str, source: str) -> None:
    """Print the best passage, and write it to the file `answer` and its file's name to `source`."""
    question = Path(question_file).read_text("utf-8")
    found = find(question, 3)
    if found:
        said = f"The passage that fits best is in {found[0].file}:\n\n{found[0].text}"
    else:
        said = "None of the staged files has a word of it."
    print(said)
    others = [f"Also in {passage.file}:\n\n{passage.text}" for passage in found[1:]]
    Path(answer).write_text("\n\n".join([f"# {' '.join(question.split())}", said, *others]) + "\n", "utf-8")
    Path(source).write_text(found[0].file if found else "no file", "utf-8")
