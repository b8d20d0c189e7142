"""An execution's relatives: the tree of calls it stands in."""

import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from executions.models import SkillExecution

MOST_RELATIVES = 500
MOST_LEVELS = 8  # calls are at most four deep; the bound is for the loop
COLUMNS = (
    "id",
    "parent_id",
    "call_key",
    "skill_slug",
    "version",
    "state",
    "created_at",
    "started_at",
    "finished_at",
    "cost_usd",
)


@dataclass(frozen=True, slots=True)
class Relative:
    """One execution of a tree, drawn `indent` steps in."""

    execution: SkillExecution
    indent: int


def read_tree(execution: SkillExecution) -> list[Relative]:
    """The whole tree that the execution belongs to, callers before what they called, at most 500 of them.

    One query a level, each by the index on the parent.
    """
    root = _root(execution)
    known, level = [root], [root.pk]
    for _ in range(MOST_LEVELS):
        room = MOST_RELATIVES - len(known)
        children = SkillExecution.objects.filter(parent_id__in=level).only(*COLUMNS)
        found = list(children.order_by("created_at", "id")[:room]) if level and room > 0 else []
        if not found:
            break
        known += found
        level = [child.pk for child in found]
    return _in_order(root, known)


def _root(execution: SkillExecution) -> SkillExecution:
    for _ in range(MOST_LEVELS):
        if execution.parent_id is None:
            break
        execution = SkillExecution.objects.only(*COLUMNS).get(pk=execution.parent_id)
    return execution


def _in_order(root: SkillExecution, known: Iterable[SkillExecution]) -> list[Relative]:
    """Depth first, so that each stands under the one that called it."""
    children = _by_parent(known)
    ordered, waiting = [], [Relative(root, 0)]
    while waiting:
        relative = waiting.pop()
        ordered.append(relative)
        waiting += [
            Relative(child, relative.indent + 1) for child in reversed(children[relative.execution.pk])
        ]
    return ordered


def _by_parent(known: Iterable[SkillExecution]) -> Mapping[uuid.UUID, list[SkillExecution]]:
    children: defaultdict[uuid.UUID, list[SkillExecution]] = defaultdict(list)
    for member in known:
        if member.parent_id is not None:
            children[member.parent_id].append(member)
    return children
