"""Read a piece of a file as text, politely refusing what is not text."""

import mimetypes
from typing import Any, BinaryIO

from executions.runner.tool_failure import ToolFailed

MAX_BYTES = 32 * 1024
MAX_CONTROL_SHARE = 0.02
_CONTROLS = frozenset(range(32)) - frozenset(b"\t\n\f\r\x1b")


def read_text(file: BinaryIO, path: str, offset: int) -> dict[str, Any]:
    """At most 32 KiB of the open file from byte `offset`, cut between characters; `path` is its name.

    UTF-8, or else Latin-1, which `encoding` says. `truncated` is true when there is more, and
    `next_offset` (bytes) says where. Raises ToolFailed for a binary file or an offset behind the end.
    """
    size = _size(file)
    if offset > size:
        raise ToolFailed(f"{path} has only {size} bytes")
    file.seek(offset)
    piece = file.read(MAX_BYTES)
    if _is_binary(piece):
        kind = mimetypes.guess_type(path)[0] or "unknown type"
        raise ToolFailed(f"{path} is a binary file ({kind}, {size} bytes); it cannot be read as text")
    text, used, encoding = _decoded(piece, at_end=offset + len(piece) >= size)
    following = offset + used
    return {
        "path": path,
        "text": text,
        "size_bytes": size,
        "encoding": encoding,
        "truncated": following < size,
        "next_offset": following if following < size else None,
    }


def _size(file: BinaryIO) -> int:
    return file.seek(0, 2)


def _is_binary(piece: bytes) -> bool:
    controls = sum(byte in _CONTROLS for byte in piece)
    return b"\0" in piece or controls > MAX_CONTROL_SHARE * len(piece)


def _decoded(piece: bytes, *, at_end: bool) -> tuple[str, int, str]:
    """The text, how many bytes it took, and the encoding."""
    try:
        return piece.decode("utf-8"), len(piece), "utf-8"
    except UnicodeDecodeError as error:
        # A character cut by the end of the piece belongs to the next one.
        if not at_end and error.start >= len(piece) - 3 and error.start > 0:
            return piece[: error.start].decode("utf-8"), error.start, "utf-8"
    return piece.decode("latin-1"), len(piece), "latin-1"
