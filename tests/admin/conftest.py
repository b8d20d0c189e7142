"""Blobs of the test's own, a web process on the test database, and a browser."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page
from pytest_django import Settings

from tests.admin.browser import chromium, launched, open_page
from tests.executions.runs.live.conftest import _wakeups_here, server

__all__ = ["_wakeups_here", "server"]


@pytest.fixture(autouse=True)
def blob_folder(settings: Settings, tmp_path: Path) -> Path:
    """Stored bytes go to the test's folder."""
    settings.STORAGES = {
        **settings.STORAGES,
        "blobs": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": tmp_path / "blobs"},
        },
    }
    return tmp_path / "blobs"


@pytest.fixture(scope="module")
def browser(django_db_setup: None) -> Iterator[Browser]:
    """One browser for a module's tests; where there is none they are skipped, and fail in CI."""
    executable = chromium()
    if executable is None:
        pytest.skip("no Chromium: nobody has looked at the pages (install chromium, or set CHROMIUM)")
    with pytest.MonkeyPatch.context() as patch, launched(executable) as started:
        # Playwright keeps an event loop in this thread, but none of our queries runs inside it.
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        yield started


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    with open_page(browser) as page:
        yield page
