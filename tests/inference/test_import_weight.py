"""The model library is heavy: only workers may load it."""

import subprocess
import sys

IMPORTING = """
import os, sys
os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
import django
django.setup()
import config.asgi, config.urls
from django.urls import get_resolver
get_resolver().url_patterns
print(*sorted(name for name in ("pydantic_ai", "openai", "anthropic", "genai_prices") if name in sys.modules))
"""


def test_the_web_process_never_imports_a_model_library() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", IMPORTING], capture_output=True, text=True, timeout=60, check=False
    )

    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.strip() == ""
