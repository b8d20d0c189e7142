"""How the routes of both APIs are written: collections, what lies in them, and verbs."""

import uuid
from collections.abc import Iterable
from keyword import iskeyword
from typing import Any

from django.urls import URLPattern, path, register_converter
from django.urls.converters import StringConverter
from pydantic.alias_generators import to_snake

from spaces.ids import parse_uuid


class SpaceId(StringConverter):
    """A space by its id.

    What is none stays the text that it is: the view refuses it, once it is known who asks.
    """

    def to_python(self, value: str) -> uuid.UUID | str:  # type: ignore[override]
        return parse_uuid(value) or value


class WholeRest(StringConverter):
    """Everything that is left of the path, slashes and line ends included: ids that a model made up."""

    regex = r"(?s:.+)"


register_converter(SpaceId, "space")
register_converter(WholeRest, "rest")


def route(template: str, viewset: Any, *, name: str | None = None, **methods: str) -> URLPattern:
    """`route("whoami", ProfileViewSet, get="whoami")`: the action by the method; `name` for `reverse`."""
    pattern: URLPattern = path(template, viewset.as_view(methods), name=name)
    return pattern


def verbs(item: str, viewset: Any, *names: str, mark: str = ":") -> list[URLPattern]:
    """`item:setContent` by POST, answered by the action `set_content`."""
    actions = {name: to_snake(name) for name in names}
    return [
        route(f"{item}{mark}{name}", viewset, post=f"{action}_" if iskeyword(action) else action)
        for name, action in actions.items()
    ]


def resource(collection: str, key: str, viewset: Any, *, does: Iterable[str] = ()) -> list[URLPattern]:
    """A collection with list and create, what it holds with retrieve, update and destroy, and its verbs.

    Verbs stand before the plain path they end, since an id may hold anything.
    """
    item = f"{collection}/<{key}>"
    return [
        route(collection, viewset, get="list", post="create"),
        *verbs(item, viewset, *does),
        route(item, viewset, get="retrieve", patch="update", delete="destroy"),
    ]
