"""How much one run may take, held for its whole process tree."""

from dataclasses import dataclass

MIB = 1024 * 1024

# Field of Limits → the failure reason of a run that went past it.
LIMIT_CODES = {
    "wall_seconds": "timeout",
    "cpu_seconds": "cpu_limit",
    "memory_bytes": "memory_limit",
    "processes": "process_limit",
    "output_bytes": "output_limit",
    "workspace_bytes": "workspace_limit",
    "files": "workspace_limit",
}


@dataclass(frozen=True)
class Limits:
    """Seconds, bytes and counts for one run, all its processes together.

    `processes` counts threads too; `output_bytes` is stdout and stderr; `files` is every name in the
    workspace, folders included.
    """

    wall_seconds: float = 60.0
    cpu_seconds: float = 60.0
    memory_bytes: int = 512 * MIB
    processes: int = 64
    output_bytes: int = 10 * MIB
    workspace_bytes: int = 256 * MIB
    files: int = 10_000
