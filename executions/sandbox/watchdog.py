"""Decide when a sandbox has gone past one of its limits."""

import os
import time
from dataclasses import dataclass

from executions.sandbox.errors import ArtifactRejected
from executions.sandbox.folders import walk
from executions.sandbox.limits import Limits
from executions.sandbox.tree import Tree

INTERVAL = 0.1  # seconds between two looks
_WALK_SHARE = 4  # a walk of a big workspace is followed by a pause of this many times its length


@dataclass
class ProcessTreeUsage:
    """What the run took so far, as seen."""

    cpu_seconds: float = 0.0
    peak_memory_bytes: int = 0


class Watchdog:
    """Samples one tree and one workspace; knows nothing about killing."""

    def __init__(self, limits: Limits, workspace: int) -> None:
        """`workspace` is a descriptor of the folder, which stays the caller's."""
        self.usage = ProcessTreeUsage()
        self._limits = limits
        self._workspace = workspace
        self._next_walk = 0.0
        self.workspace_device = os.fstat(workspace).st_dev

    def exceeded(self, tree: Tree) -> str | None:
        """Look once; the code of the limit that was passed."""
        sample = tree.sample(self._limits.memory_bytes)
        self.usage.cpu_seconds = max(self.usage.cpu_seconds, sample.cpu_seconds)
        self.usage.peak_memory_bytes = max(self.usage.peak_memory_bytes, sample.memory_bytes)
        if sample.memory_bytes > self._limits.memory_bytes:
            return "memory_limit"
        if sample.cpu_seconds > self._limits.cpu_seconds:
            return "cpu_limit"
        if sample.tasks > self._limits.processes:
            return "process_limit"
        if time.monotonic() >= self._next_walk and self.overfull(sample.unnamed_bytes):
            return "workspace_limit"
        return None

    def overfull(self, unnamed_bytes: int = 0) -> bool:
        """Whether the workspace holds too many bytes or names, or goes too deep to be looked through."""
        began = time.monotonic()
        total, count = unnamed_bytes, 0
        try:
            for entry in walk(self._workspace):
                total, count = total + entry.size_bytes, count + 1
                if total > self._limits.workspace_bytes or count > self._limits.files:
                    return True
        except ArtifactRejected:
            return True
        now = time.monotonic()
        self._next_walk = now + _WALK_SHARE * (now - began)
        return total > self._limits.workspace_bytes
