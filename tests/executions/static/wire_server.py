"""A server that speaks the socket's protocol for threads as a test writes it, frame by frame."""

import contextlib
import json
import queue
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.sync.server import ServerConnection, serve

ROOT = Path(__file__).resolve().parents[3]
MODULE = ROOT / "executions" / "static" / "callboard" / "callboard.js"
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


def serve_module(_: ServerConnection, request: Request) -> Response | None:
    """The module, as every Callboard serves it; None for a socket's handshake."""
    if not request.path.startswith("/static/"):
        return None
    headers = Headers({"Content-Type": "text/javascript", "Access-Control-Allow-Origin": "*"})
    return Response(200, "OK", headers, MODULE.read_bytes())


@contextlib.contextmanager
def wire_server() -> Iterator[WireServer]:
    found = WireServer()
    with serve(found.converse, "127.0.0.1", 0, process_request=serve_module) as server:
        found.url = f"http://127.0.0.1:{server.socket.getsockname()[1]}"
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield found
        server.shutdown()
