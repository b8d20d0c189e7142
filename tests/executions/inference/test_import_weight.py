"""Model libraries are heavy: only workers may load them, and Google's only those that ask it."""

import subprocess
import sys

HEAVY = (
    "pydantic_ai",
    "openai",
    "anthropic",
    "genai_prices",
    "google.genai",
    "google.auth",
    "boto3",
    "botocore",
)
IMPORTING = """
import os, sys
os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
import django
django.setup()
{imports}
print(*sorted(name for name in {heavy} if name in sys.modules))
"""


def imported_by(imports: str, heavy: tuple[str, ...]) -> str:
    """Which of the heavy ones a new process holds then."""
    program = IMPORTING.format(imports=imports, heavy=heavy)
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout.strip()


def test_the_web_process_never_imports_a_model_library() -> None:
    resolving = "from django.urls import get_resolver\nget_resolver().url_patterns"

    assert imported_by(f"import config.asgi, config.urls\n{resolving}", HEAVY) == ""


def test_a_worker_loads_googles_client_only_once_it_asks_it() -> None:
    assert imported_by("import executions.inference.model_request", ("google.genai", "boto3")) == ""
