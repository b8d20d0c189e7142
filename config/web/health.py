"""Is this process alive, and is the deployment ready to work."""

from datetime import timedelta
from functools import cache
from typing import Any

from django.db import DatabaseError, connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.db.models import DateTimeField, Func
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe

from executions.models import WorkerNode

SEEN_WITHIN = timedelta(seconds=15)


class DatabaseNow(Func):
    """The database's clock, which workers write themselves in by."""

    template = "clock_timestamp()"
    output_field = DateTimeField()


@require_safe
def alive(_request: HttpRequest) -> HttpResponse:
    """200 as long as this process answers; asks nobody else."""
    return _uncached({"status": "alive"})


@require_safe
def ready(_request: HttpRequest) -> HttpResponse:
    """200 where the database answers and every migration is applied, else 503 with how many are missing.

    Anybody may ask, so it counts and names nothing: the admin shows the workers, and `manage.py migrate
    --plan` what is missing. `workers` were seen within 15 seconds; none is no reason for a 503, since a web
    process takes requests without any.
    """
    try:
        missing = _known_migrations() - set(MigrationRecorder(connection).applied_migrations())
        if missing:
            return _uncached({"status": "migrations are missing", "missing": len(missing)}, 503)
        return _uncached({"status": "ready", "workers": _workers()})
    except DatabaseError:
        return _uncached({"status": "the database does not answer"}, 503)


@cache
def _known_migrations() -> set[tuple[str, str]]:
    """Those of the code as this process runs it, read from disk once; those that others replace left out."""
    return set(MigrationLoader(None, ignore_no_migrations=True).graph.nodes)


def _workers() -> int:
    return WorkerNode.objects.filter(seen_at__gt=DatabaseNow() - SEEN_WITHIN).count()


def _uncached(body: dict[str, Any], status: int = 200) -> HttpResponse:
    return JsonResponse(body, status=status, headers={"Cache-Control": "no-store"})
