"""`manage.py demo` in a data folder of its own, mostly in a terminal, and all processes that belong to it."""

import contextlib
import json
import os
import pty
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil

ROOT = Path(__file__).resolve().parents[3]
# The demo finds what it needs by itself; what this test run is told about databases is not meant for it.
NOT_FOR_THE_DEMO = ("CALLBOARD_", "DATABASE_", "DJANGO_", "PYTEST_", "REDIS_", "SECRET_KEY", "S3_", "MODELS")
_CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
# The terminal becomes the controlling one, so that its Ctrl-C key sends SIGINT as in a real one. What runs in
# the background of a script ignores SIGINT, and so would all that it starts.
IN_TERMINAL = """
import fcntl, os, signal, sys, termios
signal.signal(signal.SIGINT, signal.SIG_DFL)
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.argv[1], sys.argv[1:])
"""


class Demo:
    """One running demo; `output` is everything that its terminal, or its pipe, has shown so far."""

    def __init__(self, folder: Path, *arguments: str, in_terminal: bool = True, **variables: str) -> None:
        self.folder = folder
        self.output = ""
        kept = {name: text for name, text in os.environ.items() if not name.startswith(NOT_FOR_THE_DEMO)}
        self._terminal, inner = pty.openpty() if in_terminal else os.pipe()
        command = [sys.executable, str(ROOT / "manage.py"), "demo", "--port", "0", *arguments]
        self.process = subprocess.Popen(
            [sys.executable, "-c", IN_TERMINAL, *command] if in_terminal else command,
            stdin=inner if in_terminal else subprocess.DEVNULL,
            stdout=inner,
            stderr=inner,
            start_new_session=True,
            env={**kept, "CALLBOARD_DATA_DIR": str(folder), "TERM": "xterm", "COLUMNS": "200", **variables},
        )
        os.close(inner)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def lines(self) -> list[str]:
        """What has been shown, without colours; of a line that was written over, the last text."""
        written = _CONTROL.sub("", self.output).split("\n")
        return [line.rstrip().rpartition("\r")[2] for line in written]

    def told(self) -> dict[str, Any]:
        """What `demo.json` says."""
        document: dict[str, Any] = json.loads((self.folder / "demo.json").read_text())
        return document

    def child(self, command: str) -> psutil.Process | None:
        """The child that runs `manage.py COMMAND`, if it lives."""
        for process in psutil.Process(self.process.pid).children():
            with contextlib.suppress(psutil.Error):
                if process.status() != psutil.STATUS_ZOMBIE and process.cmdline()[2:3] == [command]:
                    return process
        return None

    def wait_for(self, text: str, seconds: float = 180) -> None:
        """Return once the terminal has shown `text`."""
        eventually(lambda: text in self.output or self.process.poll() is not None, seconds)
        assert text in self.output, self.output[-3000:]

    def press_ctrl_c(self) -> None:
        """As a person would."""
        os.write(self._terminal, b"\x03")

    def end(self, seconds: float = 180) -> int:
        """Its exit status, once it has ended by itself and all of its output has been read."""
        status = self.process.wait(seconds)
        self._reader.join(60)
        return status

    def close(self) -> None:
        """End it hard if it still runs; its children end with it."""
        self.process.kill()
        self.end()
        os.close(self._terminal)

    def _read(self) -> None:
        with contextlib.suppress(OSError):  # the end of a terminal that nobody has open any more
            while piece := os.read(self._terminal, 65536):
                self.output += piece.decode(errors="replace")


@contextlib.contextmanager
def playing(folder: Path, *arguments: str, in_terminal: bool = True, **variables: str) -> Iterator[Demo]:
    """A demo that has ended at the end."""
    demo = Demo(folder, *arguments, in_terminal=in_terminal, **variables)
    try:
        yield demo
    finally:
        demo.close()


def belonging_to(folder: Path) -> list[str]:
    """The command lines of all living processes that were started for a data folder, its database's too."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            is_ours = process.environ().get("CALLBOARD_DATA_DIR") == str(folder)
            if process.status() != psutil.STATUS_ZOMBIE and (is_ours or str(folder) in process.cwd()):
                found.append(" ".join(process.cmdline()))
    return found


def eventually(holds: Callable[[], object], seconds: float = 180) -> None:
    """Wait until `holds()` is true; fails after `seconds`."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(0.05)
