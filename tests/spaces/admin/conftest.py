"""The browser, the server and the blobs of all tests that look at pages."""

from tests.admin.conftest import _wakeups_here, blob_folder, browser, page, server

__all__ = ["_wakeups_here", "blob_folder", "browser", "page", "server"]
