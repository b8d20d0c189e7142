"""Talk to Callboard from a script skill.

    from callboard_skill import inputs, output, progress

    progress(0.5, "Greeting")
    output(greeting=f"Hello, {inputs['name']}!")

`inputs` holds what the skill was started with, valid by its schema; `materials()` are the files
staged for it. Files of its own belong below `outputs/`; `artifact()` hands one over. What the
script prints is shown live as text and is never anything else, whatever it says.

Everything here may be used from every thread, and from every process that the script starts,
however it starts it.

Underneath, what the script was started with is the JSON object in `/run/callboard/start.json`, and
messages are JSON lines to the Unix socket `/run/callboard/socket`, whose connections are each a
process's own. Nothing here is needed to speak them by hand, and nothing but the standard library
is used. A line counts once its newline has arrived.
"""

import io
import json
import os
import socket
import sys
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any, NoReturn

from callboard_values import plain  # type: ignore[import-not-found]  # found beside this file, inside

__all__ = [
    "Artifact",
    "SkillCallFailed",
    "SkillResult",
    "artifact",
    "call_skill",
    "execution_id",
    "fail",
    "inputs",
    "iteration",
    "materials",
    "output",
    "progress",
    "text",
    "usage",
]

# Read when first asked for, by `__getattr__` below.
inputs: dict[str, Any]
execution_id: str

_FOLDER = Path(os.environ.get("CALLBOARD_CHANNEL", "/run/callboard"))
_WORKSPACE = Path.cwd()
_MATERIALS = _WORKSPACE / "inputs" / "materials"


class _Runner:
    """The other end of the channel, as one process sees it."""

    def __init__(self) -> None:
        self.calling = threading.Lock()
        self.call_count = 0
        self._writing = threading.Lock()
        self._connection: socket.socket | None = None
        self._replies: io.BufferedReader | None = None

    def receive(self, kind: str) -> dict[str, Any]:
        line = self._replies.readline() if self._replies is not None else b""
        if not line:
            raise EOFError(f"The runner closed the channel before it sent {kind!r}.")
        message: dict[str, Any] = json.loads(line)
        if message.get("type") != kind:
            raise ValueError(f"Expected {kind!r} from the runner, not {message.get('type')!r}.")
        return message

    def send(self, kind: str, **fields: Any) -> None:
        line = json.dumps({"type": kind, **fields}, allow_nan=False)
        with self._writing:
            self._connected().sendall(line.encode() + b"\n")

    def _connected(self) -> socket.socket:
        if self._connection is None:
            connection = socket.socket(socket.AF_UNIX)
            try:
                connection.connect(str(_FOLDER / "socket"))
            except OSError as error:
                connection.close()
                raise ConnectionError(f"Callboard does not listen at {_FOLDER}: {error}.") from error
            self._connection, self._replies = connection, connection.makefile("rb")
        return self._connection


_runner = _Runner()


def _begin_anew() -> None:
    """A forked process has a connection of its own, and none of its parent's locks."""
    global _runner  # noqa: PLW0603
    _runner = _Runner()


os.register_at_fork(after_in_child=_begin_anew)

# Printed text leaves at once, whatever the locale is.
if isinstance(sys.stdout, io.TextIOWrapper):
    sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace", line_buffering=True)

_start: dict[str, Any] = {}


def _started_with(name: str) -> Any:
    if not _start:
        _start.update(json.loads((_FOLDER / "start.json").read_bytes()))
    return _start[name]


@dataclass(frozen=True)
class Artifact:
    """A file that a called skill handed over, now in this workspace."""

    path: Path
    document_type: str | None


@dataclass(frozen=True)
class SkillResult:
    """How a called skill ended: `state` is `succeeded`, `failed` or `cancelled`.

    `error` has `type` and `message` unless it succeeded.
    """

    skill: str
    execution_id: str | None
    state: str
    outputs: dict[str, Any] = field(default_factory=dict)
    error: dict[str, Any] | None = None
    artifacts: tuple[Artifact, ...] = ()


