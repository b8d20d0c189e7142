"""How long a provider wants to be left alone, in all the ways in which they say so."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from pydantic_ai.exceptions import ModelConnectionError, ModelHTTPError

from executions.inference.errors import ModelUnavailable
from executions.inference.retry_after import LONGEST_SECONDS, asked_wait
from tests.executions.inference.asking import ask, compatible, make_request
from tests.executions.inference.provider_server import Answer, serving


def said(**headers: str) -> float | None:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return asked_wait(ModelHTTPError(429, "m", headers=named))


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry_after": "7"}, 7),
        ({"retry_after": "7.5"}, 7.5),
        ({"retry_after": " 7 "}, 7),
        ({"retry_after_ms": "1500"}, 1.5),
        ({"retry_after_ms": "1500", "retry_after": "60"}, 60),
        ({"retry_after": "0"}, None),
        ({"retry_after": "-5"}, None),
        ({"retry_after": "nan"}, None),
        ({"retry_after": "soon"}, None),
        ({"retry_after": ""}, None),
        ({}, None),
        ({"retry_after": "9" * 400}, LONGEST_SECONDS),
        ({"retry_after": "Fri, 31 Dec 9999 23:59:59 GMT"}, LONGEST_SECONDS),
    ],
)
def test_what_headers_say(headers: dict[str, str], seconds: float | None):
    assert said(**headers) == seconds


def test_a_date_is_counted_from_now():
    at = datetime.now(UTC) + timedelta(seconds=90)

    assert 85 < (said(retry_after=format_datetime(at, usegmt=True)) or 0) <= 90


def test_a_connection_that_failed_says_nothing():
    assert asked_wait(ModelConnectionError("m", "refused")) is None


def test_a_fraction_of_a_second_arrives_through_the_client():
    limited = Answer(429, {"Retry-After": "12.5"}, {"error": {"message": "Slow down"}})
    with serving(limited) as server, pytest.raises(ModelUnavailable) as raised:
        ask(make_request(model=compatible(server.url)))

    assert raised.value.retry_after == 12.5
    assert len(server.received) == 1
