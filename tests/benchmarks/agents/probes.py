"""What others feel while a worker carries a crowd: a skill, another tenant's objective, a stop."""

import json
import uuid
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import psycopg

from tests.benchmarks.agents.place import Place, Tenant
from tests.benchmarks.http_client import HttpClient, request_bytes
from tests.benchmarks.objectives.turning import IS_FINALIZED, Stream, creating

PATIENCE_SECONDS = 30.0
_STARTED = """
SELECT extract(epoch FROM started_at - created_at) * 1000 FROM executions_skillexecution
 WHERE id = %s AND finished_at IS NOT NULL
"""


@dataclass
class Felt:
    """Milliseconds: of a skill from its dispatch to its start, of a short objective from request to end."""

    skill: list[float] = field(default_factory=list)
    objective: list[float] = field(default_factory=list)


def feel(place: Place, times: int) -> Felt:
    """Ask both of the second tenant, one after the other."""
    felt = Felt()
    for _ in range(times):
        felt.skill.append(_skill(place, place.other))
        felt.objective.append(_objective(place, place.other))
    return felt


def _skill(place: Place, tenant: Tenant) -> float:
    """By the times in its row, which web and worker take on the same machine; waits for its end."""
    path = f"{tenant.space_path}/skills/{place.context.dataset.ids['skill']}/executions"
    body = json.dumps({"inputs": {"text": "Hello."}}).encode()
    with HttpClient(place.web.port) as client:
        made = client.ask(request_bytes(path, tenant.headers, method="POST", body=body), status=201)
    execution = json.loads(made)["data"]["id"]
    found: list[float] = []

    def look(connection: "psycopg.Connection[Any]") -> bool:
        found.extend(float(row[0]) for row in connection.execute(_STARTED, [execution]).fetchall())
        return bool(found)

    place.until(look, "a skill did not end", seconds=PATIENCE_SECONDS)
    return found[0]


def _objective(place: Place, tenant: Tenant) -> float:
    """As its client sees it, on the stream that created it."""
    with Stream(place.web.port) as stream:
        begun = stream.send(creating(tenant.path, tenant.headers, place.agent("answerer")))
        return (stream.wait_for(IS_FINALIZED)[0] - begun) / 1e6


def stop(place: Place, objectives: Sequence[uuid.UUID], verb: str, states: Sequence[str]) -> list[float]:
    """Milliseconds from each request to the row that says that it took effect; one after the other."""
    with ThreadPoolExecutor(1) as watching:
        watched = watching.submit(place.wait_for, objectives, states, seconds=PATIENCE_SECONDS)
        said = place.say(place.ours, objectives, verb)
        seen = watched.result()
    return [(seen[one] - said[one]) * 1000 for one in objectives]
