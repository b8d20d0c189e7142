"""An objective's log as each of its doors tells it, with ids, times and lengths of time made alike."""

import asyncio
import re
import uuid

from executions.runs.live.batches import LogBatch
from executions.runs.live.reader import LogReader, RunLog
from objectives.client_versions import NEWEST, Dialect
from objectives.ids import Prefix, spell
from objectives.models import Objective
from objectives.representations.reader import Viewer
from objectives.streaming.encoding import EventStream
from tests.executions.runs.live.server import database_url
from tests.factories import Actor
from tests.objectives.workspace_client import WorkspaceClient

_ID = re.compile(r"\b[a-z]+_[0-7][0-9A-HJKMNP-TV-Z]{25}\b")
_TIME = re.compile(r"\d{4}-\d\d-\d\d(?:T| at )[\d:.]+Z?|(?:\b\d{4}-\d\d-\d\d )?\b\d\d:\d\d:\d\d\b")
_DURATION = re.compile(r'(?<="duration":")[\d.]+s(?=")|(?<= after )[\d.]+ m?s\b')


def batch_after(run_id: uuid.UUID, after: int = 0) -> LogBatch:
    """What the live streams read of a committed log."""

    async def read() -> LogBatch:
        reader = LogReader(database_url())
        await reader.open()
        try:
            return await RunLog(run_id).read(reader, after)
        finally:
            await reader._pool.close()

    return asyncio.run(read())


def streamed(actor: Actor, objective: Objective, dialect: Dialect = NEWEST) -> bytes:
    """All of its events as the workspace API streams them."""
    stream = EventStream(objective, Viewer(actor.tenant.id, dialect, "http://a"))
    return stream.encode(batch_after(objective.id))


def listed(actor: Actor, objective: Objective, **query: str) -> str:
    """Its first hundred events as the workspace API lists them."""
    path = f"/objectives/{spell(Prefix.OBJECTIVE, objective.id)}/events"
    client = WorkspaceClient(actor)
    return client.send("get", path, limit="100", **query).content.decode()


def alike(*texts: str) -> str:
    """The texts with each id replaced by its prefix and the place where it first stands, times by `T`."""
    text = "\n".join(texts)
    seen: dict[str, str] = {}
    text = _ID.sub(lambda found: seen.setdefault(found[0], f"{found[0].split('_')[0]}_{len(seen)}"), text)
    return _DURATION.sub("D", _TIME.sub("T", text))
