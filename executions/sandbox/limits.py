"""How much one run may take, held for its whole process tree."""

from dataclasses import dataclass

MIB = 1024 * 1024


@dataclass(frozen=True)
class Limits:
    """Seconds, bytes and counts for one run, all its processes together."""

    wall_seconds: float = 60.0
    cpu_seconds: float = 60.0
    memory_bytes: int = 512 * MIB
    processes: int = 64
    output_bytes: int = 10 * MIB
    workspace_bytes: int = 256 * MIB
