"""An objective's relatives: the tree of sub-agents that it stands in."""

from collections import defaultdict
from dataclasses import dataclass

from objectives.actions.creating import MOST_DEPTH
from objectives.models import Objective

MOST_RELATIVES = 300
COLUMNS = ("id", "parent_id", "depth", "state", "cost_usd", "created_at", "first_user_message", "agent__name")


@dataclass(frozen=True, slots=True)
class Relative:
    """One objective of a tree, drawn `indent` steps in."""

    objective: Objective
    indent: int


def read_tree(objective: Objective) -> list[Relative]:
    """The whole tree of an objective, callers before those that they called; one query a level."""
    rows = Objective.objects.select_related("agent").only(*COLUMNS)
    root = objective
    while root.parent_id is not None:
        root = rows.get(pk=root.parent_id)
    known, level = [root], [root.pk]
    for _ in range(MOST_DEPTH):
        room = MOST_RELATIVES - len(known)
        found = list(rows.filter(parent_id__in=level).order_by("created_at", "id")[:room]) if level else []
        known += found
        level = [child.pk for child in found]
    return _in_order(root, known)


def _in_order(root: Objective, known: list[Objective]) -> list[Relative]:
    children: defaultdict[object, list[Objective]] = defaultdict(list)
    for member in known[1:]:
        children[member.parent_id].append(member)
    ordered, waiting = [], [Relative(root, 0)]
    while waiting:
        relative = waiting.pop()
        ordered.append(relative)
        below = reversed(children[relative.objective.pk])
        waiting += [Relative(child, relative.indent + 1) for child in below]
    return ordered
