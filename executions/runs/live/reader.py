"""What can be watched, and how it is read: a few connections of the hub's own, one statement a read.

Decision: plain SQL on asynchronous connections, not the ORM in threads. A wake-up is answered on the
event loop itself, in a third of the time, and thousands of streams share these few connections.
Each read is one statement, hence one snapshot: how far a log goes and what is in it belong together.
"""

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from psycopg_pool import AsyncConnectionPool

from executions.runs.feed import FeedPosition
from executions.runs.live.batches import Frame, LogBatch, Logged, Row, batch_of, event_frame, gap_frame
from executions.runs.live.registry import id_names, run_stream
from executions.runs.wakeups import call_topic, feed_topic, run_topic

CONNECTIONS = 4
WAIT_SECONDS = 5.0  # for a connection, and for one to be made
BATCH_ROWS = 100
BATCH_BYTES = 256 * 1024  # of payloads in one read, unless the first alone is larger

_RUN = """
SELECT head.seq, head.state = 'ended', event.seq, event.kind, event.data, event.at, event.event_id,
       head.kind, event.version
  FROM executions_runhead AS head
  LEFT JOIN LATERAL (
       SELECT seq, kind, data, at, event_id, version,
              sum(octet_length(data)) OVER (ORDER BY seq) - octet_length(data) AS before
         FROM (SELECT seq, kind, data::text AS data, at, event_id, version FROM executions_runevent
                WHERE run_id = head.run_id AND seq > %(after)s ORDER BY seq LIMIT %(rows)s) AS next
  ) AS event ON event.before < %(bytes)s
 WHERE head.run_id = %(id)s ORDER BY event.seq
"""
_FEED = """
SELECT head.n, head.epoch,
       entry.n, event.kind, (event.data - 'outputs')::text, event.at, entry.run_id, run.kind,
       event.version
  FROM executions_feedhead AS head
  LEFT JOIN LATERAL (
       SELECT n, run_id, run_seq FROM executions_feedentry
        WHERE space_id = head.space_id AND n > %(after)s ORDER BY n LIMIT %(rows)s
  ) AS entry ON true
  LEFT JOIN executions_runevent AS event ON event.run_id = entry.run_id AND event.seq = entry.run_seq
  LEFT JOIN executions_runhead AS run ON run.run_id = entry.run_id
 WHERE head.space_id = %(id)s ORDER BY entry.n
"""
_RUNS_AHEAD = """
SELECT head.run_id, head.seq FROM unnest(%s::uuid[], %s::bigint[]) AS known (run_id, seq)
  JOIN executions_runhead AS head ON head.run_id = known.run_id AND head.seq > known.seq
"""
_FEEDS_AHEAD = """
SELECT head.space_id, head.n FROM unnest(%s::uuid[], %s::bigint[]) AS known (space_id, n)
  JOIN executions_feedhead AS head ON head.space_id = known.space_id AND head.n > known.n
"""


class LogReader:
    """The connections; to be opened and closed in the event loop that uses them.

    Every method raises psycopg.Error (PoolTimeout is one) while the database cannot be reached.
    """

    def __init__(self, url: str) -> None:
        self._pool = AsyncConnectionPool(
            url,
            min_size=1,
            max_size=CONNECTIONS,
            timeout=WAIT_SECONDS,
            reconnect_timeout=WAIT_SECONDS,  # else its pauses double, for minutes after a long outage
            open=False,
            kwargs={
                "autocommit": True,
                "connect_timeout": int(WAIT_SECONDS),
                "application_name": "callboard runlog",
            },
            name="runlog",
        )

    async def open(self) -> None:
        await self._pool.open()

    async def rows(self, query: str, values: Mapping[str, Any] | Sequence[Any]) -> list[Any]:
        async with self._pool.connection() as connection:
            answer = await connection.execute(query, values)
            return await answer.fetchall()

    async def runs_ahead(self, known: Mapping[uuid.UUID, int]) -> list[tuple[uuid.UUID, int]]:
        """The runs, of those given, that have gone beyond the number given, and their numbers now."""
        return await self.rows(_RUNS_AHEAD, [list(known), list(known.values())]) if known else []

    async def feeds_ahead(self, known: Mapping[uuid.UUID, int]) -> list[tuple[uuid.UUID, int]]:
        """The same for the feeds of spaces."""
        return await self.rows(_FEEDS_AHEAD, [list(known), list(known.values())]) if known else []


