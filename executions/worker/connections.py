"""How a worker process connects to PostgreSQL."""

from django.db import connections


def keep_connections_open() -> None:
    """Give each thread a connection of its own that stays open, instead of one from a pool.

    A worker has few threads and they live long; a connection that is there already is what makes a run start
    fast. A server that is gone is noticed within seconds, so that leases are given up in time.
    To be called before the process's first query.
    """
    connections.close_all()
    for alias in connections:
        if connections[alias].vendor != "postgresql":
            continue
        options = connections.settings[alias]["OPTIONS"]
        options.pop("pool", None)
        limits = {"connect_timeout": 5, "tcp_user_timeout": 5000, "keepalives_idle": 5}
        for name, value in limits.items():
            options.setdefault(name, value)
        connections.settings[alias]["CONN_MAX_AGE"] = None
        connections.settings[alias]["CONN_HEALTH_CHECKS"] = True
        del connections[alias]
