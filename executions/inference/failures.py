"""What a provider's failure means to us, said without a secret in it."""

import re
from typing import Any

import httpx2
from botocore.exceptions import (
    BotoCoreError,
    ConnectionError as AwsConnectionError,
    HTTPClientError,
    MetadataRetrievalError,
)
from google.auth.exceptions import GoogleAuthError, TransportError
from pydantic import ValidationError
from pydantic_ai.exceptions import (
    AgentRunError,
    ContentFilterError,
    ModelAPIError,
    ModelAuthenticationError,
    ModelConnectionError,
    ModelContextWindowExceededError,
    ModelHTTPError,
    ModelQuotaExceededError,
    ModelRateLimitError,
    ModelRequestRejectedError,
    ModelRequestTimeout,
    ModelServerError,
    ModelTimeoutError,
    ModelUnavailableError,
    UserError,
)

from executions.inference.choices import ModelChoice
from executions.inference.credentials import identity_of, redaction_for
from executions.inference.errors import (
    Limited,
    ModelError,
    ModelQuotaSpent,
    ModelRefused,
    ModelTooLong,
    ModelUnavailable,
)
from executions.inference.interface import Spending
from executions.inference.retry_after import asked_wait

LIBRARY_ERRORS = (
    AgentRunError,
    UserError,
    httpx2.HTTPError,
    # What the clients of AWS and Google raise of their own; Google's also reads answers into models.
    BotoCoreError,
    GoogleAuthError,
    ValidationError,
)
"""Everything that a model request may raise on the provider's account."""

# A 429 that means an empty account is a ModelQuotaExceededError: waiting does not help.
_FINAL = (UserError, ContentFilterError, ModelQuotaExceededError, ModelRequestRejectedError, BotoCoreError)
_PASSING = (ModelRateLimitError, ModelUnavailableError, ModelServerError)
# Ways of their own in which the clouds' clients do not reach anybody.
_UNREACHED = (HTTPClientError, AwsConnectionError, MetadataRetrievalError, TransportError)
_PASSING_STATUS = frozenset({408, 409, 425, 429})
# 404 too: a router has no provider of the model that takes pictures.
_CONTENT_STATUS = frozenset({400, 404, 413, 415, 422})
_NUMBER = re.compile(r"\b\d{1,3}(?:[,_]\d{3})+\b|\b\d+\b")
_LEAST_WINDOW = 1000  # tokens; smaller numbers are statuses
_USUAL_SHARE = 0.5
_TOO_LARGE = 413
_TOO_MANY = 429
_OVERLOADED = frozenset({503, 529})
_TOO_LONG = re.compile(
    r"context[ _](?:length|window|size)|(?:prompt|input|request|messages?) (?:is|are) too (?:long|large)"
    r"|too many (?:input )?tokens|token (?:limit|count)\b.{0,40}\bexceed"
    r"|exceeds?\b.{0,60}\btokens?\b|maximum (?:number of )?(?:input )?tokens|reduce the length",
    re.IGNORECASE,
)
# Also what a service account signs, which is not among the choice's own credentials.
_TOKEN = re.compile(r"\b(?:sk|pk|key|Bearer)[-_ ][\w*.-]{6,}|\beyJ[\w-]{6,}(?:\.[\w-]+)*", re.IGNORECASE)
_MAX_DETAIL = 300


def model_error(error: Exception, choice: ModelChoice, spending: Spending | None) -> ModelError:
    """Our error for one of LIBRARY_ERRORS; `spending` is what the broken request had cost."""
    message = _message(error, choice)
    if _may_pass(error):
        wait = asked_wait(error)
        limited = Limited(identity_of(choice), choice.key_id) if _is_limit(error, wait) else None
        return ModelUnavailable(message, spending=spending, retry_after=wait, limited=limited)
    if isinstance(error, ModelQuotaExceededError):
        return ModelQuotaSpent(message, spending=spending)
    if _is_too_long(error):
        may_be_content, share = _may_be_content(error), _share_allowed(message)
        return ModelTooLong(message, spending=spending, may_be_content=may_be_content, share=share)
    return ModelRefused(message, spending=spending, may_be_content=_may_be_content(error))


