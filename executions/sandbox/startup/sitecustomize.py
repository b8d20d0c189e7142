"""Loaded by every Python of a sandbox: let multiprocessing's forkserver work there.

A fork server is handed its descriptors over a socket, which the filter of system calls refuses, because the
watchdog could not see what is on its way in one. Processes that ask for it are spawned instead: they begin as
clean, and inherit their descriptors.
"""

import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType


class _ForkServerSpawns:
    @staticmethod
    def find_spec(
        name: str,
        path: Sequence[str] | None = None,
        target: ModuleType | None = None,  # noqa: ARG004
    ) -> ModuleSpec | None:
        if name != "multiprocessing.popen_forkserver" or not path:
            return None
        from importlib.util import spec_from_file_location  # noqa: PLC0415

        return spec_from_file_location(name, f"{path[0]}/popen_spawn_posix.py")


sys.meta_path.insert(0, _ForkServerSpawns)
