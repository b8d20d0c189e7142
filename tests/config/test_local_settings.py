"""The test settings stand on a real PostgreSQL with a database of this run's own."""

import os

import pytest
from django.db import connection


@pytest.mark.django_db
def test_a_run_has_a_database_of_its_own() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_database(), current_setting('server_version_num')::int")
        name, version = cursor.fetchone()

    assert name.startswith(f"test_callboard_{os.environ['CALLBOARD_TEST_RUN']}")
    assert version >= 150000
