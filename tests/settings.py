"""Settings of a test run: the local test mode and a database of the run's own."""

import os
import secrets

os.environ.setdefault("CALLBOARD_LOCAL", "test")

from config.settings import *  # noqa: F403
from config.settings import DATABASES

# Handed down to xdist's workers through the environment: two runs on one server never share a database.
_run = os.environ.setdefault("CALLBOARD_TEST_RUN", secrets.token_hex(3))
DATABASES["default"].setdefault("TEST", {})["NAME"] = f"test_callboard_{_run}"
