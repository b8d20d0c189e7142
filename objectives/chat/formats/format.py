"""What every format of a turn has: its headers, and how it writes pieces."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from copy import copy
from typing import ClassVar, Self

from objectives.chat.pieces import Piece
from objectives.ids import Json


class StreamFormat(ABC):
    """One stream's writer; its attributes are values that are never changed in place, so copies are cheap."""

    headers: ClassVar[Mapping[str, str]]
    silence: ClassVar[bytes] = b": still here\n\n"

    def __init__(self, thread_id: str) -> None:
        self.thread_id = thread_id

    def copy(self) -> Self:
        return copy(self)

    def opening(self, notes: Iterable[tuple[str, Json]]) -> bytes:
        """What stands before all pieces; `notes` are names and facts about the thread."""
        return b""

    @abstractmethod
    def write(self, pieces: Iterable[Piece], number: int) -> bytes:
        """The pieces of the event with this number."""

    def closing(self) -> bytes:
        """What stands after all pieces."""
        return b""
