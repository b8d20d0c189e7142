"""Run a model's programs in the sandbox, over the run's own workspace."""

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

from executions.runner.missing_modules import how_to_add_missing
from executions.runner.outcomes import RunFailed
from executions.runner.run import LeasedRun
from executions.runner.skill_files import INSIDE, links
from executions.runner.tool_failure import ToolFailed
from executions.sandbox import PYTHONPATH, ProcessOutcome, RunningProcess, SandboxUnavailable, launch

# Its `callboard_files` reads staged files; `callboard_skill` has nobody to talk to here.
SDK = Path(__file__).resolve().parents[1] / "sandbox_sdk"
FOLDER = "code"
MAX_OUTPUT_BYTES = 24 * 1024
MAX_STDERR_CHARACTERS = 8 * 1024
POLL_SECONDS = 0.1
_SYSTEM_PATH = "/usr/bin:/bin"  # what of the host's programs the sandbox has
_KNOWN = ("bash", "node", "perl", "git", "jq", "pandoc", "soffice", "pdftotext", "qpdf", "ffmpeg")
PROGRAMS = ("python", "sh", *(name for name in _KNOWN if shutil.which(name, path=_SYSTEM_PATH)))
SHELL = "bash" if "bash" in PROGRAMS else "sh"
# A body's imports are relative to the skill's folder, and some name that folder by a variable.
_VARIABLES = (f"PYTHONPATH={INSIDE}:{PYTHONPATH}", f"SKILL_DIR={INSIDE}")


def run_python(run: LeasedRun, code: str) -> dict[str, Any]:
    """What the program printed (at most 24 KiB) once it has ended well.

    The program is kept as `code/N.py`, so that the archive shows what was run. It gets the skill's limits,
    and no more time than the run has left. Raises ToolFailed, with the output so far, when it fails or is
    ended; RunFailed where there is no sandbox.
    """
    return _run(run, "py", code, "python")


def run_shell(run: LeasedRun, command: str) -> dict[str, Any]:
    """The same for shell commands, kept as `code/N.sh`."""
    return _run(run, "sh", command, SHELL)


def _run(run: LeasedRun, suffix: str, text: str, program: str) -> dict[str, Any]:
    path = f"{FOLDER}/{_next_number(run)}.{suffix}"
    run.workspace.write(path, text.encode())
    for name, target in links(run).items():
        run.workspace.link(name, target)
    asked = run.manifest.limits
    limits = replace(asked, wall_seconds=min(asked.wall_seconds, max(run.seconds_left, 0.1)))
    argv = ["env", *_VARIABLES, program, path]
    try:
        with launch(
            argv,
            workspace=run.workspace,
            bundle=run.bundle,
            limits=limits,
            extra_read_only={"/callboard": SDK},
        ) as running:
            output, truncated = _drained(run, running)
            outcome = running.wait()
    except SandboxUnavailable as unavailable:
        raise RunFailed("sandbox_error", str(unavailable)) from unavailable
    printed = output.decode(errors="replace")
    if outcome.killed_for or outcome.exit_status != 0:
        raise ToolFailed(_failure(outcome, printed))
    stderr = outcome.stderr_tail[-MAX_STDERR_CHARACTERS:]
    return {"stdout": printed, "stderr": stderr, "truncated": truncated}


def _next_number(run: LeasedRun) -> int:
    return 1 + sum(path.startswith(f"{FOLDER}/") for path, _ in run.workspace.list())


def _drained(run: LeasedRun, running: RunningProcess) -> tuple[bytes, bool]:
    """The beginning of the output, read to its end; kills the program when the run is stopped."""
    kept = bytearray()
    truncated = False
    while not running.at_end:
        line = running.read_line(POLL_SECONDS)
        if line is not None:
            truncated = truncated or len(kept) + len(line) > MAX_OUTPUT_BYTES
            kept += line[: MAX_OUTPUT_BYTES - len(kept)]
        if run.stop.is_set():
            running.kill(run.stop.reason or "cancelled")
    return bytes(kept), truncated


def _failure(outcome: ProcessOutcome, output: str) -> str:
    ended = f"ended by {outcome.killed_for}" if outcome.killed_for else f"exit status {outcome.exit_status}"
    stderr = outcome.stderr_tail[-MAX_STDERR_CHARACTERS:]
    advice = how_to_add_missing(stderr)
    return f"{ended}\nstdout:\n{output}\nstderr:\n{stderr}" + (f"\n{advice}" if advice else "")
