"""Run a script skill: its entry point in the sandbox, messages over a channel of its own."""

import codecs
import json
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from executions.postgres_text import storable, storable_text
from executions.runner import protocol
from executions.runner.missing_modules import how_to_add_missing
from executions.runner.outcomes import RunFailed
from executions.runner.run import CallOutcome, LeasedRun, SkillCall
from executions.runs.worker.stop_signal import STOP_REASONS, RunStopped
from executions.sandbox import (
    LIMIT_CODES,
    Heard,
    ProcessOutcome,
    RunningProcess,
    SandboxUnavailable,
    launch,
)

SDK = Path(__file__).resolve().parents[1] / "sandbox_sdk"
POLL_SECONDS = 0.05
MAX_ARTIFACTS = 200
MAX_SPENT_USD = Decimal(1_000_000)
ERROR_TAIL = 4000  # characters of stderr shown in the error
COMMIT = "artifact.commit"


def run_script(run: LeasedRun) -> dict[str, Any]:
    """What the script put out, `{}` where it put out nothing; raises RunFailed or RunStopped."""
    limits = replace(run.manifest.limits, wall_seconds=max(run.seconds_left, 0.1))
    script = _Script(run)
    try:
        with (
            launch(
                ["python", f"/skill/{run.manifest.entrypoint}"],
                workspace=run.workspace,
                bundle=run.bundle,
                limits=limits,
                extra_read_only={"/callboard": SDK},
                start_message=_start_message(run),
            ) as running,
            run.stop.told(running.kill),
        ):
            script.follow(running)
            outcome = running.wait()
    except SandboxUnavailable as unavailable:
        raise RunFailed("sandbox_error", str(unavailable)) from unavailable
    if outcome.stderr_tail:
        run.recorder.text(outcome.stderr_tail, stream="stderr")
    return script.result(outcome)


class _Script:
    """What the script has said so far."""

    def __init__(self, run: LeasedRun) -> None:
        self._run = run
        self._outputs: dict[str, Any] = {}
        self._gave_up: protocol.GaveUp | None = None
        self._failure: RunFailed | None = None
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")

    def follow(self, running: RunningProcess) -> None:
        """Answer and record until all is said; a run that is stopped or breaks a rule is killed."""
        while not running.at_end:
            if self._run.stop.is_set():
                running.kill(self._run.stop.reason or "cancelled")
                return
            heard = running.hear(POLL_SECONDS)
            if heard is None:
                self._run.recorder.flush_if_late()
                continue
            try:
                self._hear(heard, running)
            except protocol.ProtocolBroken as broken:
                self._failure = RunFailed("skill_error", str(broken))
            except RunFailed as failure:
                self._failure = failure
            if self._failure is not None:
                running.kill(self._failure.reason)
                return
        self._printed(b"", final=True)

    def result(self, outcome: ProcessOutcome) -> dict[str, Any]:
        """The outputs, or why there are none."""
        if outcome.killed_for in STOP_REASONS:
            raise RunStopped(outcome.killed_for)
        if self._failure is not None:
            raise self._failure
        if outcome.killed_for is not None:
            raise _limit_failure(outcome, self._run)
        tail = storable_text(outcome.stderr_tail[-ERROR_TAIL:])
        if self._gave_up is not None:
            details = {"details": storable(self._gave_up.details)} if self._gave_up.details else {}
            message = storable_text(self._gave_up.message) or "The script reported an error."
            raise RunFailed("skill_error", message, **details)
        if outcome.exit_status != 0:
            message = f"The script ended with status {outcome.exit_status}."
            if advice := how_to_add_missing(tail):
                message = f"{message} {advice}"
            raise RunFailed("skill_error", message, exit_status=outcome.exit_status, stderr=tail)
        return self._outputs

    def _hear(self, heard: Heard, running: RunningProcess) -> None:
        """What is printed is text and nothing else: a script may print what others have written."""
        if heard.connection is None:
            self._printed(heard.content)
        else:
            self._take(protocol.read_message(heard.content), running, heard.connection)

    def _printed(self, piece: bytes, *, final: bool = False) -> None:
        """A character that is still unfinished waits for the next piece."""
        text = self._decoder.decode(piece, final)
        if text:
            self._run.recorder.text(text)

    def _take(self, message: protocol.Message, running: RunningProcess, connection: int) -> None:
        recorder = self._run.recorder
        match message:
            case protocol.Progressed(fraction, text):
                recorder.progress(fraction=fraction, message=text)
            case protocol.Said(text):
                recorder.text(text)
            case protocol.Spent():
                self._spend(message)
            case protocol.Iterated():
                recorder.iteration()
            case protocol.Declared():
                self._declare(message)
            case protocol.Returned(outputs):
                self._outputs = outputs
            case protocol.GaveUp():
                self._gave_up = message
            case SkillCall():
                running.answer(connection, _answer_line(message, self._called(message)))

    def _spend(self, report: protocol.Spent) -> None:
        recorder, budget = self._run.recorder, self._run.budget_usd
        recorder.usage(
            model=report.model,
            input_tokens=report.input_tokens,
            output_tokens=report.output_tokens,
            cost_usd=report.cost_usd,
        )
        spent = recorder.spent_usd + self._run.spent_below()
        if budget is not None and spent > budget:
            raise RunFailed("budget_exceeded", f"The run has cost {spent} of {budget} US dollars.")
        if recorder.spent_usd > MAX_SPENT_USD:
            raise RunFailed("budget_exceeded", f"No run may report more than {MAX_SPENT_USD} US dollars.")

    def _declare(self, declared: protocol.Declared) -> None:
        if COMMIT not in self._run.tools:
            raise RunFailed("not_permitted", f"The skill or its space does not permit {COMMIT}.")
        known = self._run.recorder.declared_artifacts
        if declared.path not in known and len(known) >= MAX_ARTIFACTS:
            raise RunFailed("artifact_rejected", f"A run may keep at most {MAX_ARTIFACTS} artifacts.")
        self._run.recorder.declare_artifact(declared.path, declared.document_type)

    def _called(self, call: SkillCall) -> CallOutcome:
        if call.slug not in self._run.manifest.skills:
            raise RunFailed("not_permitted", f"The skill does not name {call.slug!r} among its `skills`.")
        self._run.recorder.flush()
        return self._run.call_skill(call)


