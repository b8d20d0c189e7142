"""The signal that a run must not go on."""

import threading

from executions.runner.outcomes import RunStopped

STOP_REASONS = ("cancelled", "lease_lost", "shutdown")


class StopSignal:
    """Set once, by the worker's lease keeper; read by everything that works on the run.

    A sub-execution's signal also stands when its parent's does.
    """

    def __init__(self, parent: "StopSignal | None" = None) -> None:
        self._event = threading.Event()
        self._reason: str | None = None
        self._children: list[StopSignal] = []
        self._lock = threading.Lock()
        if parent is not None:
            parent.add_child(self)

    @property
    def reason(self) -> str | None:
        """`cancelled`, `lease_lost` or `shutdown`; None while the run may go on."""
        return self._reason

    def set(self, reason: str) -> None:
        """Stop the run; the first reason stays."""
        with self._lock:
            self._reason = self._reason or reason
            children = list(self._children)
        self._event.set()
        for child in children:
            child.set(reason)

    def is_set(self) -> bool:
        return self._event.is_set()

    def wait(self, timeout: float) -> bool:
        """Wait at most `timeout` seconds; True once the run must stop."""
        return self._event.wait(timeout)

    def check(self) -> None:
        """Raises RunStopped once the run must stop."""
        if self._reason is not None:
            raise RunStopped(self._reason)

    def add_child(self, child: "StopSignal") -> None:
        with self._lock:
            self._children.append(child)
            reason = self._reason
        if reason is not None:
            child.set(reason)
