"""The one error of the embedded PostgreSQL, written for the person who started it."""


class PostgresUnavailable(RuntimeError):
    """No embedded PostgreSQL can run here; the message says what to change."""
