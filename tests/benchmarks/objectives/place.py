"""Where objectives are measured: one seeded database, and who and what is in it."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass

import psycopg

from objectives.ids import Prefix, spell
from tests.benchmarks.context import Dataset
from tests.benchmarks.failures import NotMeasured

_SOME = """
SELECT objective_id, id FROM objectives_toolcall
 WHERE space_id = %s AND execution = 'completed' ORDER BY md5(id::text) LIMIT %s
"""


@dataclass(frozen=True)
class Place:
    """The objectives of one dataset: how many there are, how many calls, and the ids of what is special."""

    dataset: Dataset
    objectives: int
    calls: int
    waiting: int  # calls
    agents: Mapping[str, str]
    models: Mapping[str, str]  # objectives that were really worked on, by their agent
    quiet_space: str

    @property
    def path(self) -> str:
        """Where the workspace API begins."""
        return f"/v1/workspaces/{spell(Prefix.WORKSPACE, uuid.UUID(self.dataset.ids['space_id']))}"

    def agent(self, name: str) -> str:
        """An agent's id as the workspace API writes it."""
        return spell(Prefix.AGENT, uuid.UUID(self.agents[name]))

    def objective_path(self, objective_id: uuid.UUID | str) -> str:
        return f"{self.path}/objectives/{spell(Prefix.OBJECTIVE, uuid.UUID(str(objective_id)))}"

    def some_calls(self, count: int) -> list[tuple[uuid.UUID, uuid.UUID]]:
        """(objective, call) of completed calls from all over the table, the same ones each time."""
        with psycopg.connect(self.dataset.site.database_url) as connection:
            found = connection.execute(_SOME, [self.dataset.ids["space_id"], count]).fetchall()
        if not found:
            raise NotMeasured("no tool call was completed")
        return found
