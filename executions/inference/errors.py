"""How a model request can end without a reply."""

import uuid
from dataclasses import dataclass

from executions.inference.interface import Spending


class ModelError(Exception):
    """The model gave no reply.

    `spending` is what the request cost all the same, an estimate, or None if nothing was spent.
    """

    def __init__(self, message: str, *, spending: Spending | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.spending = spending


@dataclass(frozen=True)
class Limited:
    """Whom a provider means by its limit: all who ask as this one.

    `identity` is what `credentials.identity_of` gives; `key_id` is of the workspace's provider key, None for
    the deployment's own.
    """

    identity: str
    key_id: uuid.UUID | None


class ModelUnavailable(ModelError):
    """Asking again may help: overloaded, rate limited, timed out, cut off.

    `retry_after` is the wait in seconds that the provider asked for, if it did. `limited` says whom it means
    beside this request.
    """

    def __init__(
        self,
        message: str,
        *,
        spending: Spending | None = None,
        retry_after: float | None = None,
        limited: Limited | None = None,
    ) -> None:
        super().__init__(message, spending=spending)
        self.retry_after = retry_after
        self.limited = limited


class ModelHeldBack(ModelUnavailable):
    """The provider was not asked: it had told another request with the same credential to come back later."""


class ModelRefused(ModelError):
    """Asking again will not help: a bad key, an unknown model, a request that is not accepted.

    `may_be_content` means that another content might be accepted.
    """

    def __init__(
        self, message: str, *, spending: Spending | None = None, may_be_content: bool = False
    ) -> None:
        super().__init__(message, spending=spending)
        self.may_be_content = may_be_content


class ModelTooLong(ModelRefused):
    """The request is longer than what the model can read; a shorter one might be accepted.

    `share` is how much of it might be, as far as the provider says so.
    """

    def __init__(
        self,
        message: str,
        *,
        spending: Spending | None = None,
        may_be_content: bool = False,
        share: float = 0.5,
    ) -> None:
        super().__init__(message, spending=spending, may_be_content=may_be_content)
        self.share = share


class ModelSilent(ModelError):
    """The answer holds neither text nor tool calls; asking once more may help.

    `finish_reason` is why it ended, in the words of `ModelReply`.
    """

    def __init__(self, message: str, *, spending: Spending, finish_reason: str) -> None:
        super().__init__(message, spending=spending)
        self.finish_reason = finish_reason


class ModelQuotaSpent(ModelRefused):
    """The account at the provider is used up: asking again helps once somebody has filled it."""


class ModelStopped(ModelError):
    """The request was cancelled through its stop signal."""
