"""System checks that refuse a half-configured deployment, each with a sentence that says what to do.

They run before every command that starts something, `check --deploy` also asks the database.
"""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
from django.conf import settings
from django.core.checks import CheckMessage, Error, register
from django.core.files.storage import storages

from executions.inference.choices import ModelChoiceInvalid, read_choices
from spaces.file_storage import StorageUnavailable
from spaces.throttling import parse_rate

MIN_POSTGRESQL = 150_000
MIN_SECRET_LENGTH = 50
POOLER_PORTS = {6432, 6543}
POOLER_NAMES = ("pgbouncer", "pooler", "pgcat", "odyssey")


def register_checks() -> None:
    """Called once, when the app is ready."""
    register(check_environment)
    register(check_reachable, deploy=True)


def check_environment(**_: Any) -> list[CheckMessage]:
    """What the settings alone tell."""
    parts = (_variables, _secret, _hosts, _database, _storage, _folders, _models, _others)
    return [message for part in parts for message in part()]


def check_reachable(**_: Any) -> list[CheckMessage]:
    """What only the database and the bucket themselves tell."""
    found: list[CheckMessage] = [*_bucket()]
    if not _is_postgresql():
        return found
    for name, url in {
        "DATABASE_URL": settings.DATABASE_URL,
        "DATABASE_LISTEN_URL": settings.LISTEN_URL,
    }.items():
        try:
            with psycopg.connect(url, connect_timeout=5) as connection:
                version = connection.info.server_version
        except psycopg.OperationalError as error:
            found.append(_error(20, f"{name} does not lead to a database: {str(error).strip()}"))
            continue
        if version < MIN_POSTGRESQL:
            found.append(_error(21, f"{name} leads to PostgreSQL {version // 10000}; 15 or newer is needed."))
    return found


def _bucket() -> Iterator[Error]:
    kept = storages["blobs"]
    if not hasattr(kept, "require"):
        return
    try:
        kept.require()
    except StorageUnavailable as error:
        yield _error(22, f"S3_BUCKET cannot be used: {error}.")


def _error(number: int, message: str, hint: str | None = None) -> Error:
    return Error(message, hint=hint, id=f"callboard.E{number:03}")


def _variables() -> Iterator[Error]:
    for name, message in settings.ENV_PROBLEMS.items():
        yield _error(1, f"The environment variable {name} cannot be used: {message}.")


def _secret() -> Iterator[Error]:
    key = settings.ENV.secret_key.get_secret_value() if settings.ENV.secret_key else ""
    hint = 'Make one with: python3 -c "import secrets; print(secrets.token_urlsafe(50))"'
    if settings.IS_LOCAL and not key:
        return
    if not key:
        yield _error(2, "SECRET_KEY is not set. It signs sessions and download links.", hint)
    elif len(key) < MIN_SECRET_LENGTH or len(set(key)) < 5:
        yield _error(2, f"SECRET_KEY is too easy to guess: it needs {MIN_SECRET_LENGTH} characters.", hint)


def _hosts() -> Iterator[Error]:
    if not settings.ALLOWED_HOSTS:
        yield _error(
            3,
            "ALLOWED_HOSTS is not set: every request would be refused.",
            "Name the hosts that clients use, separated by commas: ALLOWED_HOSTS=callboard.example.com",
        )
    elif "*" in settings.ALLOWED_HOSTS and not settings.IS_LOCAL:
        yield _error(
            4, "ALLOWED_HOSTS is `*`: anybody could put another host into the links that Callboard makes."
        )
    for origin in settings.ALLOWED_ORIGINS:
        parts = urlsplit(origin)
        if parts.scheme not in {"http", "https"} or not parts.netloc or parts.path or parts.query:
            yield _error(
                5, f"ALLOWED_ORIGINS holds {origin!r}, which is no origin such as https://app.example.com."
            )


def _database() -> Iterator[Error]:
    url, hint = settings.DATABASE_URL, "DATABASE_URL=postgresql://user:password@host:5432/name"
    if not url:
        yield _error(6, "DATABASE_URL is not set. Everything that Callboard knows is kept there.", hint)
        return
    if not _is_postgresql():
        yield _error(7, "DATABASE_URL is not the address of a PostgreSQL database.", hint)
        return
    if settings.ENV.database_listen_url is None and leads_to_pooler(url):
        yield _error(
            8,
            "DATABASE_URL seems to lead to a connection pooler, through which no wake-up can be received.",
            "Set DATABASE_LISTEN_URL to the database itself (to the same address if there is no pooler).",
        )


def leads_to_pooler(url: str) -> bool:
    """Whether a database's address looks like that of a connection pooler, by its port or its name."""
    parts = urlsplit(url)
    return parts.port in POOLER_PORTS or any(name in (parts.hostname or "") for name in POOLER_NAMES)


def _is_postgresql() -> bool:
    return bool(settings.DATABASES["default"].get("ENGINE") == "django.db.backends.postgresql")


def _storage() -> Iterator[Error]:
    env = settings.ENV
    if not env.s3_bucket and (env.s3_endpoint_url or env.s3_region):
        yield _error(
            9, "S3_ENDPOINT_URL or S3_REGION is set without S3_BUCKET: files would go to a local folder."
        )
    if not env.s3_bucket and env.s3_signed_links:
        yield _error(17, "S3_SIGNED_LINKS is set without S3_BUCKET: a folder hands out no links.")
    if env.s3_endpoint_url and urlsplit(env.s3_endpoint_url).scheme not in {"http", "https"}:
        yield _error(18, "S3_ENDPOINT_URL must begin with http:// or https://.")
    if env.s3_bucket and len(env.s3_bucket) not in range(3, 64):
        yield _error(10, "S3_BUCKET must be 3 to 63 characters long.")


def _folders() -> Iterator[Error]:
    folders = {"RUN_DIR": settings.RUN_DIR}
    if not settings.ENV.s3_bucket:
        folders["BLOB_DIR"] = settings.ENV.blob_dir
    for name, folder in folders.items():
        if not _is_writable(folder):
            yield _error(11, f"{name} is {folder}, which this user may not write to.")


def _is_writable(folder: Path) -> bool:
    """Whether the folder, or the one in which it would be made, takes files."""
    nearest = folder.absolute()
    while not nearest.exists():
        nearest = nearest.parent
    try:
        with tempfile.TemporaryFile(dir=nearest):
            return True
    except OSError:
        return False


def _models() -> Iterator[Error]:
    try:
        known = read_choices(settings.MODELS)
    except ModelChoiceInvalid as error:
        yield _error(12, f"{error}.", 'MODELS={"fast": {"provider": "openai", "name": "…", "api_key": "…"}}')
        return
    if settings.DEFAULT_MODEL not in known:
        names = ", ".join(known)
        yield _error(13, f"DEFAULT_MODEL is {settings.DEFAULT_MODEL!r}, which MODELS does not have: {names}.")


def _others() -> Iterator[Error]:
    try:
        parse_rate(settings.ENV.rate_limit)
    except ValueError as error:
        yield _error(14, f"RATE_LIMIT: {error}")
    if settings.REDIS_URL and urlsplit(settings.REDIS_URL).scheme not in {"redis", "rediss", "unix"}:
        yield _error(15, "REDIS_URL must begin with redis://, rediss:// or unix://.")
    public = urlsplit(settings.PUBLIC_URL)
    if settings.PUBLIC_URL and (public.scheme not in {"http", "https"} or not public.netloc or public.query):
        yield _error(
            16, f"PUBLIC_URL is {settings.PUBLIC_URL!r}, which is no address such as https://example.com."
        )
