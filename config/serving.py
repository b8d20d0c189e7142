"""Daphne as `manage.py web` starts it: the same program and options, on a reactor of ours."""

from config import reactor

reactor.install()

# Below that: whatever of Twisted and Daphne is imported first decides on the reactor.
from daphne.cli import CommandLineInterface  # noqa: E402
from daphne.ws_protocol import WebSocketFactory, WebSocketProtocol  # noqa: E402


class Socket(WebSocketProtocol):
    """Daphne's websocket without autobahn's words for a log that is off: a tenth of what a frame costs."""

    def sendData(self, data: bytes, *also: object) -> None:  # noqa: N802 - autobahn's name
        if also != (False, None) or self.send_queue or self.logOctets or self.state != self.STATE_OPEN:
            super().sendData(data, *also)
        else:
            self.transport.write(data)
            self.trafficStats.outgoingOctetsWireLevel += len(data)


def main() -> None:
    """Serve until SIGTERM or SIGINT."""
    WebSocketFactory.protocol = Socket
    CommandLineInterface.entrypoint()


if __name__ == "__main__":
    main()