class SkillCallFailed(Exception):
    """A called skill did not succeed; `result` tells how it ended."""

    def __init__(self, result: SkillResult) -> None:
        reason = (result.error or {}).get("message") or f"it ended as {result.state}"
        super().__init__(f"{result.skill}: {reason}")
        self.result = result


def __getattr__(name: str) -> Any:
    """`inputs` and `execution_id` are read when first asked for."""
    if name in ("inputs", "execution_id"):
        return _started_with(name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def materials() -> list[Path]:
    """The staged files, in the order they were named."""
    return [_MATERIALS / name for name in _started_with("materials")]


def progress(fraction: float | None = None, message: str | None = None) -> None:
    """Show how far the work is: `fraction` from 0 to 1, or None when nobody can tell."""
    if fraction is not None:
        fraction = min(1.0, max(0.0, float(fraction)))
    _runner.send("progress", fraction=fraction, message=message)


def text(text: str) -> None:
    """Append `text` to what is shown live, exactly as it is: no line end is added."""
    _runner.send("text", text=text)


def usage(
    *,
    input_tokens: int = 0,
    output_tokens: int = 0,
    cost_usd: Decimal | str | int = 0,
    model: str | None = None,
) -> None:
    """Add what one call of a model has cost."""
    _runner.send(
        "usage",
        input_tokens=input_tokens,
        output_tokens=output_tokens,
        cost_usd=str(cost_usd),
        model=model,
    )


def iteration() -> None:
    """Count one round of the skill's own loop."""
    _runner.send("iteration")


def artifact(path: Path | str, document_type: str | None = None) -> None:
    """Hand over the file at `path` when the script has ended; what it holds then is taken.

    `path` is in the workspace, absolute or relative to it. Raises FileNotFoundError where there
    is no such file yet, ValueError where it is outside.
    """
    relative = _relative(path)
    if not (_WORKSPACE / relative).is_file():
        raise FileNotFoundError(f"No file {relative} in the workspace.")
    _runner.send("artifact", path=relative, document_type=document_type)


def output(outputs: Mapping[str, Any] | None = None, /, **named: Any) -> None:
    """Set the result, as one mapping or as keywords; a later call replaces an earlier one.

    Beside what JSON knows it takes scalars, arrays and columns of NumPy and pandas, as plain values;
    dates and times, as ISO 8601; durations, in seconds; Decimals, as numbers; paths and UUIDs, as
    text. A missing date (NaT) or value (NA) is null. Raises TypeError or ValueError for what it
    cannot hold, NaN included.
    """
    _runner.send("output", outputs=plain({**(outputs or {}), **named}))


def fail(message: str, **details: Any) -> NoReturn:
    """End the script as failed, with a message for people and details for programs."""
    _runner.send("error", message=message, details=plain(details))
    sys.exit(1)


def call_skill(
    skill: str,
    inputs: Mapping[str, Any] | None = None,
    *,
    files: Iterable[Path | str] = (),
    call_key: str | None = None,
) -> SkillResult:
    """Run another skill with `files` of this workspace as its materials, and wait for its end.

    What it hands over is copied to `calls/<call_key>/` here. A script that is run again and asks
    with the same `call_key` (by default the skill and the number of the call) gets the same run.
    Raises SkillCallFailed unless it succeeded. Calls from several threads wait for one another.
    """
    with _runner.calling:
        _runner.call_count += 1
        key = call_key or f"{skill}-{_runner.call_count}"
        _runner.send(
            "call_skill",
            call_key=key,
            skill=skill,
            inputs=plain(dict(inputs or {})),
            files=[_relative(file) for file in files],
        )
        reply = _runner.receive("skill_result")
    result = SkillResult(
        skill=skill,
        execution_id=reply.get("execution_id"),
        state=reply["state"],
        outputs=reply.get("outputs") or {},
        error=reply.get("error"),
        artifacts=tuple(
            Artifact(_WORKSPACE / item["path"], item.get("document_type"))
            for item in reply.get("artifacts", ())
        ),
    )
    if result.state != "succeeded":
        raise SkillCallFailed(result)
    return result


def _relative(path: Path | str) -> str:
    """`path` as the runner wants it: relative to the workspace, with forward slashes."""
    return (_WORKSPACE / path).relative_to(_WORKSPACE).as_posix()
