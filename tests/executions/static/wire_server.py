"""A server that speaks the socket's protocol for threads as a test writes it, frame by frame."""

import contextlib
import json
import queue
import threading
from collections.abc import Iterator
from typing import Any

from websockets.exceptions import ConnectionClosed
from websockets.sync.server import ServerConnection, serve

SECONDS = 20.0


class WireServer:
    """The newest socket of a client; pings are answered, other frames wait for `take`."""

    def __init__(self) -> None:
        self.url = ""
        self._frames: queue.Queue[dict[str, Any]] = queue.Queue()
        self._socket: ServerConnection | None = None

    def converse(self, socket: ServerConnection) -> None:
        self._socket = socket
        with contextlib.suppress(ConnectionClosed):
            for text in socket:
                frame = json.loads(text)
                if frame["type"] == "ping":
                    self.send(type="pong")
                else:
                    self._frames.put(frame)

    def take(self, kind: str) -> dict[str, Any]:
        """The next frame of the client, which has to be of this type."""
        frame = self._frames.get(timeout=SECONDS)
        assert frame["type"] == kind, frame
        return frame

    def send(self, **frame: Any) -> None:
        assert self._socket is not None
        self._socket.send(json.dumps(frame))

    def drop(self) -> None:
        """Break the connection."""
        assert self._socket is not None
        self._socket.close()


@contextlib.contextmanager
def wire_server() -> Iterator[WireServer]:
    found = WireServer()
    with serve(found.converse, "127.0.0.1", 0) as server:
        found.url = f"http://127.0.0.1:{server.socket.getsockname()[1]}"
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield found
        server.shutdown()
