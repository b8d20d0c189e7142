"""Data that other processes can see, and workers that work on it, as for skill executions."""

from tests.worker.conftest import _django_db_helper, bench, committed, shared_worker, traces

__all__ = ["_django_db_helper", "bench", "committed", "shared_worker", "traces"]
