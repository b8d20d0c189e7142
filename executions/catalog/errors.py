"""Why a skill bundle is not taken."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Self


@dataclass(frozen=True, slots=True)
class BundleProblem:
    """One thing that is wrong with a bundle.

    `path` names the offender: a key of the front matter such as `metadata.inputs.properties.x`, or a file
    of the bundle; it is empty when the bundle as a whole is meant. `mend` holds the lines that would put it
    right, empty where only its author can know them.
    """

    reason: str
    path: str = ""
    mend: str = ""

    def __str__(self) -> str:
        told = f"{self.path}: {self.reason}" if self.path else self.reason
        lines = "".join(f"\n      {line}" for line in self.mend.splitlines())
        return f"{told}\n    write:{lines}" if self.mend else told


class BundleRefused(ValueError):
    """The bundle is not a valid skill; `problems` are all that were found, and there is at least one."""

    def __init__(self, reason: str, path: str = "", mend: str = "") -> None:
        self._tell((BundleProblem(reason, path, mend),))

    @classmethod
    def for_all(cls, problems: Sequence[BundleProblem]) -> Self:
        refused = cls("")
        refused._tell(tuple(problems))
        return refused

    @property
    def reason(self) -> str:
        """Of the first problem."""
        return self.problems[0].reason

    @property
    def path(self) -> str:
        """Of the first problem."""
        return self.problems[0].path

    def _tell(self, problems: tuple[BundleProblem, ...]) -> None:
        self.problems = problems
        self.args = ("\n".join(map(str, problems)),)


class BundleTooLarge(BundleRefused):
    """A bound of the whole bundle is passed."""


@dataclass(slots=True)
class Findings:
    """What is found while a bundle is read: its problems, and notes on what is taken with a difference."""

    problems: list[BundleProblem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def read[T](self, reader: Callable[[], T], otherwise: T) -> T:
        """What the reader gives; `otherwise` where it refuses, which becomes a problem."""
        try:
            return reader()
        except BundleRefused as refused:
            self.problems += refused.problems
            return otherwise

    def require_none(self) -> None:
        """Raises BundleRefused with every problem."""
        if self.problems:
            raise BundleRefused.for_all(self.problems)


class BundleTampered(ValueError):
    """The stored bundle is not the one that was imported."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"{self.__doc__} {reason}")
        self.reason = reason
