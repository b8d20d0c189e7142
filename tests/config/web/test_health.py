"""Alive is a matter of this process, ready one of the database and its migrations."""

from datetime import timedelta

import pytest
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone

from executions.models import WorkerNode


def seen(host, ago):
    now = timezone.now()
    return WorkerNode.objects.create(
        host=host, pid=7, concurrency=4, started_at=now - timedelta(hours=1), seen_at=now - ago
    )


def test_alive_asks_nobody(client):
    response = client.get("/healthz")

    assert (response.status_code, response.json()) == (200, {"status": "alive"})
    assert response["Cache-Control"] == "no-store"


@pytest.mark.django_db
def test_ready_counts_the_workers_lately_seen_and_names_none(client):
    client.get("/readyz")  # the first one reads all migrations, which takes a slow machine its time
    seen("lately", timedelta(seconds=1))
    seen("long gone", timedelta(seconds=20))

    response = client.get("/readyz")

    assert (response.status_code, response.json()) == (200, {"status": "ready", "workers": 1})


@pytest.mark.django_db
def test_no_worker_is_no_reason_to_turn_requests_away(client):
    response = client.get("/readyz")

    assert (response.status_code, response.json()["workers"]) == (200, 0)


@pytest.mark.django_db
def test_a_missing_migration_is_a_503_that_counts_it(client):
    MigrationRecorder(connection).record_unapplied("sessions", "0001_initial")

    response = client.get("/readyz")

    assert response.status_code == 503
    assert response.json() == {"status": "migrations are missing", "missing": 1}


@pytest.mark.django_db(transaction=True)
def test_no_database_is_a_503(client):
    connection.close()
    before = connection.settings_dict["PORT"]
    connection.settings_dict["PORT"] = 1
    try:
        response = client.get("/readyz")
    finally:
        connection.settings_dict["PORT"] = before

    assert response.status_code == 503
    assert response.json() == {"status": "the database does not answer"}
    assert client.get("/healthz").status_code == 200


@pytest.mark.django_db(transaction=True)
def test_the_api_says_503_while_the_database_is_away(client):
    connection.close()
    before = connection.settings_dict["PORT"]
    connection.settings_dict["PORT"] = 1
    try:
        path = "/v1/spaces/01a203d7-a422-7298-af07-d721b3287b2b/tools"
        response = client.get(path, headers={"X-API-Key": "cb_0123456789ab_secret"})
    finally:
        connection.settings_dict["PORT"] = before

    assert response.status_code == 503
    assert response.json() == {"detail": "The database does not answer. Try again."}
    assert response["Retry-After"] == "1"


def test_other_methods_are_refused(client):
    assert client.post("/healthz").status_code == 405
