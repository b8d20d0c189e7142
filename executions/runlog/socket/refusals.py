"""Why a frame is refused or a subscription ends, in the codes of the socket."""

from spaces.errors import DomainError, Invalid, NotFound, NotPermitted


class Refused(Exception):
    """A frame is understood and not followed; `code` is one of `frames.ERROR_CODES`."""

    def __init__(self, code: str, detail: str, *, field: str | None = None) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.field = field


def refusal(error: Exception) -> Refused:
    """What a failure is to the client."""
    if isinstance(error, Invalid):
        return Refused("invalid", error.message, field=str(error.problems[0]["loc"][-1]))
    if isinstance(error, NotPermitted):
        return Refused("not_permitted", error.message)
    if isinstance(error, NotFound):
        return Refused("not_found", error.message)
    if isinstance(error, DomainError):
        return Refused("invalid", error.message)
    return Refused("unavailable", "The database could not be asked; try again.")
