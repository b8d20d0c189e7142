"""Objectives, tool calls and what happened, as the API shows them: many at once, in few queries."""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from executions.runlog.models import RunEvent
from objectives.clients import NEWEST, Dialect
from objectives.models import (
    CallKind,
    ContextWindow as WindowRow,
    Feedback as FeedbackRow,
    Objective as ObjectiveRow,
    QueuedAction as ActionRow,
    ToolCall as CallRow,
)
from objectives.portraits.agents import Profiles, profiles_of
from objectives.portraits.reading import FoundCall, secret_names_of, tool_sets_of
from objectives.results.blocks import show_blocks
from objectives.shapes.history import (
    ContextWindow,
    ContextWindowData,
    ContextWindowInfo,
    EventInfo,
    FeedbackData,
    FeedbackInfo,
    ObjectiveEvent,
    ObjectiveFeedback,
    QueuedAction,
)
from objectives.shapes.metadata import BareMetadata, OperationMetadata, Profile, ResourceMetadata
from objectives.shapes.objectives import Objective, ObjectiveInfo
from objectives.shapes.toolcalls import ToolCall, ToolCallInfo, ToolCallResult, ToolCallWithResult, secrets_of
from objectives.spelling import Json, Prefix, read, spell


@dataclass(frozen=True, slots=True)
class Reader:
    """For whom rows are shown: the account, what the client understands, and where it reached us."""

    tenant_id: uuid.UUID
    dialect: Dialect = NEWEST
    base_url: str = ""

    def operation(self, row: Any, prefix: Prefix) -> OperationMetadata:
        return OperationMetadata.of(row, prefix, tenant_id=self.tenant_id)

    def profiles(self, principal_ids: Iterable[uuid.UUID | None]) -> Profiles:
        return profiles_of((one for one in principal_ids if one is not None), tenant_id=self.tenant_id)

    def objectives(self, rows: Sequence[ObjectiveRow], *, with_info: bool) -> list[Objective]:
        """These objectives, in this order."""
        secrets = secret_names_of([row.id for row in rows])
        infos = self._objective_infos(rows) if with_info else {}
        return [
            Objective.of(
                row,
                metadata=self.operation(row, Prefix.OBJECTIVE),
                secrets=secrets.get(row.id, []),
                info=infos.get(row.id),
                dialect=self.dialect,
            )
            for row in rows
        ]

    def calls(self, rows: Sequence[CallRow], *, with_info: bool) -> list[ToolCall]:
        """These calls (with `objective` at hand), in this order, without results."""
        profiles = self.profiles(one for row in rows for one in (row.decided_by_id, row.created_by_id))
        of_tools = [row.id for row in rows if row.kind == CallKind.TOOL]
        tool_sets = tool_sets_of(of_tools) if with_info else {}
        return [
            ToolCall.of(
                row,
                metadata=self.operation(row, Prefix.TOOL_CALL),
                decided_by=profiles.get(row.decided_by_id) if row.decided_by_id else None,
                info=self._call_info(row, profiles, tool_sets.get(row.id)) if with_info else None,
                dialect=self.dialect,
            )
            for row in rows
        ]

    def call_with_result(self, found: FoundCall, *, now: datetime) -> ToolCallWithResult:
        """One call with links to its media that live from `now`."""
        row = found.call
        profiles = {one.pk: Profile.of(one, tenant_id=self.tenant_id) for one in found.people}
        blocks = None if row.result is None else show_blocks(row.result, base_url=self.base_url, now=now)
        return ToolCallWithResult.of(
            row,
            metadata=self.operation(row, Prefix.TOOL_CALL),
            decided_by=profiles.get(row.decided_by_id) if row.decided_by_id else None,
            info=self._call_info(row, profiles, found.tool_set),
            dialect=self.dialect,
            resolved_secrets=secrets_of(row),
            result=None if blocks is None else ToolCallResult(content=blocks),
        )

    def events(
        self, objective: ObjectiveRow, rows: Sequence[RunEvent], *, now: datetime, with_info: bool
    ) -> list[ObjectiveEvent]:
        """These events of one objective, in this order."""
        causes = {row.seq: self._cause(objective, row) for row in rows}
        profiles = self.profiles(causes.values()) if with_info else {}
        about = self.operation(objective, Prefix.OBJECTIVE)
        return [
            self._event(
                about, row, now, info=EventInfo(created_by=profiles[causes[row.seq]], objective=about)
                if with_info
                else None,
            )
            for row in rows
        ]  # fmt: skip

    def windows(
        self, objective: ObjectiveRow, rows: Sequence[WindowRow], *, with_info: bool
    ) -> list[ContextWindow]:
        """These windows of one objective, in this order."""
        profiles = self.profiles(row.created_by_id for row in rows) if with_info else {}
        return [
            ContextWindow(
                metadata=self.operation(row, Prefix.WINDOW),
                data=window_data(row),
                info=ContextWindowInfo(
                    objective=self.operation(objective, Prefix.OBJECTIVE),
                    created_by=profiles[row.created_by_id],
                )
                if with_info
                else None,
            )
            for row in rows
        ]

    def actions(self, rows: Sequence[ActionRow]) -> list[QueuedAction]:
        """These queued actions, in this order."""
        return [QueuedAction(**self.action_fields(row)) for row in rows]

    def action_fields(self, row: ActionRow) -> dict[str, Any]:
        """What a queued action's shape is made of."""
        return {
            "metadata": self.operation(row, Prefix.QUEUED_ACTION),
            "objective_id": spell(Prefix.OBJECTIVE, row.objective_id),
            "data": _action_data(row),
            "state": f"STATE_{row.state.upper()}",
            "sent_at": row.sent_at,
            "objective_event_id": spell(Prefix.EVENT, row.event_id) if row.event_id else None,
        }

    def feedback(self, rows: Sequence[FeedbackRow]) -> list[ObjectiveFeedback]:
        """These pieces of feedback (with `objective` and `variation` at hand), in this order."""
        profiles = self.profiles(row.created_by_id for row in rows)
        return [
            ObjectiveFeedback(
                metadata=self.operation(row, Prefix.FEEDBACK),
                data=FeedbackData(score=row.score, comment=row.comment),
                info=FeedbackInfo(
                    submitted_by=profiles[row.created_by_id],
                    objective=BareMetadata(id=spell(Prefix.OBJECTIVE, row.objective_id)),
                    agent_variation=BareMetadata(
                        id=spell(Prefix.VARIATION, row.variation.id), name=row.variation.name
                    )
                    if row.variation
                    else None,
                ),
            )
            for row in rows
        ]

    def _objective_infos(self, rows: Sequence[ObjectiveRow]) -> dict[uuid.UUID, ObjectiveInfo]:
        profiles = self.profiles(row.created_by_id for row in rows)
        newest = WindowRow.objects.filter(objective__in=rows).order_by("objective_id", "-sequence")
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
            )
            for row in rows
        }

    def _call_info(self, row: CallRow, profiles: Profiles, tool_set: Json | None) -> ToolCallInfo:
        return ToolCallInfo(
            objective=self.operation(row.objective, Prefix.OBJECTIVE),
            created_by=profiles[row.created_by_id],
            tool=BareMetadata(id=row.callable["id"], name=row.callable["name"]) if tool_set else None,
            tool_set=BareMetadata(**tool_set) if tool_set else None,
        )

    def _event(
        self, about: OperationMetadata, row: RunEvent, now: datetime, *, info: EventInfo | None
    ) -> ObjectiveEvent:
        shown = dict(row.data)
        metadata = OperationMetadata(
            id=spell(Prefix.EVENT, row.event_id),
            account_id=about.account_id,
            workspace_id=about.workspace_id,
            profile_id=shown.pop("profileId", about.profile_id),
            created_at=row.at,
        )
        return ObjectiveEvent(
            metadata=metadata,
            context_window_id=shown.pop("contextWindowId", ""),
            started_at=shown.pop("startedAt", None),
            duration=shown.pop("duration", None),
            data=self._payload(shown, now),
            info=info,
        )

    def _payload(self, data: Json, now: datetime) -> Json:
        kind = data["type"]
        if kind == "toolResult":
            content = show_blocks(data[kind]["result"]["content"], base_url=self.base_url, now=now)
            return {"type": kind, kind: {**data[kind], "result": {"content": content}}}
        if kind == "stateChanged":
            states = {key: self.dialect.state(data[kind][key]) for key in ("fromState", "toState")}
            return {"type": kind, kind: {**data[kind], **states}}
        return data

    def _cause(self, objective: ObjectiveRow, row: RunEvent) -> uuid.UUID:
        text = row.data.get("profileId")
        return (read(Prefix.PROFILE, text) if text else None) or objective.created_by_id


def window_data(row: WindowRow) -> ContextWindowData:
    return ContextWindowData(
        objective_id=spell(Prefix.OBJECTIVE, row.objective_id),
        sequence=row.sequence,
        prompt_tokens=row.prompt_tokens,
        completion_tokens=row.completion_tokens,
        previous_window_continue_instructions=row.continue_instructions,
    )


def _action_data(row: ActionRow) -> Json:
    if row.kind == "user_message":
        return {"type": "userMessage", "userMessage": {"content": row.content}}
    config = {"compactionConfig": row.compaction} if row.compaction else {}
    return {"type": "compaction", "compaction": config}
