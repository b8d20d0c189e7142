"""Where a script finds what it was started with, and the socket to say messages to."""

from dataclasses import dataclass
from pathlib import Path

FOLDER = "/run/callboard"


@dataclass(frozen=True)
class Channel:
    """`start` is what every process of the script may read; `socket` is a path outside."""

    start: bytes
    socket: Path
