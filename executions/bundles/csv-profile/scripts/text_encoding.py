"""Find out how a text file is encoded, without holding it in memory."""

import codecs
from pathlib import Path

BYTE_ORDER_MARKS = (
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe\0\0", "utf-32"),
    (b"\0\0\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
BINARY_BEGINNINGS = {
    b"PK\x03\x04": "a zip or an Excel workbook",
    b"%PDF": "a PDF",
    b"\x1f\x8b": "a gzip file",
    b"\x89PNG": "a picture",
    b"SQLite format 3": "a database",
}
BLOCK = 1 << 20


class Unreadable(Exception):
    """The file is no delimited text."""


def choose_encoding(source: Path, asked: str | None) -> tuple[str, list[tuple[str, str]]]:
    """The encoding to read `source` with, and (code, message) of what is wrong with it.

    Without one asked for: by the mark at the beginning, by the zero bytes of UTF-16, UTF-8 where
    it is valid, else Western European. Raises Unreadable for empty and for binary files.
    """
    with source.open("rb") as stream:
        beginning = stream.read(4096)
    if not beginning.strip():
        raise Unreadable("The file is empty.")
    for mark, kind in BINARY_BEGINNINGS.items():
        if beginning.startswith(mark):
            raise Unreadable(f"The file is {kind}, not delimited text.")
    if asked is None:
        return detect(source, beginning), []
    try:
        fits = is_valid(source, asked)
    except LookupError:
        raise Unreadable(f"The encoding {asked!r} is unknown.") from None
    wrong = f"Some characters cannot be read as {asked} and were replaced."
    return asked.lower(), [] if fits else [("undecodable", wrong)]


def detect(source: Path, beginning: bytes) -> str:
    for mark, encoding in BYTE_ORDER_MARKS:
        if beginning.startswith(mark):
            return encoding
    if beginning.count(0) > len(beginning) // 4:
        little = beginning[1::2].count(0) > beginning[::2].count(0)
        return "utf-16-le" if little else "utf-16-be"
    return next((each for each in ("utf-8", "cp1252") if is_valid(source, each)), "latin-1")


def is_valid(source: Path, encoding: str) -> bool:
    """Whether every byte can be read; raises LookupError for an encoding that does not exist."""
    # A text encoding only: `zip` and the like are codecs too.
    "".encode(encoding)
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        with source.open("rb") as stream:
            while block := stream.read(BLOCK):
                decoder.decode(block)
            decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def refuse_binary(sample: str) -> None:
    """Text of any language has no NUL; a table dumped from a database may have a few."""
    if sample.count("\0") > len(sample) // 1000:
        raise Unreadable("The file is binary, not delimited text.")
