"""Objectives as the API shows them, read for many at once in a fixed number of queries."""

import uuid
from collections.abc import Sequence

from objectives.ids import Prefix, spell
from objectives.models import ContextWindow, Objective
from objectives.representations.reader import Viewer
from objectives.representations.selectors import secret_names_of
from objectives.schemas.metadata import OperationMetadata, ResourceMetadata
from objectives.schemas.objectives import ObjectiveInfo, ObjectiveSchema


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
    newest = ContextWindow.objects.filter(objective__in=rows).order_by("objective_id", "-sequence")
    windows = dict(newest.distinct("objective_id").values_list("objective_id", "id"))
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
