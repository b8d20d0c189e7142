"""The signal that a run must not go on, and what its work ends with then."""

import contextlib
import threading
from collections.abc import Callable, Iterator

STOP_REASONS = ("cancelled", "lease_lost", "shutdown")


class RunStopped(Exception):
    """Somebody else decided that the run must not go on.

    `reason` is `cancelled`, `lease_lost` or `shutdown`: nothing about it is the skill's fault.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(f"The run was stopped: {reason}.")
        self.reason = reason


class StopSignal:
    """Set once, by the worker's lease keeper; read by everything that works on the run.

    A sub-execution's signal also stands when its parent's does.
    """

    def __init__(self, parent: "StopSignal | None" = None) -> None:
        self._event = threading.Event()
        self._reason: str | None = None
        self._children: list[StopSignal] = []
        self._listeners: list[Callable[[str], None]] = []
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
            first, children, listeners = self._reason, list(self._children), list(self._listeners)
        self._event.set()
        for listener in listeners:
            listener(first)
        for child in children:
            child.set(reason)

    @contextlib.contextmanager
    def told(self, listener: Callable[[str], None]) -> Iterator[None]:
        """While the block runs, `listener(reason)` is called by whoever stops the run, in their thread.

        So a sandbox is killed though the run's own thread hangs in the database. It may be called more
        than once, and at once where the run is stopped already.
        """
        with self._lock:
            self._listeners.append(listener)
            reason = self._reason
        if reason is not None:
            listener(reason)
        try:
            yield
        finally:
            with self._lock:
                self._listeners.remove(listener)

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
