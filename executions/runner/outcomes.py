"""How a run can end, as a runner says it to the worker."""

from typing import Any


class RunFailed(Exception):
    """The run is over without a result.

    `reason` is one of the failure reasons of `executions.models.FailureReason`;
    `error` is what the API shows: `type`, `message` and whatever details help.
    """

    def __init__(self, reason: str, message: str, **details: Any) -> None:
        super().__init__(message)
        self.reason = reason
        self.error: dict[str, Any] = {"type": reason, "message": message, **details}
