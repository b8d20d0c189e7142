"""The query parameters of a route of the workspace API: which it knows, in either of two spellings."""

from collections.abc import Collection
from functools import cache
from typing import Any

from django.http import QueryDict
from pydantic.alias_generators import to_snake

from objectives.client_versions import dialect_of
from spaces.errors import Invalid
from spaces.tickets import PARAMETER as TICKET

MOST_NAMED = 10  # of the unknown ones, in an answer


class Undeclared(Exception):
    """A route reads a parameter that it does not say it takes: a fault of ours."""


class Query(QueryDict):
    """What a request asks for, by the names that the API gives its parameters.

    Only what the route declares can be read: else it would be taken without being documented.
    """

    def __init__(self, known: Collection[str]) -> None:
        super().__init__(mutable=True)
        self._known = frozenset(known)

    def __getitem__(self, key: str) -> Any:
        if key not in self._known:
            raise Undeclared(key)
        return super().__getitem__(key)

    def getlist(self, key: str, default: Any = None) -> Any:
        if key not in self._known:
            raise Undeclared(key)
        return super().getlist(key, default)


def read_query(given: QueryDict, known: Collection[str], user_agent: str) -> Query:
    """The parameters by their names, `sort_order` as `sortOrder`, as proto3's JSON takes both.

    Raises Invalid naming those that the route does not know, but not to an official client, whose newer
    releases may send them; and where both spellings of one say different things. A ticket says who asks, and
    was read before.
    """
    names = _spellings(tuple(known))
    unknown = [one for one in given if one not in names and one != TICKET]
    if unknown and not dialect_of(user_agent).is_official:
        raise Invalid([_unknown(one, known) for one in unknown[:MOST_NAMED]])
    query = Query(known)
    for spelling, values in given.lists():
        name = names.get(spelling)
        if name is None:
            continue
        if name in query and query.getlist(name) != values:
            message = f"It is also given as {to_snake(name)}, and says something else there."
            raise Invalid.field("query", name, msg=message)
        query.setlist(name, values)
    return query


@cache
def _spellings(known: tuple[str, ...]) -> dict[str, str]:
    """The name behind both spellings of each parameter, once a route."""
    return {spelling: name for name in known for spelling in (name, to_snake(name))}


def _unknown(name: str, known: Collection[str]) -> dict[str, Any]:
    takes_what = f"known are {', '.join(sorted(known))}" if known else "this takes none"
    message = f"Unknown query parameter; {takes_what}."
    return {"loc": ["query", name[:200]], "msg": message, "type": "extra_forbidden", "input": None}
