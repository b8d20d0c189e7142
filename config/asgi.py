"""What any ASGI server is pointed at: the application, and the sweeper beside it."""

import threading

from config.server.application import application
from executions.runs.worker.sweeper import sweep_forever

__all__ = ["application"]

# Web processes look after neglected runs too: where the only worker is gone, somebody must say so.
threading.Thread(target=sweep_forever, args=[threading.Event()], name="sweeper", daemon=True).start()
