"""Settings of the web process under test: those of a deployment, with less patience."""

from config.settings import *  # noqa: F403

STREAM_RECHECK_SECONDS = 1.0
STREAM_STALL_SECONDS = 4.0
