#!/usr/bin/env python3
"""The one entry point: sets up what a command needs, then runs it."""

import importlib
import os
import sys

from config import bootstrap


def main():  # type: () -> None
    """Run one command; returns only where Django returned."""
    bootstrap.hand_over(sys.argv[1:])
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    if sys.argv[1:2] and sys.argv[1] in bootstrap.STARTERS:
        command = importlib.import_module("config.management.commands." + sys.argv[1])
        command.Command().run_from_argv(sys.argv)
    # Not at the top: until bootstrap has handed over there may be no Django to import.
    from django.core.management import execute_from_command_line  # noqa: PLC0415
    from django.db import OperationalError  # noqa: PLC0415

    try:
        execute_from_command_line(sys.argv)
    except OperationalError as error:
        sys.exit("The database does not answer (DATABASE_URL): {}".format(str(error).strip()))


if __name__ == "__main__":
    main()
