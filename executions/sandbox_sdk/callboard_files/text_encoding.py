"""Find out how text is encoded: by what it says, else by a guess that is named as one."""

import codecs
import re
from dataclasses import dataclass, field
from pathlib import Path

import chardet
from callboard_files.document import Unreadable

BYTE_ORDER_MARKS = (
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe\0\0", "utf-32"),
    (b"\0\0\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
BINARY_BEGINNINGS = {
    b"PK\x03\x04": "a zip or an Excel workbook",
    b"\xd0\xcf\x11\xe0": "an old Office file",
    b"%PDF": "a PDF",
    b"\x1f\x8b": "a gzip file",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"GIF8": "a picture",
    b"SQLite format 3": "a database",
}
BLOCK = 1 << 20
GUESS_FROM = 200_000
# What Western European text has beyond ASCII, as cp1252 reads it.
WESTERN = re.compile(r"[\x00-\x7fÀ-ÖØ-öø-ÿŒœŠšŽžŸ‘’“”„‚–—…€•™«»°§©®·¿¡£¥½¼¾²³´±×ªº\u00a0]*")
INSIDE_WORD = re.compile(r"[A-Za-z][£¥°§©®·¿¡½¼¾²³±×€•™][A-Za-z]|[a-zß-öø-ÿ][À-ÖØ-ÞŠŽŸŒ]|[£¥][A-Za-zÀ-ÿ]")
# East Asian mail is ASCII with these signs, by which it changes between alphabets.
SHIFTED = re.compile(rb"\x1b\$[@B)]|\x1b\([BJ]")
# From this on chardet's word counts for more than the text's looking Western.
SURE = 0.1


@dataclass
class Decoded:
    """`warnings` are sentences; `encoding` is a name that Python knows."""

    content: str
    encoding: str
    warnings: list[str] = field(default_factory=list)


def beginning_of(source: Path, most: int) -> tuple[bytes, list[str]]:
    """At most so many bytes, up to a line's end, and a warning where the file has more."""
    with source.open("rb") as stream:
        raw = stream.read(most + 1)
    if len(raw) <= most:
        return raw, []
    end = raw.rfind(b"\n", 0, most) + 1 if b"\0" not in raw[:1000] else 0
    said = f"Only the first {most >> 20} MiB of the file were read."
    return raw[: end or most - most % 4], [said]


def decoded(raw: bytes, *, asked: str | None = None, declared: str | None = None) -> Decoded:
    """The text of `raw`: as asked, by its mark, as declared in it, as UTF-8, else by a guess.

    Raises Unreadable for what is no text and for an encoding that does not exist.
    """
    refuse_other_kinds(raw[:4096])
    encoding, warnings = chosen_encoding(
        raw[:GUESS_FROM], lambda each: fits(raw, each), asked=asked, declared=declared
    )
    content = raw.decode(encoding, "replace").removeprefix("\ufeff")
    refuse_binary(content)
    return Decoded(content, encoding.removesuffix("-sig"), warnings)


def encoding_of(source: Path, asked: str | None) -> tuple[str, list[str]]:
    """The same for a file that is too large to be held; returns the encoding and the warnings."""
    with source.open("rb") as stream:
        beginning = stream.read(GUESS_FROM)
        rare = beginning
        # The signs that tell one encoding from another may come late.
        while not any(byte > 127 for byte in rare) and (block := stream.read(BLOCK)):
            if high := re.search(rb"[\x80-\xff]", block):
                rare = beginning[: GUESS_FROM // 2] + block[max(0, high.start() - 200) :][:GUESS_FROM]
                break
    refuse_other_kinds(beginning[:4096])
    return chosen_encoding(rare, lambda each: file_fits(source, each), asked=asked, declared=None)


def chosen_encoding(beginning, is_valid, *, asked, declared):  # noqa: ANN001, ANN201
    """The encoding, and the warnings; `is_valid` tells whether the whole can be read by one."""
    if not beginning.strip():
        raise Unreadable("The file is empty.")
    if asked is not None:
        known_or_refuse(asked)
        wrong = f"Some characters cannot be read as {asked} and were replaced."
        return asked.lower(), [] if is_valid(asked) else [wrong]
    if known := marked_encoding(beginning):
        return known, []
    if declared and is_known(declared) and is_valid(declared):
        return declared.lower(), []
    if is_valid("utf-8") and not SHIFTED.search(beginning):
        return "utf-8", []
    encoding = guess(beginning, is_valid)
    return encoding, [
        f"The file does not say how it is encoded; {encoding} is a guess: give `encoding` if it is wrong."
    ]


def marked_encoding(beginning: bytes) -> str | None:
    """By the mark at the beginning, or by the zero bytes of encodings with wide signs."""
    for mark, encoding in BYTE_ORDER_MARKS:
        if beginning.startswith(mark):
            return encoding
    zeros = beginning.count(0)
    if zeros > len(beginning) // 2:
        return "utf-32-be" if beginning[0] == 0 else "utf-32-le"
    if zeros > len(beginning) // 4:
        little = beginning[1::2].count(0) > beginning[::2].count(0)
        return "utf-16-le" if little else "utf-16-be"
    return None


def guess(beginning: bytes, is_valid) -> str:  # noqa: ANN001
    """Western European where short text looks like it, else what chardet finds most likely."""
    found = chardet.detect(beginning)
    likely = found["encoding"] if found["encoding"] and is_known(found["encoding"]) else None
    western = beginning.decode("cp1252", "replace")
    looks_western = bool(WESTERN.fullmatch(western)) and not INSIDE_WORD.search(western)
    if looks_western and (found["confidence"] or 0) < SURE and is_valid("cp1252"):
        return "cp1252"
    if likely and is_valid(likely):
        return likely.lower()
    return next((each for each in ("cp1252",) if is_valid(each)), "latin-1")


def known_or_refuse(encoding: str) -> None:
    if not is_known(encoding):
        raise Unreadable(f"The encoding {encoding!r} is unknown.")


def is_known(encoding: str) -> bool:
    """Whether it is an encoding of text: `zip` and the like are codecs too."""
    try:
        "".encode(encoding)
    except (LookupError, ValueError):
        return False
    return True


def fits(raw: bytes, encoding: str) -> bool:
    try:
        raw.decode(encoding)
    except UnicodeError:
        return False
    return True


def file_fits(source: Path, encoding: str) -> bool:
    """Whether every byte can be read."""
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        with source.open("rb") as stream:
            while block := stream.read(BLOCK):
                decoder.decode(block)
            decoder.decode(b"", final=True)
    except UnicodeError:
        return False
    return True


def refuse_other_kinds(beginning: bytes) -> None:
    for mark, kind in BINARY_BEGINNINGS.items():
        if beginning.startswith(mark):
            raise Unreadable(f"The file is {kind}, not text.")


def refuse_binary(sample: str) -> None:
    """Text of any language has no NUL; a table dumped from a database may have a few."""
    if sample.count("\0") > len(sample) // 1000:
        raise Unreadable("The file is binary, not text.")
