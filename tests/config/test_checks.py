"""Each half-configured deployment is refused by a sentence that names the variable."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command

from config.checks import leads_to_pooler

ROOT = Path(__file__).resolve().parent.parent.parent
SOUND = {
    "SECRET_KEY": "0123456789-abcdefghijklmnopqrstuvwxyz-ABCDEFGHIJKLMNOPQRSTUVWXYZ",
    "ALLOWED_HOSTS": "a.example.com",
}


def check(*options: str, **environment: str) -> tuple[int, str]:
    """Run `check` in a process of its own that knows only these variables."""
    return python("-m", "django", "check", *options, **environment)


def python(*arguments: str, **environment: str) -> tuple[int, str]:
    """Status and output of a Python that knows only these variables."""
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "DJANGO_SETTINGS_MODULE": "config.settings", **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def said_by(function: str, **environment: str) -> str:
    """What one function of the checks finds."""
    code = f"import django; django.setup(); from config.checks import {function}; print({function}())"
    status, said = python("-c", code, **SOUND, **environment)
    assert status == 0, said
    return said


def test_nothing_set_is_three_sentences_and_no_traceback():
    status, said = check()

    assert status == 1
    assert "SECRET_KEY is not set." in said
    assert "ALLOWED_HOSTS is not set" in said
    assert "DATABASE_URL is not set." in said
    assert "Traceback" not in said
    assert said.count("?: ") == 3


def test_three_variables_are_a_clean_deployment():
    status, said = check("--deploy", "--fail-level", "WARNING", **SOUND, DATABASE_URL=settings.DATABASE_URL)

    assert "System check identified no issues (1 silenced)." in said
    assert status == 0


def test_everything_wrong_is_said_at_once():
    status, said = check(
        "--deploy",
        SECRET_KEY="short",
        ALLOWED_HOSTS="*",
        DATABASE_URL="sqlite:///x",
        DATABASE_POOL_SIZE="many",
        CALLBOARD_LOCAL="production",
        ALLOWED_ORIGINS="https://fine.example.com,app.example.com",
        S3_ENDPOINT_URL="minio:9000",
        S3_SIGNED_LINKS="true",
        RUN_DIR="/proc/nowhere",
        MODELS='{"fast": {"provider": "openai", "api_key": "sk-secret"}}',
        RATE_LIMIT="often",
        REDIS_URL="http://redis",
        PUBLIC_URL="callboard.example.com",
    )

    assert status == 1
    for sentence in (
        "The environment variable DATABASE_POOL_SIZE cannot be used",
        "The environment variable CALLBOARD_LOCAL cannot be used",
        "SECRET_KEY is too easy to guess",
        "ALLOWED_HOSTS is `*`",
        "ALLOWED_ORIGINS holds 'app.example.com'",
        "DATABASE_URL is not the address of a PostgreSQL database.",
        "S3_ENDPOINT_URL or S3_REGION is set without S3_BUCKET",
        "S3_ENDPOINT_URL must begin with http:// or https://.",
        "S3_SIGNED_LINKS is set without S3_BUCKET",
        "RUN_DIR is /proc/nowhere, which this user may not write to.",
        "MODELS: fast: name: Field required.",
        "RATE_LIMIT: 'often' is no rate",
        "REDIS_URL must begin with redis://",
        "PUBLIC_URL is 'callboard.example.com'",
    ):
        assert sentence in said
    assert "Traceback" not in said
    assert "sk-secret" not in said


def test_keys_are_not_shown_where_models_cannot_be_read():
    status, said = check(**SOUND, MODELS="{sk-secret", S3_BUCKET="b", DEFAULT_MODEL="fast")

    assert (status, "Traceback" in said, "sk-secret" in said) == (1, False, False)
    assert "The environment variable MODELS cannot be used: is not JSON." in said
    assert "S3_BUCKET must be 3 to 63 characters long." in said
    assert "DEFAULT_MODEL is 'fast', which MODELS does not have: demo." in said


@pytest.mark.parametrize(
    ("url", "is_pooler"),
    [
        ("postgresql://u:p@db:6432/x", True),
        ("postgresql://u:p@pgbouncer.internal/x", True),
        ("postgresql://u:p@aws-0-eu.pooler.example.com:5432/x", True),
        ("postgresql://u:p@db:5432/x", False),
        ("postgresql://u:p@%2Fvar%2Frun:5432/x", False),
        ("postgresql:///x", False),
    ],
)
def test_a_pooler_is_known_by_its_port_or_name(url, is_pooler):
    assert leads_to_pooler(url) is is_pooler


@pytest.mark.parametrize(
    ("more", "is_refused"), [({}, True), ({"DATABASE_LISTEN_URL": "postgresql://db/x"}, False)]
)
def test_a_pooler_needs_a_way_around_it(more, is_refused):
    found = said_by("check_environment", DATABASE_URL="postgresql://u:p@db:6432/x", **more)

    assert ("callboard.E008" in found) is is_refused


def test_a_database_that_does_not_answer_is_said():
    said = said_by("check_reachable", DATABASE_URL="postgresql://u:p@127.0.0.1:1/x")

    assert "DATABASE_URL does not lead to a database" in said


@pytest.mark.django_db
def test_this_very_configuration_passes():
    call_command("check")
