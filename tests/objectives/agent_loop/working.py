"""Objectives of the demo model, worked on in the test's own process, and what their log and rows say."""

import json
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from django.utils import timezone

from executions.models import RunEvent, RunHead
from executions.runs.group_writer import GroupWriter
from executions.runs.lease import Lease
from executions.runs.registry import begin_run
from executions.runs.worker.context import Bench
from executions.runs.worker.heartbeat import HeldLease
from executions.runs.worker.stop_signal import StopSignal
from objectives.agent_loop.attempt import run_attempt
from objectives.agent_loop.context import AttemptContext, TextRecorder
from objectives.events import PUBLIC
from objectives.models import AdapterKind, Objective, Tool, ToolCall
from objectives.planning.plan import Plan
from objectives.representations.events import show_events
from objectives.representations.reader import Viewer
from tests.executions.runs.worker.benches import run_here
from tests.factories import Actor
from tests.objectives.factories import make_tool, make_tool_set
from tests.objectives.runs import begin_objective, make_published_agent

# Steps of a demo script.
type Script = list[dict[str, Any]]


def prompt_with(script: Script) -> str:
    """A system prompt that holds a script for the demo model."""
    return f"Do what the script says.\n\n```demo\n{json.dumps(script)}\n```\n"


def start(
    actor: Actor,
    *calls: Any,
    script: Script,
    output: Any = None,
    wanted: dict[str, Any] | None = None,
    plan: dict[str, Any] | None = None,
    **variation: Any,
) -> Objective:
    """An objective that waits for its first worker; its agent may call these things.

    `plan` replaces fields of the stored plan, for what no configuration can say.
    """
    agent = make_published_agent(actor, *calls, system_prompt_template=prompt_with(script), **variation)
    if output is not None:
        agent.output_definition = output
        agent.save(update_fields=["output_definition"])
    objective = begin_objective(actor, agent, **(wanted or {}))
    if plan is not None:
        objective.plan = {**Plan.read(objective.plan).stored(), **plan}
        objective.save(update_fields=["plan"])
    return objective


def bare_tool(actor: Actor, name: str = "ask", **fields: Any) -> Tool:
    tool_set = make_tool_set(
        space=actor.space, created_by=actor.principal, name=name, adapter=AdapterKind.BARE
    )
    return make_tool(tool_set=tool_set, name=name, **fields)


def http_tool(actor: Actor, url: str, name: str = "find", method: str = "GET", **fields: Any) -> Tool:
    tool_set = make_tool_set(space=actor.space, created_by=actor.principal, name=name, base_url=url)
    config = {"requestMethod": method, "path": f"/{name}"}
    return make_tool(tool_set=tool_set, name=name, **{"config": config, **fields})


def work(objective: Objective, bench: Bench) -> Objective:
    """The objective after one attempt in this process."""
    taken_at = time.monotonic()
    lease = begin_run(kind="objective", run_id=objective.id, owner=bench.owner, now=timezone.now())
    assert lease is not None
    run_here(lambda steps: run_attempt(lease, taken_at, replace(bench, steps=steps)))
    return fresh(objective)


class StepByStep:
    """What a worker holds that has this lease; its steps are taken one by one."""

    def __init__(self, lease: Lease) -> None:
        stop = StopSignal()
        recorder = TextRecorder(lease, stop, GroupWriter())
        self._held = HeldLease(lease, stop, recorder, time.monotonic())

    def step(self, do: Callable[..., Any], *args: Any) -> Any:
        return run_here(lambda steps: AttemptContext(self._held, steps).step(do, *args))


def fresh(objective: Objective) -> Objective:
    return Objective.objects.get(pk=objective.pk)


def head_of(objective: Objective) -> RunHead:
    return RunHead.objects.get(pk=objective.pk)


def types(objective: Objective) -> list[str]:
    """The types of its public events, in order; a change of state as the state it goes to."""
    return [
        one["stateChanged"]["toState"][16:] if one["type"] == "stateChanged" else one["type"]
        for one in told(objective)
    ]


def payloads(objective: Objective, name: str) -> list[dict[str, Any]]:
    """The payloads of its public events of one type, in order."""
    return [one[name] for one in told(objective) if one["type"] == name]


def told(objective: Objective) -> list[dict[str, Any]]:
    """What the workspace API tells of its public events, in order."""
    rows = RunEvent.objects.filter(run_id=objective.id, kind__in=PUBLIC).order_by("seq")
    reader = Viewer(objective.space.tenant_id)
    shown = show_events(objective, list(rows), reader=reader, now=timezone.now(), with_info=False)
    return [one.data for one in shown]


def said(objective: Objective) -> list[str]:
    """What the model said, response by response, without the demo model's announcement."""
    texts = [one.get("content", "") for one in payloads(objective, "assistantMessage")]
    return [text.removeprefix("Demo model: no language model was asked.\n") for text in texts]


def calls_of(objective: Objective) -> list[ToolCall]:
    """Its tool calls in the order in which they were asked for."""
    return list(ToolCall.objects.filter(objective=objective).order_by("step__turn", "place"))
