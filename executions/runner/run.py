"""A leased run as its runner sees it."""

import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from executions.catalog.manifest import Manifest
from executions.runner.recorder import Recorder
from executions.runs.worker.stop_signal import StopSignal
from executions.sandbox.workspace import SandboxWorkspace


@dataclass(frozen=True, slots=True)
class SkillCall:
    """A script's wish to run another skill; `files` are workspace paths that become the other's materials."""

    call_key: str
    slug: str
    inputs: dict[str, Any]
    files: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CallOutcome:
    """How the called skill ended; `artifacts` are (path in the caller's workspace, document type)."""

    execution_id: uuid.UUID | None
    state: str
    outputs: dict[str, Any] | None
    error: dict[str, Any] | None
    artifacts: tuple[tuple[str, str | None], ...] = ()


@dataclass(frozen=True)
class LeasedRun:
    """Everything a runner needs and nothing it could harm others with.

    `deadline` is on time.monotonic()'s clock; `bundle` is the verified, read-only bundle; `tools` is what the
    skill wants *and* the space permits; `model` is an alias, None for the space's default resolved already;
    `materials` are the names staged below `inputs/materials/`; `budget_usd` None means no limit;
    `spent_below()` is what the executions that this one called have cost so far, in US dollars.
    """

    execution_id: uuid.UUID
    space_id: uuid.UUID
    attempt: int
    trace_id: str
    inputs: dict[str, Any]
    materials: tuple[str, ...]
    manifest: Manifest
    bundle: Path
    workspace: SandboxWorkspace
    model: str
    tools: frozenset[str]
    budget_usd: Decimal | None
    deadline: float
    recorder: Recorder
    stop: StopSignal
    call_skill: Callable[[SkillCall], CallOutcome]
    spent_below: Callable[[], Decimal] = Decimal

    @property
    def seconds_left(self) -> float:
        return max(0.0, self.deadline - time.monotonic())
