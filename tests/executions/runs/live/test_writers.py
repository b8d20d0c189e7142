"""A piece of a log is written once for all streams that write alike."""

import json
from dataclasses import dataclass, field

import pytest

from executions.runs.event_kinds import EventKind
from executions.runs.live.batches import LogBatch, Logged, event_frame
from objectives.client_versions import NEWEST, Dialect
from objectives.ids import Prefix, spell
from objectives.models import Objective
from objectives.representations.reader import Viewer
from objectives.streaming.encoding import EventStream
from spaces.ids import new_id
from tests.factories import NOW


@dataclass(frozen=True)
class Counting:
    name: str
    asked: list[str] = field(compare=False)

    def encode(self, batch: LogBatch) -> bytes:
        self.asked.append(self.name)
        if len(self.asked) == 1 and self.name == "fails":
            raise LookupError(self.name)
        return self.name.encode()


BATCH = {"start": 0, "end": 1, "head": 1, "is_last": False}


def test_those_who_write_alike_share_what_is_written():
    batch, asked = LogBatch(**BATCH, frames=()), list[str]()

    written = [batch.written_by(Counting(name, asked)) for name in ("a", "b", "a", "a")]

    assert written == [b"a", b"b", b"a", b"a"]
    assert asked == ["a", "b"]


def test_what_failed_is_tried_again():
    batch, asked = LogBatch(**BATCH, frames=()), list[str]()

    with pytest.raises(LookupError):
        batch.written_by(Counting("fails", asked))

    assert batch.written_by(Counting("fails", asked)) == b"fails"


def test_a_stream_writes_what_its_client_can_read_and_integers_of_any_size():
    objective, now = Objective(id=new_id(), space_id=new_id(), created_by_id=new_id(), created_at=NOW), NOW
    facts = {"output": {"order": 10**30}}
    frames = [
        event_frame(number, kind, data, "", seq=str(number), logged=Logged(new_id(), data, now))
        for number, (kind, data) in enumerate(
            [(EventKind.FINALIZED, json.dumps(facts)), (EventKind.TEXT, "{}")], 1
        )
    ]

    stream = EventStream(objective, Viewer(new_id(), NEWEST, "http://a"))
    written = stream.encode(LogBatch(**{**BATCH, "end": 2}, frames=frames)).decode()

    assert written.startswith(f"id: {spell(Prefix.EVENT, frames[0].logged.event_id)}\ndata: {{")
    assert written.count("data: ") == 1
    assert json.loads(written.partition("data: ")[2])["data"] == {"type": "finalized", "finalized": facts}


def test_streams_are_alike_whose_clients_read_alike():
    objective, tenant = Objective(id=new_id()), new_id()
    newest = Viewer(tenant, NEWEST, "http://a")

    assert EventStream(objective, newest) == EventStream(objective, newest)
    assert hash(EventStream(objective, newest)) == hash(EventStream(objective, newest))
    for other in (
        EventStream(objective, Viewer(tenant, Dialect((1, 0)), "http://a")),
        EventStream(objective, Viewer(tenant, NEWEST, "http://b")),
        EventStream(objective, newest, is_wrapped=True),
    ):
        assert other != EventStream(objective, newest)
