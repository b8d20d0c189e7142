"""Runs one function in a process of its own: clients must not share a processor's time slice with servers.

`python -m tests.benchmarks.child_process MODULE FUNCTION` reads the keyword arguments as one JSON line from
stdin and writes JSON lines to stdout: `{"ready": true}` where the function says so, and `{"result": …}` at
the end.
"""

import contextlib
import importlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Mapping
from typing import IO, Any, Self

from config.environment import ROOT
from config.server.supervisor import LEASH
from tests.benchmarks.failures import NotMeasured

START_SECONDS = 60.0


class ChildProcessFailed(NotMeasured):
    """A function that runs in a process of its own did not come to its end."""


class ChildProcess:
    """One such process; as a context manager it is killed at the latest when the block ends.

    It also ends with the process that started it, however that ends.
    """

    def __init__(self, function: str, *, env: Mapping[str, str] | None = None, **arguments: Any) -> None:
        """`function` is its dotted name; `arguments` must be JSON values."""
        module, _, name = function.rpartition(".")
        self._name = name
        self._process = subprocess.Popen(
            [
                *(sys.executable, "-I", "-S", str(LEASH), str(os.getpid())),
                *(sys.executable, "-m", "tests.benchmarks.child_process", module, name),
            ],
            cwd=ROOT,
            env={**os.environ, **(env or {})},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        with contextlib.suppress(BrokenPipeError), self._pipe(self._process.stdin) as told:
            told.write(json.dumps(arguments).encode() + b"\n")  # where it failed at once, `_next` says so

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self._process.kill()
        self._process.wait()
        self._pipe(self._process.stdout).close()

    def wait_until_ready(self, seconds: float = START_SECONDS) -> None:
        """Return once the function has called `say_ready`; raises ChildProcessFailed."""
        self._next("ready", seconds)

    def result(self, seconds: float) -> Any:
        """What the function returned; raises ChildProcessFailed, also where `seconds` are not enough."""
        return self._next("result", seconds)

    def _next(self, key: str, seconds: float) -> Any:
        timer = threading.Timer(seconds, self._process.kill)
        timer.start()
        try:
            for line in self._pipe(self._process.stdout):
                said = json.loads(line)
                if key in said:
                    return said[key]
        finally:
            timer.cancel()
        raise ChildProcessFailed(
            f"{self._name} ended with status {self._process.wait()} (within {seconds:.0f} s)"
        )

    @staticmethod
    def _pipe(end: IO[bytes] | None) -> IO[bytes]:
        if end is None:
            raise ValueError("both ends are pipes from the start")
        return end


def call_in_child(
    function: str, *, seconds: float, env: Mapping[str, str] | None = None, **arguments: Any
) -> Any:
    """Call a function in a process of its own; raises ChildProcessFailed."""
    with ChildProcess(function, env=env, **arguments) as child:
        return child.result(seconds)


def say_ready() -> None:
    """Called by the function: whoever waits for it may go on."""
    print(json.dumps({"ready": True}), flush=True)  # noqa: T201 - the protocol between the two processes


def main() -> None:
    """The other side: call what the command line names."""
    module, name = sys.argv[1:]
    arguments = json.loads(sys.stdin.readline())
    result = getattr(importlib.import_module(module), name)(**arguments)
    print(json.dumps({"result": result}), flush=True)  # noqa: T201 - the same


if __name__ == "__main__":
    main()
