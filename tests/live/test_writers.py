"""A piece of a log is written once for all streams that write alike."""

import asyncio
from dataclasses import dataclass, field

import pytest

from executions.runlog.batches import Batch
from objectives.clients import NEWEST, Dialect
from objectives.live.encoding import EventStream
from objectives.models import Objective
from objectives.records import Reader
from spaces.ids import new_id


@dataclass(frozen=True)
class Counting:
    name: str
    asked: list[str] = field(compare=False)

    async def encode(self, batch: Batch) -> bytes:
        self.asked.append(self.name)
        await asyncio.sleep(0)
        if len(self.asked) == 1 and self.name == "fails":
            raise LookupError(self.name)
        return self.name.encode()


BATCH = {"start": 0, "end": 1, "head": 1, "is_last": False, "frames": ()}


def test_those_who_write_alike_share_what_is_written():
    batch, asked = Batch(**BATCH), list[str]()

    async def write() -> list[bytes]:
        writers = [Counting(name, asked) for name in ("a", "b", "a", "a")]
        return await asyncio.gather(*(batch.written_by(writer) for writer in writers))

    assert asyncio.run(write()) == [b"a", b"b", b"a", b"a"]
    assert asked == ["a", "b"]


def test_who_leaves_takes_it_from_nobody_and_what_failed_is_tried_again():
    batch, asked = Batch(**BATCH), list[str]()

    async def write() -> bytes:
        leaving = asyncio.create_task(batch.written_by(Counting("a", asked)))
        await asyncio.sleep(0)
        staying = asyncio.create_task(batch.written_by(Counting("a", asked)))
        leaving.cancel()
        return await staying

    async def fail_once() -> bytes:
        with pytest.raises(LookupError):
            await batch.written_by(Counting("fails", asked))
        return await batch.written_by(Counting("fails", asked))

    assert asyncio.run(write()) == b"a"
    asked.clear()
    assert asyncio.run(fail_once()) == b"fails"


def test_streams_are_alike_whose_clients_read_alike():
    objective, tenant = Objective(id=new_id()), new_id()
    newest = Reader(tenant, NEWEST, "http://a")

    assert EventStream(objective, newest) == EventStream(objective, newest)
    assert hash(EventStream(objective, newest)) == hash(EventStream(objective, newest))
    for other in (
        EventStream(objective, Reader(tenant, Dialect((1, 0)), "http://a")),
        EventStream(objective, Reader(tenant, NEWEST, "http://b")),
        EventStream(objective, newest, is_wrapped=True),
    ):
        assert other != EventStream(objective, newest)
