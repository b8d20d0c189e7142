"""Reading what is asked for most, as cheaply as it can be: one tool call, and pages of objectives."""

import itertools
import json
import uuid
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from django.db.models import Model, QuerySet, TextField
from django.db.models.functions import Cast

from objectives.ids import Json
from objectives.models import Objective, ToolCall
from objectives.schemas.metadata import Profile
from spaces.models import Principal
from spaces.prepared_sql import fetch_row, fetch_rows

type Profiles = dict[uuid.UUID, Profile]


def _ordered(model: type[Model], *wanted: str) -> list[str]:
    """These columns in the order in which a row of the model takes them."""
    return [field.attname for field in model._meta.concrete_fields if field.attname in wanted]


_SNAPSHOTS = ("agent_snapshot", "variation_snapshot")
# What the `metadata` of an objective is made of, and what lists show of a call: the rest may be long.
IDENTITY = ("id", "space_id", "external_id", "labels", "created_by_id", "created_at")
LISTED_CALL = (
    *IDENTITY,
    *("objective_id", "called_as", "kind", "approval", "execution", "memo", "decided_by_id"),
    *("callable", "arguments", "resolved_secrets", "decision_scores"),
)
LISTED_OBJECTIVE = (
    *IDENTITY,
    *("state", "state_message", "parent_id", "system_prompt", "first_user_message", "pinned_parameters"),
    *("system_prompt_data", "first_user_message_data", "output"),
    *("provider_unavailable_since", "next_try_at", "failures", "provider_message"),
    *("event_count", "tool_call_count", "input_tokens", "output_tokens", "window_count", "turn"),
    *("continued_at", "continued_by_id"),
)
_SNAPSHOT_TEXTS = {f"{name}_text": Cast(name, TextField()) for name in _SNAPSHOTS}
_CALL_FIELDS = _ordered(ToolCall, *LISTED_CALL, "result")
_JSON = {"labels", "callable", "arguments", "resolved_secrets", "decision_scores", "result"}
_OBJECTIVE_FIELDS = _ordered(Objective, *IDENTITY)
_PRINCIPAL_FIELDS = _ordered(Principal, "id", "tenant_id", "kind", "email", "display_name", "created_at")
# The columns of `_CALL`: of the call, its objective, its creator and its decider; and last its tool set.
_PARTS = (_CALL_FIELDS, _OBJECTIVE_FIELDS, _PRINCIPAL_FIELDS, _PRINCIPAL_FIELDS)
_ENDS = (0, *itertools.accumulate(map(len, _PARTS)))
_JSON_PLACES = {place for place, name in enumerate(itertools.chain(*_PARTS)) if name in _JSON} | {_ENDS[-1]}

# The set of the tool that was called, as the objective's plan has it: {"id", "name"}, empty for other calls.
_TOOL_SET = """jsonb_path_query_first(
    objective.plan, '$.offered[*] ? (@.function == $called).tool_set',
    jsonb_build_object('called', called_as))"""
_CALL = f"""
SELECT {", ".join(f"call.{name}" for name in _CALL_FIELDS)},
       {", ".join(f"objective.{name}" for name in _OBJECTIVE_FIELDS)},
       {", ".join(f"creator.{name}" for name in _PRINCIPAL_FIELDS)},
       {", ".join(f"decider.{name}" for name in _PRINCIPAL_FIELDS)},
       {_TOOL_SET}
  FROM objectives_toolcall AS call
  JOIN objectives_objective AS objective ON objective.id = call.objective_id
  JOIN spaces_principal AS creator ON creator.id = call.created_by_id
  LEFT JOIN spaces_principal AS decider ON decider.id = call.decided_by_id
 WHERE call.id = %s AND call.objective_id = %s AND call.space_id = %s
"""  # noqa: S608 - names of our own columns
_TOOL_SETS = f"""
SELECT call.id, {_TOOL_SET}
  FROM objectives_toolcall AS call JOIN objectives_objective AS objective ON objective.id = call.objective_id
 WHERE call.id = ANY(%s)
"""  # noqa: S608 - the same
_OBJECTIVES = f"""
SELECT {", ".join(_OBJECTIVE_FIELDS)} FROM objectives_objective WHERE id = ANY(%s)
"""  # noqa: S608 - the same
_OBJECTIVE = f"""
SELECT {", ".join(_OBJECTIVE_FIELDS)} FROM objectives_objective WHERE id = %s AND space_id = %s
"""  # noqa: S608 - the same
_LABELS = _OBJECTIVE_FIELDS.index("labels")
_PEOPLE = f"SELECT {', '.join(_PRINCIPAL_FIELDS)} FROM spaces_principal WHERE id = ANY(%s)"  # noqa: S608 - the same
_SECRETS = "SELECT objective_id, name FROM objectives_secret WHERE objective_id = ANY(%s) ORDER BY name"


