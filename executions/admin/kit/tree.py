"""The tree that a run stands in: who called it, and what it called."""

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

MOST_RELATIVES = 500
MOST_LEVELS = 20  # both kinds of run are nested a few deep; the bound is for the loop


@dataclass(frozen=True, slots=True)
class Relative:
    """One run of a tree, drawn `indent` steps in."""

    run: Any
    indent: int


def read_tree(run: Any, rows: "QuerySet[Any]") -> list[Relative]:
    """The whole tree of a run, each below the one that called it; none for a run that stands alone.

    `rows` reads runs of its kind. One query a level, each by the index on the parent.
    """
    root = run
    while root.parent_id is not None:
        root = rows.get(pk=root.parent_id)
    known, level = [root], [root.pk]
    for _ in range(MOST_LEVELS):
        room = MOST_RELATIVES - len(known)
        found = list(rows.filter(parent_id__in=level).order_by("created_at", "id")[:room]) if level else []
        known += found
        level = [child.pk for child in found]
    return _in_order(root, known) if len(known) > 1 else []


def _in_order(root: Any, known: list[Any]) -> list[Relative]:
    children: defaultdict[Any, list[Any]] = defaultdict(list)
    for member in known[1:]:
        children[member.parent_id].append(member)
    ordered, waiting = [], [Relative(root, 0)]
    while waiting:
        relative = waiting.pop()
        ordered.append(relative)
        waiting += [Relative(child, relative.indent + 1) for child in reversed(children[relative.run.pk])]
    return ordered
