"""What `config/server` takes for granted inside the servers' libraries.

None of it is anybody's public promise. Where one of these fails after an upgrade, read there what became of
it before the upper bound in `pyproject.toml` is moved.
"""

import asyncio
import inspect
import tomllib
from typing import Any

import pytest
from daphne import http_protocol, server, ws_protocol
from packaging.requirements import Requirement
from twisted.internet import abstract, tcp
from twisted.web import http
from uvicorn.protocols.http import flow_control, httptools_impl
from uvicorn.protocols.websockets import websockets_sansio_impl
from websockets import http11

from config.environment import ROOT
from config.server.http_protocol import BoundedHttp
from config.server.request_limits import HEAD_BYTES

REACHED_INTO = {"uvicorn", "daphne", "twisted"}


def signature_of(function: Any) -> str:
    """Its parameters, without what they are annotated with."""
    parameters = inspect.signature(function).parameters.values()
    return ", ".join(str(parameter.replace(annotation=inspect.Parameter.empty)) for parameter in parameters)


@pytest.mark.parametrize(
    ("function", "signature"),
    [
        # overridden, to bound a request's head and to end streams
        (httptools_impl.HttpToolsProtocol.data_received, "self, data"),
        (httptools_impl.HttpToolsProtocol.on_headers_complete, "self"),
        (httptools_impl.HttpToolsProtocol.on_body, "self, body"),
        (httptools_impl.HttpToolsProtocol.on_message_complete, "self"),
        (httptools_impl.HttpToolsProtocol.send_400_response, "self, msg"),
        (httptools_impl.HttpToolsProtocol.shutdown, "self"),
        # called by streams, past what they are for
        (httptools_impl.RequestResponseCycle.send, "self, message"),
        (websockets_sansio_impl.WebSocketsSansIOProtocol.send, "self, message"),
        (asyncio.Transport.abort, "self"),
        (server.Server.handle_reply, "self, protocol, message"),
        (http_protocol.WebRequest.handle_reply, "self, message"),
        (ws_protocol.WebSocketProtocol.handle_reply, "self, message"),
        (tcp.Connection.abortConnection, "self"),
    ],
    ids=lambda part: getattr(part, "__qualname__", ""),
)
def test_what_is_overridden_or_called_takes_what_it_took(function: Any, signature: str):
    assert signature_of(function) == signature


@pytest.mark.parametrize(
    ("send", "waits"),
    [
        (httptools_impl.RequestResponseCycle.send, "await self.flow.drain()"),
        (websockets_sansio_impl.WebSocketsSansIOProtocol.send, "await self.writable.wait()"),
    ],
)
def test_uvicorn_waits_for_room_before_it_writes_and_never_after(send: Any, waits: str):
    before, found, after = inspect.getsource(send).partition(waits)

    assert found
    assert "write(" not in before
    assert "await " not in after
    assert flow_control.HIGH_WATER_LIMIT == 64 * 1024


def test_uvicorn_keeps_its_connection_by_the_same_name_in_both():
    for protocol in (httptools_impl.RequestResponseCycle, websockets_sansio_impl.WebSocketsSansIOProtocol):
        assert "self.transport = transport" in inspect.getsource(protocol)


def test_the_head_of_a_handshake_has_the_bound_of_every_head():
    assert issubclass(BoundedHttp, httptools_impl.HttpToolsProtocol)
    assert "WEBSOCKETS_MAX_LINE_LENGTH" in inspect.getsource(http11)
    assert HEAD_BYTES > http11.MAX_NUM_HEADERS


def test_daphne_can_be_told_to_leave_forms_alone():
    assert "parsePOSTFormSubmission" in inspect.signature(http.Request.__init__).parameters
    assert issubclass(http_protocol.WebRequest, http.Request)
    assert "requestFactory = WebRequest" in inspect.getsource(http_protocol.HTTPFactory.buildProtocol)


def test_twisted_bounds_a_head_by_these_two_names():
    assert isinstance(http.HTTPChannel.MAX_LENGTH, int)
    assert isinstance(http.HTTPChannel.totalHeadersSize, int)


def test_daphne_sends_by_a_partial_whose_first_argument_is_the_protocol_and_never_waits():
    assert "send=partial(self.handle_reply, protocol)" in inspect.getsource(server.Server.create_application)
    assert "await" not in inspect.getsource(server.Server.handle_reply)


def test_twisted_tells_that_a_buffer_is_full():
    assert abstract.FileDescriptor.producerPaused is False
    assert "self.producerPaused = True" in inspect.getsource(abstract.FileDescriptor._maybePauseProducer)


def test_what_is_reached_into_has_an_upper_bound():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = [Requirement(text) for text in project["dependencies"]]

    bounded = {one.name for one in wanted if any(bound.operator == "<" for bound in one.specifier)}
    assert bounded >= REACHED_INTO
