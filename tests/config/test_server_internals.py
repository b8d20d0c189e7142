"""What the server package and the transport of streams take for granted inside other libraries.

None of it is anybody's public promise. Where one of these fails after an upgrade, read there what became of
it before the upper bound in `pyproject.toml` is moved.
"""

import inspect
import tomllib
from typing import Any

import pytest
from autobahn.twisted.websocket import WebSocketServerFactory, WebSocketServerProtocol
from daphne import http_protocol, server, ws_protocol
from packaging.requirements import Requirement
from twisted.internet import abstract, tcp
from twisted.internet.asyncioreactor import AsyncioSelectorReactor
from twisted.internet.error import ConnectionDone
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure
from twisted.web import http

from config.environment import ROOT

PATCHED = {"daphne", "twisted", "autobahn"}


def signature_of(function: Any) -> str:
    """Its parameters, without what they are annotated with."""
    parameters = inspect.signature(function).parameters.values()
    return ", ".join(str(parameter.replace(annotation=inspect.Parameter.empty)) for parameter in parameters)


@pytest.mark.parametrize(
    ("function", "signature"),
    [
        # overridden by its reactor, and called as they call each other
        (AsyncioSelectorReactor.__init__, "self, eventloop=None"),
        (AsyncioSelectorReactor.addWriter, "self, writer"),
        (AsyncioSelectorReactor.removeWriter, "self, writer"),
        (AsyncioSelectorReactor.getWriters, "self"),
        (AsyncioSelectorReactor.removeAll, "self"),
        (AsyncioSelectorReactor._readOrWrite, "self, selectable, read"),
        (tcp.Server.doWrite, "self"),
        (tcp.Server.fileno, "self"),
        # overridden by what Daphne is started with
        (ws_protocol.WebSocketProtocol.serverSend, "self, content, binary=False"),
        (http.HTTPFactory.log, "self, request"),
        # called by streams, past what they are for
        (server.Server.handle_reply, "self, protocol, message"),
        (http_protocol.WebRequest.handle_reply, "self, message"),
        (ws_protocol.WebSocketProtocol.handle_reply, "self, message"),
        (tcp.Connection.abortConnection, "self"),
    ],
    ids=lambda part: getattr(part, "__qualname__", ""),
)
def test_what_is_overridden_or_called_takes_what_it_took(function: Any, signature: str):
    assert signature_of(function) == signature


def test_the_reactor_keeps_its_readers_and_writers_by_these_names():
    held = inspect.getsource(AsyncioSelectorReactor.__init__)

    assert all(f"self.{name}" in held for name in ("_asyncioEventloop", "_readers", "_writers"))
    assert "doWrite" in inspect.getsource(AsyncioSelectorReactor._readOrWrite)
    assert "_asyncioEventloop" in inspect.getsource(server.Server.run)


def test_a_request_can_be_told_to_leave_forms_alone():
    assert "parsePOSTFormSubmission" in inspect.signature(http.Request.__init__).parameters
    assert issubclass(http_protocol.WebRequest, http.Request)
    assert "requestFactory = WebRequest" in inspect.getsource(http_protocol.HTTPFactory.buildProtocol)


def test_a_head_is_bounded_by_these_two_names():
    assert isinstance(http.HTTPChannel.MAX_LENGTH, int)
    assert isinstance(http.HTTPChannel.totalHeadersSize, int)


def test_a_factory_logs_by_the_method_that_is_replaced():
    assert "factory.log(self)" in inspect.getsource(http.Request.finish)
    assert issubclass(http_protocol.HTTPFactory, http.HTTPFactory)
    assert "self.http_factory = HTTPFactory(self)" in inspect.getsource(server.Server.run)


def test_a_socket_has_what_the_short_way_asks_for():
    protocol = WebSocketServerProtocol()
    protocol.factory = WebSocketServerFactory()
    protocol.makeConnection(StringTransport())

    assert protocol._perMessageCompress is None
    assert not protocol.send_queue
    assert protocol.logFrames is False
    assert protocol.state == protocol.STATE_CONNECTING != protocol.STATE_OPEN
    assert ws_protocol.WebSocketFactory.protocol is ws_protocol.WebSocketProtocol
    protocol.connectionLost(Failure(ConnectionDone()))


def test_daphne_sends_by_a_partial_whose_first_argument_is_the_protocol_and_never_waits():
    assert "send=partial(self.handle_reply, protocol)" in inspect.getsource(server.Server.create_application)
    assert "await" not in inspect.getsource(server.Server.handle_reply)


def test_a_connection_tells_that_its_buffer_is_full():
    assert abstract.FileDescriptor.producerPaused is False
    assert "self.producerPaused = True" in inspect.getsource(abstract.FileDescriptor._maybePauseProducer)


def test_what_is_patched_has_an_upper_bound():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = [Requirement(text) for text in project["dependencies"]]

    bounded = {one.name for one in wanted if any(bound.operator == "<" for bound in one.specifier)}
    assert bounded >= PATCHED
