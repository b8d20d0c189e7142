"""Seeds a world with objectives: some are really worked on, the others are their copies."""

import json
import time
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import psycopg

from config.bench.apart import call_apart
from config.bench.failures import NotMeasured
from config.bench.lines import Line, request_bytes
from config.bench.objectives.copying import WAITING_EACH, fill
from config.bench.objectives.place import Place
from config.bench.servers import Server, web, worker
from config.bench.stage import Steps, World
from objectives.spelling import Prefix, read, spell

CALLS_EACH = 4  # of a finished objective: so many fewer objectives than calls
WAITING_CALLS = 2  # of one that waits
MODELS = {"clerk": "FINALIZED", "asker": "WAITING", "long": "FINALIZED"}  # agents, and where they come to
WORK_SECONDS = 90.0
LOOK_SECONDS = 0.1
CAST_SECONDS = 60.0

_TOOLS_AT = "UPDATE objectives_toolset SET base_url = %s"


def populate(world: World, steps: Steps) -> Place:
    """About as many tool calls as the world has executions; one in fifty of them waits for people."""
    agents, quiet_space = _cast(world)
    with web(world.site, processes=1) as server, worker(world.site, server.port):
        point_tools_at(world, server)
        steps.say("objectives: three are worked on, to be copied")
        models = _worked_on(world, server, agents)
    rows = world.rows // CALLS_EACH
    with steps.counting(f"seeding {rows:,} objectives with their tool calls", rows) as advance:
        fill(
            world.site.database_url,
            rows=rows,
            newest=datetime.now(UTC),
            models={False: models["clerk"], True: models["asker"]},
            quiet={"quiet_space": quiet_space, "quiet_agent": agents["retired"]},
            advance=advance,
        )
    waiting = rows // WAITING_EACH * WAITING_CALLS
    calls = (rows - rows // WAITING_EACH) * CALLS_EACH + waiting
    return Place(world, rows, calls, waiting, agents, models, quiet_space)


def point_tools_at(world: World, server: Server) -> None:
    """Have the tools of objectives that are made from now on called at a server of ours."""
    with psycopg.connect(world.site.database_url, autocommit=True) as connection:
        connection.execute(_TOOLS_AT, [f"http://127.0.0.1:{server.port}"])


def _cast(world: World) -> tuple[dict[str, str], str]:
    made = call_apart(
        "config.bench.objectives.cast.make_cast",
        seconds=CAST_SECONDS,
        env=world.site.env,
        ids=dict(world.ids),
        tools_at="http://127.0.0.1/",
    )
    return made["agents"], made["quiet_space"]


def _worked_on(world: World, server: Server, agents: Mapping[str, str]) -> dict[str, str]:
    """Objectives by their agent, once each has come to where it is to be copied."""
    path = f"/v1/workspaces/{spell(Prefix.WORKSPACE, uuid.UUID(world.ids['space_id']))}/objectives"
    with Line(server.port) as line:
        begun = {name: _begin(line, path, world, agents[name]) for name in MODELS}
        for name, state in MODELS.items():
            _wait_until(line, f"{path}/{begun[name]}", world, f"OBJECTIVE_STATE_{state}")
    return {name: str(read(Prefix.OBJECTIVE, address)) for name, address in begun.items()}


def _begin(line: Line, path: str, world: World, agent: str) -> str:
    asked = {
        "agentId": spell(Prefix.AGENT, uuid.UUID(agent)),
        "firstUserMessage": "Where is order 2026-00017?",
    }
    request = request_bytes(path, world.headers, method="POST", body=json.dumps(asked).encode())
    return str(json.loads(line.ask(request))["metadata"]["id"])


def _wait_until(line: Line, path: str, world: World, state: str) -> None:
    deadline, shown = time.monotonic() + WORK_SECONDS, dict[str, Any]()
    while time.monotonic() < deadline:
        shown = json.loads(line.ask(request_bytes(path, world.headers)))
        if shown["state"] == state:
            return
        time.sleep(LOOK_SECONDS)
    raise NotMeasured(f"{path} did not come to {state}: it is {shown['state']}, {shown['stateMessage']}")
