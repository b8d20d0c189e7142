"""What every test run needs at its end."""

import sys
from collections.abc import Iterator

import pytest
from django.db import connection
from django.test import TransactionTestCase
from hypothesis import HealthCheck, settings
from pytest_django import DjangoDbBlocker
from pytest_django.plugin import blocking_manager_key

from tests.databases import IS_KEPT, clone_database, drop_database, drop_templates
from tests.emptying import despite_deadlocks
from tests.skipping import pytest_make_collect_report, pytest_runtest_makereport

__all__ = ["pytest_make_collect_report", "pytest_runtest_makereport"]

# The same examples in every run, and no clock: a machine that does much else is slow, not wrong.
settings.register_profile(
    "steady", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("steady")

_LEFT = """
SELECT pg_terminate_backend(pid), application_name, state, left(query, 200) FROM pg_stat_activity
 WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
"""


@pytest.fixture(scope="session", autouse=True)
def _flush_again_after_a_deadlock() -> Iterator[None]:
    original = TransactionTestCase._fixture_teardown

    def flush(test: TransactionTestCase) -> None:
        despite_deadlocks(lambda: original(test))

    TransactionTestCase._fixture_teardown = flush  # type: ignore[method-assign]
    yield
    TransactionTestCase._fixture_teardown = original  # type: ignore[method-assign]


@pytest.fixture(scope="session")
def django_db_setup(
    django_test_environment: None, django_db_modify_db_settings: None, django_db_blocker: DjangoDbBlocker
) -> Iterator[None]:
    """The test database, in place of pytest-django's, which would migrate one.

    Who still uses it at the end is named and cut off, or it could not be dropped: processes that a test
    killed leave sessions that PostgreSQL notices only when it next writes to them.
    """
    with django_db_blocker.unblock():
        before = clone_database(connection.settings_dict["TEST"]["NAME"])
    yield
    with django_db_blocker.unblock():
        with connection.cursor() as cursor:
            cursor.execute(_LEFT)
            for _, name, state, query in cursor.fetchall():
                sys.stderr.write(f"A session was left: {name or 'unnamed'}, {state}: {query}\n")
        drop_database(before)


def pytest_unconfigure(config: pytest.Config) -> None:
    """The last of a run, behind its workers: only the embedded server keeps what is cloned."""
    if not hasattr(config, "workerinput") and not IS_KEPT:
        with config.stash[blocking_manager_key].unblock():
            drop_templates()
