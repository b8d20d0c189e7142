"""Says while a model answers whether somebody interrupted the turn."""

import time
import uuid

from django.db import InterfaceError, OperationalError, connection

from executions.inference.interface import StopCheck
from objectives.models import Objective

LOOK_SECONDS = 0.4


class InterruptWatch:
    """The run's own stop signal, and beside it what people ask for; reads the row at most every 0.4 s."""

    def __init__(self, stop: StopCheck, objective_id: uuid.UUID) -> None:
        self._stop = stop
        self._objective_id = objective_id
        self._looked_at = time.monotonic()
        self._interrupted = False

    def is_set(self) -> bool:
        """True from the moment that the run is stopped or its turn interrupted."""
        if not self._interrupted and time.monotonic() - self._looked_at >= LOOK_SECONDS:
            self._interrupted = self._look()
            self._looked_at = time.monotonic()
        return self._interrupted or self._stop.is_set()

    def _look(self) -> bool:
        asked = Objective.objects.filter(pk=self._objective_id, interrupt_requested_at__isnull=False)
        try:
            return asked.exists()
        except (OperationalError, InterfaceError):
            # The lease keeper watches over the database; the next look may find it again.
            connection.close_if_unusable_or_obsolete()
            return False