def _may_pass(error: Exception) -> bool:
    if isinstance(error, _UNREACHED):
        return True
    if isinstance(error, _FINAL):
        return False
    if isinstance(error, GoogleAuthError):
        return bool(error.retryable)
    if isinstance(error, ModelHTTPError) and not isinstance(error, _PASSING):
        return error.status_code in _PASSING_STATUS or error.status_code >= 500
    # What is left is a connection that broke or an answer that makes no sense.
    return True


def _is_limit(error: Exception, wait: float | None) -> bool:
    """Whether the provider means all requests of a credential, and not this one alone."""
    if not isinstance(error, ModelHTTPError):
        return False
    return error.status_code == _TOO_MANY or (error.status_code in _OVERLOADED and wait is not None)


def _is_too_long(error: Exception) -> bool:
    """The library knows the words of most providers; a 413 says it without any."""
    if isinstance(error, ModelContextWindowExceededError):
        return True
    if not isinstance(error, ModelHTTPError) or error.status_code not in _CONTENT_STATUS:
        return False
    return error.status_code == _TOO_LARGE or bool(_TOO_LONG.search(f"{error.message} {error.body}"))


def _share_allowed(message: str) -> float:
    """How much of a request is not too long: providers name the limit and what it was, in any order."""
    numbers = {int(re.sub("[,_]", "", number)) for number in _NUMBER.findall(message)}
    large = sorted(number for number in numbers if number >= _LEAST_WINDOW)
    return large[0] / large[-1] if len(large) > 1 else _USUAL_SHARE


def _may_be_content(error: Exception) -> bool:
    return (
        isinstance(error, ModelHTTPError)
        and not isinstance(error, ModelQuotaExceededError)
        and error.status_code in _CONTENT_STATUS
    )


def _message(error: Exception, choice: ModelChoice) -> str:
    return f"{choice.provider} ({choice.name}): {_reason(error, choice)}"


def _reason(error: Exception, choice: ModelChoice) -> str:
    match error:
        case ModelRequestTimeout():
            reason = f"no complete answer within {error.timeout:g} seconds"
        case ModelTimeoutError():
            reason = "silent for too long"
        case ModelConnectionError() | httpx2.HTTPError():
            reason = "the connection failed"
        case ModelAuthenticationError():
            # A provider that refuses a key likes to quote it.
            reason = "the key was refused"
        case ModelHTTPError():
            reason = f"answered {error.status_code}: {_detail(error, choice)}"
        case BotoCoreError() | GoogleAuthError():
            # Their words may repeat what was to be sent, and name files of this machine.
            reason = f"the request could not be made ({type(error).__name__})"
        case ModelAPIError() | UserError():
            reason = _redacted(error.message, choice)
        case _:
            reason = "the answer could not be understood"
    return reason


def _detail(error: ModelHTTPError, choice: ModelChoice) -> str:
    body: Any = error.body
    if isinstance(body, dict):
        inner = body.get("error") or body.get("Error") or body  # AWS's library writes members large
        members = ("message", "Message", "detail")
        said = [inner.get(member) for member in members] if isinstance(inner, dict) else [inner]
        body = next(filter(None, said), None)
    if isinstance(body, list):  # as servers write it that check a request against a schema
        body = "; ".join(str(one.get("msg") if isinstance(one, dict) else one) for one in body)
    text = body if isinstance(body, str) else error.provider_error_code or "no reason given"
    return _redacted(text, choice)


def _redacted(text: str, choice: ModelChoice) -> str:
    return _TOKEN.sub("[key]", redaction_for(choice).of_text(text))[:_MAX_DETAIL]
