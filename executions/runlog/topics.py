"""What can be watched: a run, a space's feed, a tool call that may come to have an execution."""

import uuid
from dataclasses import dataclass
from typing import Protocol

from executions.runlog.batches import Batch
from executions.runlog.reader import Reader
from executions.runlog.streams import id_names
from executions.runlog.wakeups import call_topic, feed_topic, run_topic


class Log(Protocol):
    """A topic with numbered entries."""

    @property
    def topic(self) -> str: ...

    async def read(self, reader: Reader, after: int) -> Batch:
        """What follows a number; raises psycopg.Error."""
        ...


@dataclass(frozen=True, slots=True)
class RunLog:
    """The events of one run."""

    run_id: uuid.UUID

    @property
    def topic(self) -> str:
        return run_topic(self.run_id)

    async def read(self, reader: Reader, after: int) -> Batch:
        return await reader.run_after(self.run_id, after)


@dataclass(frozen=True, slots=True)
class FeedLog:
    """The state changes in one space."""

    space_id: uuid.UUID

    @property
    def topic(self) -> str:
        return feed_topic(self.space_id)

    async def read(self, reader: Reader, after: int) -> Batch:
        return await reader.feed_after(self.space_id, after, id_names())


@dataclass(frozen=True, slots=True)
class Call:
    """A tool call in a space: nothing to read, only the news that an execution was made for it."""

    space_id: uuid.UUID
    tool_call_id: str

    @property
    def topic(self) -> str:
        return call_topic(self.space_id, self.tool_call_id)
