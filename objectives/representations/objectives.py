"""Objectives as the API shows them, read for many at once in a fixed number of queries."""

import uuid
from collections.abc import Sequence

from objectives.ids import Prefix, spell
from objectives.models import Objective
from objectives.representations.reader import Viewer
from objectives.representations.selectors import secret_names_of
from objectives.schemas.metadata import OperationMetadata, ResourceMetadata
from objectives.schemas.objectives import ObjectiveInfo, ObjectiveSchema
from spaces.prepared_sql import fetch_rows

# The newest context window of each of some objectives.
_WINDOWS = """
SELECT DISTINCT ON (objective_id) objective_id, id FROM objectives_contextwindow
 WHERE objective_id = ANY(%s) ORDER BY objective_id, sequence DESC
"""


def show_objectives(rows: Sequence[Objective], *, reader: Viewer, with_info: bool) -> list[ObjectiveSchema]:
    """These objectives, in this order."""
    secrets = secret_names_of([row.id for row in rows])
    infos = _infos(rows, reader) if with_info else {}
    return [
        ObjectiveSchema.of(
            row,
            metadata=OperationMetadata.of(row, Prefix.OBJECTIVE, tenant_id=reader.tenant_id),
            secrets=secrets.get(row.id, []),
            info=infos.get(row.id),
            dialect=reader.dialect,
        )
        for row in rows
    ]


def _infos(rows: Sequence[Objective], reader: Viewer) -> dict[uuid.UUID, ObjectiveInfo]:
    profiles = reader.profiles(one for row in rows for one in (row.created_by_id, row.continued_by_id))
    windows: dict[uuid.UUID, uuid.UUID] = dict(fetch_rows(_WINDOWS, [[row.id for row in rows]]))
    return {
        row.id: ObjectiveInfo(
            total_events=row.event_count,
            total_tool_calls=row.tool_call_count,
            total_input_tokens=row.input_tokens,
            total_output_tokens=row.output_tokens,
            total_context_windows=row.window_count,
            total_iterations=row.turn,
            created_by=profiles[row.created_by_id],
            agent=ResourceMetadata.model_validate(row.agent_snapshot["metadata"]),
            agent_variation=ResourceMetadata.model_validate(row.variation_snapshot["metadata"]),
            current_context_window_id=spell(Prefix.WINDOW, windows[row.id]),
            continued_at=row.continued_at,
            continued_by=profiles[row.continued_by_id] if row.continued_by_id else None,
        )
        for row in rows
    }
