"""One web process for all live tests, on the database that these tests write to.

It ends with the folder: it sweeps, and would look after what other tests leave alone on purpose.
"""

import os
from collections.abc import Iterator

import pytest
from django.conf import settings
from pytest_django import DjangoDbBlocker

from config.management.commands.web import DEFAULT_SERVER
from executions.runs import wakeups
from tests.executions.runs.live.server import Server, database_url, running_server


@pytest.fixture(scope="package")
def _wakeups_here(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Have this process send its wake-ups to the test database, where the server listens."""
    before = settings.LISTEN_URL
    with django_db_blocker.unblock():
        settings.LISTEN_URL = database_url()
    wakeups._senders.clear()
    yield
    settings.LISTEN_URL = before
    for sender in wakeups._senders.values():
        sender.drain(5)
        sender._carrier._connection and sender._carrier._connection.close()
    wakeups._senders.clear()


@pytest.fixture(scope="package")
def server(_wakeups_here: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Server]:
    """The default, or what `ASGI_SERVER` names."""
    asgi_server = os.environ.get("ASGI_SERVER", DEFAULT_SERVER)
    with django_db_blocker.unblock(), running_server(asgi_server) as found:
        yield found


@pytest.fixture
def disconnects() -> int:
    """How often a client breaks off in the test of random disconnects; `LIVE_DISCONNECTS=1000` for a soak."""
    return int(os.environ.get("LIVE_DISCONNECTS", "100"))