class Log(Protocol):
    """A topic with numbered entries."""

    @property
    def topic(self) -> str: ...

    async def read(self, reader: LogReader, after: int) -> LogBatch:
        """What follows a number; raises psycopg.Error."""
        ...


@dataclass(frozen=True, slots=True)
class RunLog:
    """The events of one run."""

    run_id: uuid.UUID

    @property
    def topic(self) -> str:
        return run_topic(self.run_id)

    async def read(self, reader: LogReader, after: int) -> LogBatch:
        """A run that is gone reads as ended."""
        values = {"id": self.run_id, "after": after, "rows": BATCH_ROWS, "bytes": BATCH_BYTES}
        rows = await reader.rows(_RUN, values)
        head, has_ended = rows[0][:2] if rows else (after, True)
        found = []
        for _, _, seq, logged_kind, text, at, event_id, run_kind, version in rows:
            if seq is not None:
                kind, data = _in_words_of_today(run_kind, version, logged_kind, text)
                logged = Logged(event_id, data, at)
                frame = event_frame(seq, kind, data, _wire_time(at), seq=str(seq), logged=logged)
                found.append(Row(seq, frame))
        return batch_of(after, head, found, has_ended=has_ended, write_gap=_number_gap)


@dataclass(frozen=True, slots=True)
class FeedLog:
    """The state changes in one space."""

    space_id: uuid.UUID

    @property
    def topic(self) -> str:
        return feed_topic(self.space_id)

    async def read(self, reader: LogReader, after: int) -> LogBatch:
        """A feed never ends. Outputs are left out of the payloads: a feed is for lists."""
        rows = await reader.rows(_FEED, {"id": self.space_id, "after": after, "rows": BATCH_ROWS})
        if not rows:
            return LogBatch(after, after, after, is_last=False, frames=())
        head, epoch = rows[0][:2]
        names = id_names()
        found = [_feed_row(epoch, row[2:], names) for row in rows if row[2] is not None]

        def write_gap(first: int, last: int) -> Frame:
            return gap_frame(_cursor(epoch, first), _cursor(epoch, last), last)

        return batch_of(after, head, found, has_ended=False, write_gap=write_gap)


@dataclass(frozen=True, slots=True)
class CallTopic:
    """A tool call in a space: nothing to read, only the news that an execution was made for it."""

    space_id: uuid.UUID
    tool_call_id: str

    @property
    def topic(self) -> str:
        return call_topic(self.space_id, self.tool_call_id)


def _feed_row(epoch: uuid.UUID, row: Sequence[Any], id_names: Mapping[str, str]) -> Row:
    n, kind, data, at, run_id, run_kind, version = row
    if kind is None or run_kind not in id_names:
        return Row(n, None)
    kind, data = _in_words_of_today(run_kind, version, kind, data)
    also = f',"{id_names[run_kind]}":"{run_id}"'
    return Row(n, event_frame(n, kind, data, _wire_time(at), seq=_cursor(epoch, n), also=also))


def _in_words_of_today(run_kind: str, version: int, kind: str, data: str) -> tuple[str, str]:
    """Kind and payload (a JSON text): logs are never rewritten, so what is old is put into words of today."""
    upcast = run_stream(run_kind).upcast if version == 1 else None
    if upcast is None:
        return kind, data
    kind, facts = upcast(kind, json.loads(data))
    return kind, json.dumps(facts)


def _number_gap(first: int, last: int) -> Frame:
    return gap_frame(str(first), str(last), last)


def _cursor(epoch: uuid.UUID, n: int) -> str:
    """A place in a feed as a JSON text; a cursor needs no escaping."""
    return f'"{FeedPosition(epoch, n)}"'


def _wire_time(moment: datetime) -> str:
    """As everywhere on the wire: UTC, to the millisecond, ending in `Z`."""
    return f"{moment.astimezone(UTC).replace(tzinfo=None).isoformat()[:23]}Z"
