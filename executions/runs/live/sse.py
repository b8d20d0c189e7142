"""Server-sent events of one run: the log as a stream that any HTTP client can read and resume.

Decision: an ASGI application beside Django, not a view. A view that streams holds a thread (and, used
without care, a database connection) as long as its client stays; this holds two small tasks.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.utils import timezone

from executions.runs.live.asgi_scope import Scope, header, headers_for_pages, query
from executions.runs.live.authorisation import OpenedRun, RunAsk, open_run
from executions.runs.live.batches import LogBatch, Writer
from executions.runs.live.hub import Hub, running_hub
from executions.runs.live.reader import RunLog
from executions.runs.live.registry import RunStream
from executions.runs.live.threads import in_thread
from executions.runs.live.topic_watch import Subscriber
from executions.runs.live.transport import PIECE_BYTES, Gone, Outlet, Send, body_part
from spaces.api.viewsets import parse_space_id
from spaces.authentication import caller_and_identity
from spaces.errors import Invalid, NotFound
from spaces.identity import Credentials, ReadClaim

logger = logging.getLogger(__name__)

COMMENT_SECONDS = 10.0  # between comments, which tell proxies and clients that we are there
RETRY_MILLISECONDS = 1000
_HEADERS = (
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
)

type Receive = Callable[[], Awaitable[Any]]


@dataclass(frozen=True)
class SseFormat:
    """How one API writes a log as a stream.

    `writer` makes the bytes of the log's batches, `silence` those that show every ten seconds that we are
    there. `opening` comes first. `ended` is the status for whoever has everything. A stream of less than a
    whole log says by `ends` where it does.
    """

    writer: Writer | None = None  # None: as the log has it
    silence: Callable[[], bytes] = lambda: b":\n\n"
    opening: bytes = f"retry: {RETRY_MILLISECONDS}\n\n".encode()
    ended: int = 204
    headers: Sequence[tuple[bytes, bytes]] = _HEADERS
    ends: Callable[[LogBatch], bool] = lambda batch: batch.is_last

    def bytes_of(self, batch: LogBatch) -> bytes:
        """A batch as this API writes it, empty where it has nothing to say of it."""
        return batch.as_sse if self.writer is None else batch.written_by(self.writer)


AS_LOGGED = SseFormat()


async def stream_run(
    scope: Scope, receive: Receive, send: Send, *, stream: RunStream, space_id: str, run_id: str
) -> None:
    """Answer `GET …/{run}/events`: what follows `Last-Event-ID` (else `?after=`, else 0), up to the end.

    204 where nothing can come any more. Before the answer begins it raises Unauthenticated, NotFound,
    NotPermitted, Invalid, and TooMany where the caller has as many streams open as one may have.
    """
    identity, opened, after = await in_thread(_open, scope, stream, space_id, run_id)
    await follow_run(scope, receive, send, identity=identity, opened=opened, after=after)


async def follow_run(
    scope: Scope,
    receive: Receive,
    send: Send,
    *,
    identity: Credentials,
    opened: OpenedRun,
    after: int,
    manner: SseFormat = AS_LOGGED,
) -> None:
    """Answer with what a run logs after a number, up to its end; `opened` proves that the caller may read it.

    Raises TooMany, before the answer begins.
    """
    outlet = Outlet(send)
    has_all = opened.has_ended and after >= opened.seq
    status = manner.ended if has_all else 200
    headers = [*(manner.headers if status == 200 else ()), *headers_for_pages(scope)]
    head = {"type": "http.response.start", "status": status, "headers": headers}
    if scope["method"] == "HEAD" or status == 204:
        await outlet.write(head)
        await outlet.write({"type": "http.response.body", "body": b""})
        return
    hub = await running_hub()
    reading = _StreamReading(hub, outlet, identity, opened, manner)
    hub.doorkeeper.admit(reading)
    try:
        await outlet.write(head)
        # A number that this run has not reached yet stands for its newest: else its end would never be told.
        await reading.run(receive, min(after, opened.seq))
    except Gone as gone:
        logger.info("A stream ended before its run did: %s", gone)
    finally:
        hub.doorkeeper.dismiss(reading)


class _StreamReading(Subscriber):
    """One client on one run, written to by the task that answers its request."""

    def __init__(  # noqa: PLR0917 - all that a stream is made of
        self, hub: Hub, outlet: Outlet, identity: Credentials, opened: OpenedRun, manner: SseFormat
    ) -> None:
        self.identity = identity
        self._manner = manner
        self._hub = hub
        self._outlet = outlet
        self._run_id = opened.run_id
        self._claim = ReadClaim(identity, opened.space_id, opened.stream.permission)
        self._news = asyncio.Event()
        self._is_waiting = False  # for news: nothing is being read or written
        self._is_over = False
        self._comment_is_due = False
        self._timer: asyncio.TimerHandle | None = None

    async def run(self, receive: Receive, after: int) -> None:
        """Write until the log ends, the client leaves or may read no longer; raises Gone."""
        leaving = asyncio.create_task(self._wait_for_leaving(receive))
        self._timer = asyncio.get_running_loop().call_later(COMMENT_SECONDS, self._note_silence)
        try:
            self.at = after
            with self._hub.follow(RunLog(self._run_id), self.wake) as self.watch:
                await self._write()
            if not leaving.done():
                await self._outlet.write({"type": "http.response.body", "body": b""})
        finally:
            leaving.cancel()
            if self._timer is not None:
                self._timer.cancel()

    def claims(self) -> Collection[ReadClaim]:
        return (self._claim,)

    def turn_out(self, lost: Collection[ReadClaim], *, is_over: bool) -> None:
        """End the stream; a client that comes again learns the reason from the status."""
        self._stop()

    async def _write(self) -> None:
        await self._outlet.write_body(self._manner.opening)
        while not self._is_over:
            self._news.clear()
            batch = await self.read_on()
            if batch is None:
                self._is_waiting = True
                await self._news.wait()
                self._is_waiting = False
            else:
                if body := self._manner.bytes_of(batch):
                    await self._outlet.write_body(body)
                if self._manner.ends(batch):
                    return
            if self._comment_is_due:
                self._comment_is_due = False
                await self._outlet.write_body(self._manner.silence())

    def is_idle(self) -> bool:
        return self._is_waiting and not self._is_over

    def flag(self) -> None:
        self._news.set()

    def send_now(self, batch: LogBatch) -> bool:
        try:
            body = self._manner.bytes_of(batch)
        except Exception:  # noqa: BLE001 - the others are told here too: the task fails for this stream alone
            return False
        if self._manner.ends(batch):
            return False  # what ends the stream is its task's to write
        if len(body) > PIECE_BYTES or (body and not self._outlet.write_now(body_part(body))):
            return False
        self.at = batch.end
        return True

    def _note_silence(self) -> None:
        """Have a comment written, now and every ten seconds; one timer that no event touches."""
        self._comment_is_due = True
        self._news.set()
        self._timer = asyncio.get_running_loop().call_later(COMMENT_SECONDS, self._note_silence)

    async def _wait_for_leaving(self, receive: Receive) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        self._stop()

    def _stop(self) -> None:
        self._is_over = True
        self._news.set()


def _open(
    scope: Scope, stream: RunStream, space_text: str, run_text: str
) -> tuple[Credentials, OpenedRun, int]:
    now = timezone.now()
    caller, identity = caller_and_identity(scope, now=now, takes_tickets=True)
    access = caller.access(parse_space_id(space_text)).require(stream.permission)
    run_id = stream.parse_id(run_text)
    if run_id is None:
        raise NotFound
    ask = RunAsk(stream, run_id, access.space_id)
    opened = open_run(replace(caller, known_access=access), ask, base_url="", with_snapshot=False, now=now)
    return identity, opened, _after(scope)


def _after(scope: Scope) -> int:
    """Where to resume. The header wins: a browser that reconnects sends it with the address it began with."""
    for place, name, text in (
        ("header", "Last-Event-ID", header(scope, b"last-event-id")),
        ("query", "after", query(scope, "after")),
    ):
        if text:
            if not (text.isascii() and text.isdecimal() and len(text) <= 18):
                raise Invalid.field(
                    place, name, msg="Input should be an event's number", kind="int_parsing", value=text[:200]
                )
            return int(text)
    return 0
