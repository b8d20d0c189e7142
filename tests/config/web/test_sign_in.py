"""Who guesses passwords is slowed down: by name and address, on both pages, in all processes together."""

import re
from typing import Any

import httpx2
import pytest
from axes.models import AccessAttempt
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.utils import timezone
from pytest_django import Settings

from config.web.lockout import MOST_FAILURES, PAUSE, client_address
from config.web.sign_in import SLOWED
from spaces.models import Principal
from tests.executions.runs.live.server import running_server
from tests.factories import make_operator

PAGES = {"/sign-in": "/", "/admin/login/": "/admin/"}  # and where each leads
RIGHT, WRONG = "correct horse battery", "wrong-secret-word"
HERE, THERE = "192.0.2.7", "192.0.2.8"


@pytest.fixture
def operator(db: None) -> Principal:
    return make_operator()


def enter(
    page: str, password: str, *, name: str = "operator@example.com", address: str = HERE
) -> HttpResponse:
    """One attempt in a fresh browser."""
    form = {"username": name, "password": password, "next": PAGES[page]}
    answer: Any = Client(REMOTE_ADDR=address).post(page, form)
    return answer


def guess(page: str, times: int, **where: str) -> list[int]:
    """The statuses of so many wrong passwords."""
    return [enter(page, WRONG, **where).status_code for _ in range(times)]


@pytest.mark.parametrize("page", PAGES)
def test_after_some_wrong_passwords_even_the_right_one_has_to_wait(operator: Principal, page: str) -> None:
    assert guess(page, MOST_FAILURES) == [200] * (MOST_FAILURES - 1) + [429]

    refused = enter(page, RIGHT)

    assert refused.status_code == 429
    assert refused.headers["Retry-After"] == str(int(PAUSE.total_seconds()))
    assert SLOWED in refused.content.decode()
    assert "Please enter" not in refused.content.decode()


def test_both_pages_count_together(operator: Principal) -> None:
    guess("/sign-in", MOST_FAILURES)

    assert enter("/admin/login/", RIGHT).status_code == 429


def test_nobody_else_and_nowhere_else_is_slowed_down(operator: Principal) -> None:
    Principal.objects.create_superuser("other@example.com", RIGHT)

    guess("/sign-in", MOST_FAILURES)

    assert enter("/sign-in", RIGHT, name="other@example.com").status_code == 302
    assert enter("/sign-in", RIGHT, address=THERE).status_code == 302


def test_names_that_nobody_has_are_slowed_down_alike(operator: Principal) -> None:
    assert guess("/sign-in", MOST_FAILURES + 1, name="nobody@example.com")[-2:] == [429, 429]


def test_signing_in_forgets_the_wrong_passwords_before(operator: Principal) -> None:
    guess("/sign-in", MOST_FAILURES - 1)
    assert enter("/sign-in", RIGHT).status_code == 302

    assert guess("/sign-in", MOST_FAILURES - 1) == [200] * (MOST_FAILURES - 1)


def test_after_the_pause_one_may_try_again_whoever_went_on_guessing(operator: Principal) -> None:
    guess("/sign-in", MOST_FAILURES)
    AccessAttempt.objects.update(attempt_time=timezone.now() - PAUSE * 0.99)
    assert guess("/sign-in", 3) == [429] * 3

    AccessAttempt.objects.update(attempt_time=timezone.now() - PAUSE * 1.01)

    assert enter("/sign-in", RIGHT).status_code == 302
    assert not AccessAttempt.objects.exists()


def test_no_password_is_kept(operator: Principal) -> None:
    guess("/sign-in", 2)

    kept = AccessAttempt.objects.values().get()

    assert WRONG not in str(kept)
    assert kept["failures_since_start"] == 2


@pytest.mark.parametrize("name", ["x" * 5000 + "@example.com", "nul\0@example.com", "", "é" * 250])
def test_names_of_any_kind_are_refused_in_order(operator: Principal, name: str) -> None:
    assert set(guess("/sign-in", MOST_FAILURES - 1, name=name)) == {200}


@pytest.mark.django_db(transaction=True)
def test_all_web_processes_share_the_count() -> None:
    make_operator()

    with running_server() as server, httpx2.Client(base_url=server.url, timeout=120) as browser:
        page = browser.get("/sign-in").text
        found = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)
        assert found is not None
        form = {"username": "operator@example.com", "password": WRONG, "csrfmiddlewaretoken": found[1]}
        there = [browser.post("/sign-in", data=form).status_code for _ in range(MOST_FAILURES)]

    assert there[-2:] == [200, 429]
    assert enter("/sign-in", RIGHT, address="127.0.0.1").status_code == 429
    assert enter("/sign-in", RIGHT).status_code == 302


@pytest.mark.parametrize(
    ("remote", "forwarded", "expected"),
    [
        ("192.0.2.7", None, "192.0.2.7"),
        ("10.0.0.1", "192.0.2.7", "192.0.2.7"),
        ("10.0.0.1", "203.0.113.9, 192.0.2.7", "192.0.2.7"),
        ("10.0.0.1", "not an address", None),
        ("", None, None),
        ("2001:db8:1:2:3:4:5:6", None, "2001:db8:1:2::"),
        ("fe80::1%eth0", None, "fe80::"),
        ("::ffff:192.0.2.7", None, "192.0.2.7"),
    ],
)
def test_an_address_is_what_the_proxy_said_last(
    settings: Settings, remote: str, forwarded: str | None, expected: str | None
) -> None:
    settings.ENV = settings.ENV.model_copy(update={"trust_proxy": True})
    headers = {} if forwarded is None else {"X-Forwarded-For": forwarded}

    assert client_address(RequestFactory(headers=headers, REMOTE_ADDR=remote).get("/")) == expected


def test_without_trust_in_a_proxy_what_a_client_claims_is_ignored() -> None:
    request = RequestFactory(headers={"X-Forwarded-For": "203.0.113.9"}, REMOTE_ADDR="192.0.2.7").get("/")

    assert client_address(request) == "192.0.2.7"
