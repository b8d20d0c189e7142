"""A provider of OpenAI's chat completions that thinks and speaks at the pace that it is asked for.

The pace stands in the agent's prompt, `pace=THINK/RATE/COUNT`: seconds until the first word, words a second
(0: as fast as they are taken), and how many. A word is the time at which it is sent, in nanoseconds of a
clock that all processes of a machine share.
"""

import asyncio
import json
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass

from tests.benchmarks.child_process import say_ready
from tests.benchmarks.provider import FINAL
from tests.executions.inference.wire import chat_events

_PACE = re.compile(rb"pace=([\d.]+)/([\d.]+)/(\d+)")
_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
_BACKLOG = 2000


@dataclass(frozen=True)
class Pace:
    """How an answer comes: seconds of thinking, words a second (0 is without a pause), and how many."""

    think: float
    rate: float
    count: int

    @property
    def seconds(self) -> float:
        """From being asked to the last word."""
        return self.think + (self.count / self.rate if self.rate else 0)

    def __str__(self) -> str:
        return f"pace={self.think:g}/{self.rate:g}/{self.count}"


def serve(*, port: int) -> None:
    """Answer on 127.0.0.1 until killed."""
    asyncio.run(_serve(port))


async def _serve(port: int) -> None:
    server = await asyncio.start_server(_answer, "127.0.0.1", port, backlog=_BACKLOG)
    say_ready()
    await server.serve_forever()


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            length = _LENGTH.search(head)
            body = await reader.readexactly(int(length[1]) if length else 0)
            await _speak(writer, pace_of(body), ends_by_call=FINAL.encode() in body)
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        writer.close()


def pace_of(body: bytes) -> Pace:
    """What a request's prompt asks for; without a word of it, one word at once."""
    found = _PACE.search(body)
    return Pace(float(found[1]), float(found[2]), int(found[3])) if found else Pace(0, 0, 1)


async def _speak(writer: asyncio.StreamWriter, pace: Pace, *, ends_by_call: bool) -> None:
    await asyncio.sleep(pace.think)
    writer.write(_HEAD)
    for _ in range(pace.count):
        if pace.rate:
            await asyncio.sleep(1 / pace.rate)
        writer.write(_chunk(chat_events(f"{time.monotonic_ns()} ", finish=None, usage=None, done=False)))
        await writer.drain()
    calls = (("call_1", FINAL, json.dumps({"answer": "Said."})),) if ends_by_call else ()
    writer.write(_chunk(chat_events(calls=calls, finish="tool_calls" if calls else "stop")))
    writer.write(b"0\r\n\r\n")
    await writer.drain()


def _chunk(events: Sequence[str]) -> bytes:
    content = "".join(events).encode()
    return b"%x\r\n%b\r\n" % (len(content), content)
