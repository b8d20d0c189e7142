"""Where agents are measured: two tenants of one deployment, and what is seen of their objectives."""

import contextlib
import json
import time
import uuid
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import psycopg

from objectives.ids import Prefix, read, spell
from tests.benchmarks.context import Context
from tests.benchmarks.failures import NotMeasured
from tests.benchmarks.http_client import HttpClient, request_bytes
from tests.benchmarks.servers import Server

CREATORS = 4  # clients that create at once
LOOK_SECONDS = 0.01
_STATES = "SELECT id, state FROM objectives_objective WHERE id = ANY(%s)"


@dataclass(frozen=True)
class Tenant:
    """Who asks: a space and a key."""

    space_id: str
    token: str

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    @property
    def path(self) -> str:
        """Where the workspace API begins."""
        return f"/v1/workspaces/{spell(Prefix.WORKSPACE, uuid.UUID(self.space_id))}"

    @property
    def space_path(self) -> str:
        """Where the API of skills begins."""
        return f"/v1/spaces/{self.space_id}"


@dataclass(frozen=True)
class Place:
    """Everything that a row of this part needs; `provider` is the port of the models' provider."""

    context: Context
    web: Server
    provider: int
    ours: Tenant
    other: Tenant
    agents: Mapping[str, str]

    def agent(self, name: str) -> str:
        """An agent's id as the workspace API writes it."""
        return spell(Prefix.AGENT, uuid.UUID(self.agents[name]))

    @contextlib.contextmanager
    def database(self) -> Iterator["psycopg.Connection[Any]"]:
        url = self.context.dataset.site.database_url
        with psycopg.connect(url, autocommit=True) as connection:
            yield connection

    def create(self, tenant: Tenant, agent: str, count: int) -> list[uuid.UUID]:
        """Create objectives of an agent as fast as some clients can."""
        body = json.dumps({"agentId": self.agent(agent), "firstUserMessage": "Go."}).encode()
        request = request_bytes(f"{tenant.path}/objectives", tenant.headers, method="POST", body=body)
        shares = [count // CREATORS + (number < count % CREATORS) for number in range(CREATORS)]
        with ThreadPoolExecutor(CREATORS) as creators:
            made = list(creators.map(lambda share: self._create(request, share), shares))
        return [objective for some in made for objective in some]

    def _create(self, request: bytes, count: int) -> list[uuid.UUID]:
        with HttpClient(self.web.port) as client:
            answers = [json.loads(client.ask(request)) for _ in range(count)]
        found = [read(Prefix.OBJECTIVE, answer["metadata"]["id"]) for answer in answers]
        return [objective for objective in found if objective is not None]

    def say(self, tenant: Tenant, objectives: Sequence[uuid.UUID], verb: str) -> dict[uuid.UUID, float]:
        """Call a verb of each; monotonic times from before each request."""
        said = {}
        with HttpClient(self.web.port) as client:
            for objective in objectives:
                path = f"{tenant.path}/objectives/{spell(Prefix.OBJECTIVE, objective)}:{verb}"
                said[objective] = time.monotonic()
                client.ask(request_bytes(path, tenant.headers, method="POST"))
        return said

    def wait_for(
        self, objectives: Collection[uuid.UUID], states: Collection[str], *, seconds: float
    ) -> dict[uuid.UUID, float]:
        """Monotonic times at which each was first seen in one of these states; raises NotMeasured."""
        seen: dict[uuid.UUID, float] = {}

        def look(connection: "psycopg.Connection[Any]") -> bool:
            left = [objective for objective in objectives if objective not in seen]
            found = connection.execute(_STATES, [left]).fetchall()
            seen.update({objective: time.monotonic() for objective, state in found if state in states})
            return len(seen) == len(objectives)

        what = f"{len(objectives)} objectives did not come to {' or '.join(sorted(states))}"
        self.until(look, what, seconds=seconds)
        return seen

    def until(self, look: Callable[["psycopg.Connection[Any]"], bool], what: str, *, seconds: float) -> float:
        """Look again and again until it holds; when that was seen. Raises NotMeasured saying `what`."""
        deadline = time.monotonic() + seconds
        with self.database() as connection:
            while time.monotonic() < deadline:
                if look(connection):
                    return time.monotonic()
                time.sleep(LOOK_SECONDS)
        raise NotMeasured(f"{what} within {seconds:.0f} s")
