"""The lists of frames and event kinds: complete, documented, and what is really written."""

import re
import uuid
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import get_args, get_type_hints

import pytest
from django.utils import timezone

from executions.actions.cancellation import request_cancel
from executions.actions.claim import claim
from executions.actions.leased import finish_cancelled, finish_failed, hand_back
from executions.actions.sub_executions import note_sub_execution_finished, start_sub_execution
from executions.api.event_payloads import PAYLOADS
from executions.models import FeedEntry, RunEvent
from executions.runner.recorder import Recorder
from executions.runs import event_kinds
from executions.runs.claims import called
from executions.runs.live.frames import ERROR_CODES, OUTGOING
from executions.runs.live.socket.client_frames import INCOMING
from executions.runs.registry import begin_run
from executions.runs.worker.stop_signal import StopSignal
from objectives.events import PUBLIC
from spaces.ticket_scopes import May, TicketKind
from spaces.tickets import MOST_SECONDS, SECONDS
from tests.executions.runs.live.runs import Run, make_run
from tests.factories import Actor

ROOT = Path(__file__).resolve().parents[4]
TOOLS = {"artifact.commit"}  # a tool's name, spelled like a kind
NAMED = re.compile(r"""["']((?:execution|text|tool|artifact|usage|sub_execution)\.[a-z_]+)["']""")


def test_every_kind_that_is_written_is_listed_and_every_listed_kind_is_written():
    written: set[str] = set()
    for pattern in ("actions/**/*.py", "runner/**/*.py", "lifecycle.py"):
        for path in (ROOT / "executions").glob(pattern):
            text = path.read_text()
            written |= {kind for kind in NAMED.findall(text) if kind not in TOOLS}
            written |= {event_kinds.EventKind[name] for name in re.findall(r"\bEventKind\.([A-Z_]+)", text)}

    assert written == set(PAYLOADS)


def test_every_kind_of_the_one_list_is_an_execution_s_or_an_objective_s():
    kind = event_kinds.EventKind
    on_sockets_only = {kind.TEXT, kind.RESTARTED, kind.MESSAGE_QUEUED, kind.MESSAGE_WITHDRAWN}

    assert set(PAYLOADS) | PUBLIC | on_sockets_only == set(kind)


def test_every_kind_and_frame_and_code_says_what_it_means():
    assert all(described.__doc__ for described in (*PAYLOADS.values(), *OUTGOING, *INCOMING))
    assert all(ERROR_CODES.values())


def test_the_documents_list_exactly_these():
    section = (ROOT / "docs/reference.md").read_text().partition("## Live stream")[2].partition("\n## ")[0]
    listed = set(re.findall(r"^\| `([a-z_.]+)` \|", section, re.MULTILINE))
    sent = {get_args(get_type_hints(frame)["type"])[0] for frame in OUTGOING}
    taken = {get_args(get_type_hints(frame)["type"])[0] for frame in INCOMING}

    assert listed == set(PAYLOADS) | sent | taken | set(ERROR_CODES)


def test_the_documents_list_the_members_of_each_frame():
    section = (ROOT / "docs/reference.md").read_text().partition("## Live stream")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| `([a-z_]+)` \| .* \| ([^|]+) \|$", section, re.MULTILINE)
    listed = {kind: {name.strip(" `") for name in members.split(",")} for kind, members in rows}

    for frame in (*OUTGOING, *INCOMING):
        kind = get_args(get_type_hints(frame)["type"])[0]
        required = getattr(frame, "__required_keys__", None)
        if required is None:
            required = {name for name, field in frame.model_fields.items() if field.is_required()}
        shown = {
            name if name in required else f"{name}`?" for name in get_type_hints(frame) if name != "type"
        }
        shown -= {"model_config`?"}
        assert listed[kind] == shown, kind


def test_the_documents_list_what_tickets_are_for_and_what_they_let_do():
    section = (ROOT / "docs/chat-clients.md").read_text().partition("## Tickets")[2].partition("\n## ")[0]

    assert re.findall(r"^\| `([a-z_]+)` \|", section, re.MULTILINE) == ["for", *TicketKind, "may", *May]
    for number in (f"{SECONDS} unless", f"{MOST_SECONDS:,} at most"):
        assert number in section


@pytest.mark.django_db
def test_payloads_have_the_members_that_their_kind_lists():
    run = make_run(tool_call_id="parent")
    tell_everything(run)
    other = make_run(actor=run.actor, tool_call_id="other")
    hand_back(lease=other.lease, reason="shutdown", delay=timedelta(0), now=timezone.now())
    fail(run.actor, other.execution.id)

    for event in RunEvent.objects.all():
        members = PAYLOADS[event.kind].model_fields
        assert set(event.data) <= set(members), event.kind
        assert set(event.data) >= {name for name, member in members.items() if member.is_required()}, (
            event.kind
        )
        PAYLOADS[event.kind].model_validate(event.data)
    feed = {
        RunEvent.objects.get(run_id=entry.run_id, seq=entry.run_seq).kind for entry in FeedEntry.objects.all()
    }
    assert feed <= {kind for kind in PAYLOADS if kind.startswith("execution.")} - {"execution.progressed"}


def tell_everything(run: Run) -> None:
    recorder = Recorder(run.lease, StopSignal())
    recorder.progress(fraction=0.5, message="half")
    recorder.text("hello")
    recorder.tool_called(call_id="1", name="workspace.fs.list", arguments={})
    recorder.tool_returned(call_id="1", name="workspace.fs.list", is_error=False, summary="")
    recorder.usage(model="demo", input_tokens=1, output_tokens=2, cost_usd=Decimal("0.1"))
    recorder.flush()
    now = timezone.now()
    child = start_sub_execution(
        lease=run.lease, call_key="k", slug="echo", inputs={"text": "x"}, files=[], now=now
    )
    begun = claim(called(child.id), owner=uuid.uuid4(), now=now)
    finish_failed(lease=begun, reason="skill_error", error={"type": "skill_error", "message": "no"}, now=now)
    note_sub_execution_finished(lease=run.lease, child_id=child.id, now=now)
    request_cancel(access=run.actor.access, execution_id=run.execution.id, now=now)
    finish_cancelled(lease=run.lease, now=now)


def fail(actor: Actor, execution_id: uuid.UUID):
    lease = begin_run(kind="execution", run_id=execution_id, owner=uuid.uuid4(), now=timezone.now())
    finish_failed(
        lease=lease, reason="timeout", error={"type": "timeout", "message": "late"}, now=timezone.now()
    )
