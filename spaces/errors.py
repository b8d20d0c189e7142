"""What can be wrong with a request, in the words of the domain.

Doors never build HTTP errors by hand: `config.errors.handler` maps each of these to an answer once.
"""

from typing import Any, Self

from spaces.phrases import refusal_of


class DomainError(Exception):
    """Something in the request cannot be done."""

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or self.__doc__)

    @property
    def message(self) -> str:
        return str(self)


class NotFound(DomainError):
    """Not found."""


class NotPermitted(DomainError):
    """This key or role does not permit that."""


class Conflict(DomainError):
    """The request contradicts what is already recorded."""


class AlreadyExists(Conflict):
    """Something else has that name already."""


class NotReady(Conflict):
    """Things are not in a state in which that is possible."""


class IllegalMove(NotReady):
    """The row is not in a state from which that is possible.

    `wanted` is the state that it cannot reach, or what somebody wants done: `retried`.
    """

    def __init__(self, noun: str, current: str, wanted: str) -> None:
        super().__init__(refusal_of(noun, current, wanted))
        self.current = current
        self.wanted = wanted


class Unimplemented(DomainError):
    """This is not built."""


class TooMany(DomainError):
    """There are as many as there may be."""


class TooLarge(DomainError):
    """The content is larger than allowed."""


class Invalid(DomainError):
    """One or more fields of the request are wrong.

    `problems` is a list of {"loc": [...], "msg": str, "type": str, "input": value}.
    """

    def __init__(self, problems: list[dict[str, Any]]) -> None:
        super().__init__("; ".join(str(problem["msg"]) for problem in problems))
        self.problems = problems

    @classmethod
    def field(cls, *loc: str | int, msg: str, kind: str = "value_error", value: Any = None) -> Self:
        """One wrong field; `loc` is its path from `body`, `path`, `query` or `header` on."""
        return cls([{"loc": list(loc), "msg": msg, "type": kind, "input": value}])


class Malformed(Invalid):
    """The same of a request that cannot be understood: nothing of it was looked up."""