class FoundCall(NamedTuple):
    """A call, without what its page does not show, with its objective's identity and who is named on it.

    `tool_set` is `{"id", "name"}` of the called tool's set, empty for agents and skills.
    """

    call: ToolCall
    people: Sequence[Principal]
    tool_set: Json


def find_call(space_id: uuid.UUID, objective_id: uuid.UUID, call_id: uuid.UUID) -> FoundCall | None:
    """The call of an objective of a space; None where there is none."""
    row = fetch_row(_CALL, [call_id, objective_id, space_id])
    if row is None:
        return None
    *values, tool_set = [
        json.loads(value) if place in _JSON_PLACES and value is not None else value
        for place, value in enumerate(row)
    ]
    parts = (values[start:end] for start, end in itertools.pairwise(_ENDS))
    call = ToolCall.from_db("default", _CALL_FIELDS, next(parts))
    call.objective = Objective.from_db("default", _OBJECTIVE_FIELDS, next(parts))
    people = [Principal.from_db("default", _PRINCIPAL_FIELDS, one) for one in parts if any(one)]
    return FoundCall(call, people, tool_set or {})


def listed(rows: "QuerySet[Objective]") -> "QuerySet[Objective]":
    """The rows as lists read them: what they show, their snapshots as text for `with_snapshots`."""
    return rows.only(*LISTED_OBJECTIVE).annotate(**_SNAPSHOT_TEXTS)


def with_snapshots(rows: Sequence[Objective]) -> Sequence[Objective]:
    """The rows of a page of `listed`, each different snapshot read once: most of a page share theirs."""
    known: dict[str, Json] = {}
    for row in rows:
        for name in _SNAPSHOTS:
            text = getattr(row, f"{name}_text")
            if text not in known:
                known[text] = json.loads(text)
            setattr(row, name, known[text])
    return rows


def find_objective(space_id: uuid.UUID, objective_id: uuid.UUID) -> Objective | None:
    """An objective of a space with its identity only; None where there is none."""
    row = fetch_row(_OBJECTIVE, [objective_id, space_id])
    return None if row is None else _objective(row)


def _objective(row: Sequence[Any]) -> Objective:
    values = (*row[:_LABELS], json.loads(row[_LABELS]), *row[_LABELS + 1 :])
    return Objective.from_db("default", _OBJECTIVE_FIELDS, values)


def with_objectives(calls: Sequence[ToolCall]) -> Sequence[ToolCall]:
    """The calls with their objectives' identities, each read once: many calls of a page are of the same."""
    wanted = {call.objective_id for call in calls}
    rows = fetch_rows(_OBJECTIVES, [list(wanted)]) if wanted else []
    known = {one.pk: one for one in map(_objective, rows)}
    for call in calls:
        call.objective = known[call.objective_id]
    return calls


def tool_sets_of(call_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, Json]:
    """`{"id", "name"}` of the set of each tool that was called; nothing for calls of agents and skills."""
    rows = fetch_rows(_TOOL_SETS, [list(call_ids)]) if call_ids else []
    return {call_id: found for call_id, text in rows if text and (found := json.loads(text))}


def secret_names_of(objective_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, list[str]]:
    """The names of the secrets that came with each of these objectives, in their order; nothing for none."""
    names: dict[uuid.UUID, list[str]] = {}
    for objective_id, name in fetch_rows(_SECRETS, [list(objective_ids)]) if objective_ids else []:
        names.setdefault(objective_id, []).append(name)
    return names


def profiles_of(principal_ids: Iterable[uuid.UUID], *, tenant_id: uuid.UUID) -> Profiles:
    """The profile of each of these principals, in one query."""
    rows = fetch_rows(_PEOPLE, [list(set(principal_ids))])
    people = [Principal.from_db("default", _PRINCIPAL_FIELDS, row) for row in rows]
    return {person.pk: Profile.of(person, tenant_id=tenant_id) for person in people}
