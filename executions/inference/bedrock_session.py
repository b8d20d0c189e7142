"""HTTP of AWS's library whose connections can be broken while a thread waits on them."""

import socket
from contextlib import suppress
from threading import Lock
from typing import Any, override

from botocore.exceptions import HTTPClientError
from botocore.httpsession import URLLib3Session


class BreakableSession(URLLib3Session):
    """Sends requests until it is told to hang up.

    The library's calls block, so that the thread of a request that was stopped would wait for its provider
    as long as for any other, keep the process from ending, and let the provider go on meanwhile.
    """

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self._lock = Lock()
        self._sockets: list[socket.socket] = []
        self._is_over = False
        pools: dict[str, Any] = self._pool_classes_by_scheme
        # In place, since those of proxies are made of the same mapping.
        pools.update({scheme: self._telling(pool) for scheme, pool in pools.items()})

    def hang_up(self) -> None:
        """Break what is connected, and whatever is about to be; for any thread, any number of times."""
        with self._lock:
            self._is_over = True
            while self._sockets:
                # Closed by its own thread, which this wakes; it may have done so already.
                with suppress(OSError):
                    self._sockets.pop().shutdown(socket.SHUT_RDWR)
        self.close()

    def _telling(self, pool: Any) -> Any:
        """The class of pools, but with connections that tell this session of their sockets."""
        note = self._note

        class Connection(pool.ConnectionCls):
            @override
            def connect(self) -> None:
                super().connect()
                note(self.sock)

        return type(pool.__name__, (pool,), {"ConnectionCls": Connection})

    def _note(self, connected: socket.socket) -> None:
        with self._lock:
            if self._is_over:
                raise HTTPClientError(error="the request was given up")
            self._sockets.append(connected)
