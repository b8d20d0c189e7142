"""How a run can end, as a runner says it to the worker."""

from typing import Any


class RunFailed(Exception):
    """The run is over without a result.

    `reason` is one of the failure reasons of `executions.models.FailureReason`;
    `error` is what the API shows: `type`, `message` and whatever details help. Another attempt makes no sense
    unless it `may_pass`, and none before `retry_after` seconds are over.
    """

    def __init__(
        self, reason: str, message: str, *, may_pass: bool = True, retry_after: float = 0.0, **details: Any
    ) -> None:
        super().__init__(message)
        self.reason = reason
        self.may_pass = may_pass
        self.retry_after = retry_after
        self.error: dict[str, Any] = {"type": reason, "message": message, **details}
