"""Settings of the web process under test: those of a deployment, with less patience."""

import os

from config.settings import *  # noqa: F403

STREAM_RECHECK_SECONDS = 1.0
STREAM_STALL_SECONDS = 4.0
# A server that seldom looks by itself shows what wake-ups alone bring, however slow the machine is.
STREAM_HEAL_SECONDS = float(os.environ.get("TEST_HEAL_SECONDS", "1"))
