"""A web process on the test database, and a browser."""

from tests.admin.conftest import _wakeups_here, blob_folder, browser, page, server

__all__ = ["_wakeups_here", "blob_folder", "browser", "page", "server"]
