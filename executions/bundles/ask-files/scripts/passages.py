"""Search the staged files for the passages that share the most telling words with a question."""

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from callboard_files import Unreadable, read_document

MATERIALS = Path("inputs/materials")
LONGEST = 700
STEM = 5
MAX_BYTES = 20 * 1024 * 1024
TABLES = frozenset({"csv", "tsv", "xlsx"})
# Scripts without blanks between words, and Korean, which adds endings to them: pairs of signs are searched.
UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff"
    "\uac00-\ud7af\uf900-\ufaff"
)
# Vowel signs of Indian scripts and accents that stand alone are parts of words.
SIGNS = "\u0300-\u036f\u0900-\u0dff"
WORDS = re.compile(rf"(?:[^\W_{UNSPACED}]|[{SIGNS}])+")
RUNS = re.compile(f"[{UNSPACED}]+")
COMMON_WORDS = (
    "about after also an and are as at be but by can do does for from had has have he how if in into is "
    "it its many me much my no not of on or our so that the their them then there they this to up us was "
    "we were what when where which who why will with would you your "
)
COMMON = frozenset(COMMON_WORDS.split())


@dataclass(frozen=True)
class Passage:
    """A piece of a file, at most 700 characters; a higher `score` fits better."""

    file: str
    text: str
    score: float


def find(question: str, count: int = 5) -> list[Passage]:
    """The best passages, best first; none when no word of the question is in any file."""
    passages = [(name, text) for name, texts in readable().items() for text in texts]
    stems = [stems_of(text) for _, text in passages]
    spread = Counter(stem for each in stems for stem in each)
    wanted = stems_of(question, asked=True)
    # A word that is in few passages tells more than one that is in many.
    scored = [
        Passage(name, text, sum(math.log(1 + len(passages) / spread[stem]) for stem in wanted & each))
        for (name, text), each in zip(passages, stems, strict=True)
    ]
    found = [passage for passage in scored if passage.score]
    return sorted(found, key=lambda passage: (-passage.score, len(passage.text)))[:count]


def skipped() -> dict[str, str]:
    """By name: the staged files that are not searched, each with the reason."""
    return searched()[1]


def readable() -> dict[str, list[str]]:
    """By name: the pieces of each file that can be searched."""
    return searched()[0]


@cache
def searched() -> tuple[dict[str, list[str]], dict[str, str]]:
    found: dict[str, list[str]] = {}
    left_out: dict[str, str] = {}
    for file in sorted(file for file in MATERIALS.glob("*") if file.is_file()):
        if file.stat().st_size > MAX_BYTES:
            left_out[file.name] = "It is larger than 20 MiB."
            continue
        try:
            document = read_document(file)
        # A search goes on with the other files, whatever is wrong with this one.
        except Unreadable as problem:
            left_out[file.name] = str(problem)
        else:
            found[file.name] = list(pieces(document.text, is_table=document.format in TABLES))
    return found, left_out


def pieces(text: str, *, is_table: bool = False) -> Iterator[str]:
    """Paragraphs, a heading with what follows it; long ones are cut at line ends.

    Each piece of a table begins with the first row, which names the columns.
    """
    heading = text.split("\n", 1)[0][: LONGEST // 2] + "\n" if is_table else ""
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


def stems_of(text: str, *, asked: bool = False) -> set[str]:
    """The beginnings of the words, so that `return` finds `returned`; pairs of signs where none are apart.

    A word in capitals such as IT or US is never one of the common ones. A single sign is looked for only
    where it was `asked` for by itself.
    """
    text = unicodedata.normalize("NFKC", text)
    stems = set()
    for word in WORDS.findall(text):
        folded = word.casefold()
        is_name = asked and word.isupper() and len(word) > 1 and not text.isupper()
        if (len(folded) > 1 or folded.isdigit()) and (is_name or not asked or folded not in COMMON):
            stems.add(folded[:STEM])
    for run in RUNS.findall(text):
        stems.update(run[at : at + 2] for at in range(len(run) - 1))
        if not asked or len(run) == 1:
            stems.update(run)
    return stems


def write_findings(question_file: str, *, answer: str, source: str) -> None:
    """Print the best passage, and write it to the file `answer` and its file's name to `source`."""
    question = Path(question_file).read_text("utf-8")
    found = find(question, 3)
    if found:
        said = f"The passage that fits best is in {found[0].file}:\n\n{found[0].text}"
    else:
        said = "None of the staged files has a word of it."
    print(said)
    for name, reason in skipped().items():
        print(f"Not searched: {name}. {reason}")
    others = [f"Also in {passage.file}:\n\n{passage.text}" for passage in found[1:]]
    Path(answer).write_text("\n\n".join([f"# {' '.join(question.split())}", said, *others]) + "\n", "utf-8")
    Path(source).write_text(found[0].file if found else "no file", "utf-8")
