"""Seeds a dataset with objectives: some are really worked on, the others are their copies."""

import json
import time
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import psycopg

from objectives.ids import Prefix, read, spell
from tests.benchmarks.child_process import call_in_child
from tests.benchmarks.context import Dataset, Steps
from tests.benchmarks.failures import NotMeasured
from tests.benchmarks.http_client import HttpClient, request_bytes
from tests.benchmarks.objectives.copying import WAITING_EACH, fill
from tests.benchmarks.objectives.place import Place
from tests.benchmarks.servers import Server, web, worker

CALLS_EACH = 4  # of a finished objective: so many fewer objectives than calls
WAITING_CALLS = 2  # of one that waits
MODELS = {"clerk": "FINALIZED", "asker": "WAITING", "long": "FINALIZED"}  # agents, and where they come to
WORK_SECONDS = 90.0
LOOK_SECONDS = 0.1
CAST_SECONDS = 60.0

_TOOLS_AT = "UPDATE objectives_toolset SET base_url = %s"


def populate(dataset: Dataset, steps: Steps) -> Place:
    """About as many tool calls as the dataset has executions; one in fifty of them waits for people."""
    agents, quiet_space = _fixtures(dataset)
    with web(dataset.site, processes=1) as server, worker(dataset.site):
        point_tools_at(dataset, server)
        steps.say("objectives: three are worked on, to be copied")
        models = _worked_on(dataset, server, agents)
    rows = dataset.rows // CALLS_EACH
    with steps.counting(f"seeding {rows:,} objectives with their tool calls", rows) as advance:
        fill(
            dataset.site.database_url,
            rows=rows,
            newest=datetime.now(UTC),
            models={False: models["clerk"], True: models["asker"]},
            quiet={"quiet_space": quiet_space, "quiet_agent": agents["retired"]},
            advance=advance,
        )
    waiting = rows // WAITING_EACH * WAITING_CALLS
    calls = (rows - rows // WAITING_EACH) * CALLS_EACH + waiting
    return Place(dataset, rows, calls, waiting, agents, models, quiet_space)


def point_tools_at(dataset: Dataset, server: Server) -> None:
    """Have the tools of objectives that are made from now on called at a server of ours."""
    with psycopg.connect(dataset.site.database_url, autocommit=True) as connection:
        connection.execute(_TOOLS_AT, [f"http://127.0.0.1:{server.port}"])


def _fixtures(dataset: Dataset) -> tuple[dict[str, str], str]:
    made = call_in_child(
        "tests.benchmarks.objectives.fixtures.make_fixtures",
        seconds=CAST_SECONDS,
        env=dataset.site.env,
        ids=dict(dataset.ids),
        tools_at="http://127.0.0.1/",
    )
    return made["agents"], made["quiet_space"]


def _worked_on(dataset: Dataset, server: Server, agents: Mapping[str, str]) -> dict[str, str]:
    """Objectives by their agent, once each has come to where it is to be copied."""
    path = f"/v1/workspaces/{spell(Prefix.WORKSPACE, uuid.UUID(dataset.ids['space_id']))}/objectives"
    with HttpClient(server.port) as client:
        begun = {name: _begin(client, path, dataset, agents[name]) for name in MODELS}
        for name, state in MODELS.items():
            _wait_until(client, f"{path}/{begun[name]}", dataset, f"OBJECTIVE_STATE_{state}")
    return {name: str(read(Prefix.OBJECTIVE, address)) for name, address in begun.items()}


def _begin(client: HttpClient, path: str, dataset: Dataset, agent: str) -> str:
    asked = {
        "agentId": spell(Prefix.AGENT, uuid.UUID(agent)),
        "firstUserMessage": "Where is order 2026-00017?",
    }
    request = request_bytes(path, dataset.headers, method="POST", body=json.dumps(asked).encode())
    return str(json.loads(client.ask(request))["metadata"]["id"])


def _wait_until(client: HttpClient, path: str, dataset: Dataset, state: str) -> None:
    deadline, shown = time.monotonic() + WORK_SECONDS, dict[str, Any]()
    while time.monotonic() < deadline:
        shown = json.loads(client.ask(request_bytes(path, dataset.headers)))
        if shown["state"] == state:
            return
        time.sleep(LOOK_SECONDS)
    raise NotMeasured(f"{path} did not come to {state}: it is {shown['state']}, {shown['stateMessage']}")
