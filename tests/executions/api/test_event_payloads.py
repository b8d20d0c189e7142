"""Each kind of event carries what the API documents for it, no more and no less."""

from datetime import timedelta
from decimal import Decimal

import pytest
from pydantic import TypeAdapter

from executions.actions.cancellation import request_cancel
from executions.actions.leased import finish_cancelled, finish_succeeded, hand_back
from executions.actions.sub_executions import note_sub_execution_finished, start_sub_execution
from executions.api.event_payloads import PAYLOADS
from executions.models import RunEvent
from executions.runner.recorder import Recorder
from executions.runs.worker.stop_signal import StopSignal
from tests.executions.api.speaking import fail, keep, make_execution, run, succeed
from tests.factories import NOW, make_actor, make_skill

pytestmark = pytest.mark.django_db

CALL = {"slug": "echo", "inputs": {"text": "x"}, "files": [], "now": NOW}


def everything_that_happens():
    """One execution or more in each way that it can go, through the actions that write the log."""
    actor = make_actor()
    make_skill(skills="[echo]")
    lease = run(make_execution(actor, thread_id="t", message_id="m"))
    recorder = Recorder(lease, StopSignal())
    recorder.progress(fraction=0.5, message="half")
    recorder.text("some text")
    recorder.tool_called(call_id="c", name="workspace.fs.read", arguments={"path": "a"})
    recorder.tool_returned(call_id="c", name="workspace.fs.read", is_error=False, summary="a text")
    recorder.usage(model="m", input_tokens=1, output_tokens=2, cost_usd=Decimal("0.5"))
    recorder.flush()
    child = start_sub_execution(lease=lease, call_key="one", **CALL)
    succeed(child)
    note_sub_execution_finished(lease=lease, child_id=child.id, now=NOW)
    keep(lease)
    hand_back(lease=lease, reason="model_error", delay=timedelta(0), now=NOW)
    finish_succeeded(lease=run(make_execution(actor, tool_call_id="c2")), outputs={"a": 1}, now=NOW)
    fail(make_execution(actor, tool_call_id="c3"))
    waiting = make_execution(actor, tool_call_id="c4")
    request_cancel(access=actor.access, execution_id=waiting.id, now=NOW)
    stopping = run(make_execution(actor, tool_call_id="c5"))
    request_cancel(access=actor.access, execution_id=stopping.run_id, now=NOW)
    finish_cancelled(lease=stopping, now=NOW)


def test_what_is_written_is_what_is_documented():
    everything_that_happens()

    events = list(RunEvent.objects.all())

    assert {event.kind for event in events} == set(PAYLOADS)
    for event in events:
        model = PAYLOADS[event.kind]
        TypeAdapter(model).validate_python(event.data)
        required = {name for name, field in model.model_fields.items() if field.is_required()}
        assert required <= set(event.data) <= set(model.model_fields), event.kind
