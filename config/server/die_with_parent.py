"""Becomes a command that ends when the process that started it ends, even by kill -9.

Run as `python die_with_parent.py PARENT_PID COMMAND …`. On Linux the kernel keeps the promise
(PR_SET_PDEATHSIG, which outlives exec). Elsewhere, so on macOS, a small forked watcher looks
twice a second whether the parent still lives, and kills the command when it does not.

Decision: a program of its own rather than `preexec_fn`, which is not safe in a process with threads.
"""

import ctypes
import os
import signal
import sys
import time

PR_SET_PDEATHSIG = 1
WATCH_SECONDS = 0.5


def main() -> None:
    """Bind to the parent, then become the command."""
    bind(int(sys.argv[1]))
    os.execvp(sys.argv[2], sys.argv[2:])


def bind(parent: int) -> None:
    """End with `parent` from now on; exits quietly where it is gone already."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    elif os.fork() == 0:
        watch(parent, os.getppid())
        os._exit(0)
    if os.getppid() != parent:  # it died before the promise was made
        sys.exit(1)


def watch(parent: int, command: int) -> None:
    """Kill `command`, our own parent, once `parent` is gone; return once `command` is gone."""
    while os.getppid() == command:
        try:
            os.kill(parent, 0)
        except ProcessLookupError:
            os.kill(command, signal.SIGKILL)
            return
        time.sleep(WATCH_SECONDS)


if __name__ == "__main__":
    main()
