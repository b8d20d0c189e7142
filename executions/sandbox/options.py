"""The few settings that the sandbox reads, with their defaults."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

PROJECT = Path(__file__).resolve().parents[2]


def _setting(name: str, default: Any) -> Any:
    """The sandbox also works where nobody configured Django, e.g. in a child process of a test."""
    try:
        return getattr(settings, name, default)
    except ImproperlyConfigured:
        return default


def skill_python() -> Path:
    """Folder of the virtual environment that scripts see: `SKILL_PYTHON`."""
    return Path(_setting("SKILL_PYTHON", PROJECT / ".callboard" / "skill-python"))


def bubblewrap() -> str | None:
    """Path of the bwrap program to use instead of looking for one: `SANDBOX_BWRAP`."""
    chosen = _setting("SANDBOX_BWRAP", None)
    return str(chosen) if chosen else None


def user_ids() -> tuple[int, int] | None:
    """First id and count of the users that a worker running as root may hand out: `SANDBOX_UIDS`."""
    chosen = _setting("SANDBOX_UIDS", None)
    return (int(chosen[0]), int(chosen[1])) if chosen else None
