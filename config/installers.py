"""Programs that install something: run side by side, and what a person at the terminal sees of it.

Standard library only, in the syntax of Python 3.6, as bootstrap.py, which uses it.
"""

import contextlib
import os
import subprocess
import sys
import tempfile
import time
from typing import Dict, List, NamedTuple, NoReturn

ANOTHER_PYTHON = ("VIRTUAL_ENV", "PYTHONHOME", "__PYVENV_LAUNCHER__", "UV_PYTHON")  # not for installers


class Installer(NamedTuple):
    purpose: str
    arguments: List[str]
    variables: Dict[str, str]


def fail(message: str) -> NoReturn:
    """Leave with one sentence for the person at the terminal."""
    sys.exit("callboard: " + message)


def run(*installers: Installer) -> None:
    """Run installers side by side; a terminal sees the seconds pass, output is shown where one fails."""
    started, running = time.monotonic(), []
    with contextlib.ExitStack() as outputs:
        for installer in installers:
            say("installing {} …".format(installer.purpose))
            output = outputs.enter_context(tempfile.TemporaryFile())
            environment = {name: os.environ[name] for name in os.environ if name not in ANOTHER_PYTHON}
            environment.update(installer.variables)
            process = subprocess.Popen(
                installer.arguments, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output
            )
            running.append((installer, process, output))
        try:
            for installer, process, output in running:
                status = _wait(process, installer.purpose, started)
                if status != 0:
                    output.seek(0)
                    sys.stderr.write(output.read().decode("utf-8", "replace"))
                    command = " ".join(installer.arguments[:4])
                    fail("that did not work ({} ended with {}).".format(command, status))
                say("installed {} in {:.1f} s".format(installer.purpose, time.monotonic() - started))
        except KeyboardInterrupt:
            sys.exit(130)
        finally:
            for _, process, _ in running:
                if process.poll() is None:
                    process.terminate()  # what is half installed has no stamp: the next start goes on
                    process.wait()


def _wait(process: "subprocess.Popen[bytes]", purpose: str, started: float) -> int:
    while True:
        try:
            return process.wait(timeout=1)
        except subprocess.TimeoutExpired:
            if sys.stderr.isatty():
                say("installing {} … {:.0f} s".format(purpose, time.monotonic() - started), end="\r")


def say(message: str, end: str = "\n") -> None:
    print("callboard: " + message, end=end, file=sys.stderr, flush=True)


def output_of(arguments: List[str], environment: Dict[str, str]) -> str:
    try:
        done = subprocess.run(
            arguments, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False
        )
    except OSError:
        return ""
    return done.stdout.decode().strip() if done.returncode == 0 else ""