def _start_message(run: LeasedRun) -> bytes:
    start = {
        "execution_id": str(run.execution_id),
        "inputs": run.inputs,
        "materials": list(run.materials),
    }
    return json.dumps(start).encode()


def _answer_line(call: SkillCall, answer: CallOutcome) -> bytes:
    result = {
        "type": "skill_result",
        "call_key": call.call_key,
        "execution_id": str(answer.execution_id) if answer.execution_id else None,
        "state": answer.state,
        "outputs": answer.outputs,
        "error": answer.error,
        "artifacts": [{"path": path, "document_type": kind} for path, kind in answer.artifacts],
    }
    return json.dumps(result).encode()


def _limit_failure(outcome: ProcessOutcome, run: LeasedRun) -> RunFailed:
    """The watchdog's word, with the limit and what was used."""
    code = outcome.killed_for or "sandbox_error"
    limits = run.manifest.limits
    sentences = {
        "timeout": f"Its {limits.wall_seconds:g} s were over.",
        "cpu_limit": f"It used more than {limits.cpu_seconds:g} s of CPU time.",
        "memory_limit": f"It used more than {limits.memory_bytes >> 20} MiB of memory.",
        "process_limit": f"It had more than {limits.processes} processes and threads.",
        "output_limit": f"It printed more than {limits.output_bytes >> 20} MiB.",
        "workspace_limit": f"It wrote more than {limits.workspace_bytes >> 20} MiB or {limits.files} files.",
    }
    if code not in LIMIT_CODES.values():
        return RunFailed("sandbox_error", f"The sandbox ended the script: {code}.")
    used = {
        "wall_seconds": round(outcome.wall_seconds, 3),
        "cpu_seconds": round(outcome.cpu_seconds, 3),
        "peak_memory_bytes": outcome.peak_memory_bytes,
        "output_bytes": outcome.output_bytes,
    }
    return RunFailed(
        code, sentences[code], used=used, stderr=storable_text(outcome.stderr_tail[-ERROR_TAIL:])
    )
