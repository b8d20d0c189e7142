"""Every HTTP route of the project, as concrete requests."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver
from django.urls.resolvers import RoutePattern

_OF_WORKSPACES = re.compile(r"v1/(workspaces|account|whoami)(?![^/:])")


@dataclass(frozen=True)
class Route:
    """One method of one path, with the names of what the path leaves open."""

    method: str
    template: str
    names: tuple[str, ...]
    view: Any

    def path(self, values: dict[str, Any]) -> str:
        """The path with these values; raises KeyError for a name that the walk does not know.

        A value may be given for a name below one collection only: `workspace_secrets/secret_id`.
        """
        before, *pieces = self.template.split("<")
        path = "/" + before
        for piece in pieces:
            name, _, rest = piece.partition(">")
            name = name.rpartition(":")[2]
            collection = path.rstrip("/").rpartition("/")[2]
            path += str(values.get(f"{collection}/{name}") or values[name]) + rest
        return path

    @property
    def is_of_workspaces(self) -> bool:
        """Whether it is one of the workspace API."""
        return bool(_OF_WORKSPACES.match(self.template.removeprefix("api-proxy/")))

    def __str__(self) -> str:
        return f"{self.method} /{self.template}"


def every_route() -> list[Route]:
    """All of them but the admin's, which its own site guards."""
    return [route for route in _walk(get_resolver(), "") if not route.template.startswith("admin/")]


def handler_of(route: Route) -> Any:
    """The viewset's method that answers a route of the API."""
    return getattr(route.view.cls, route.view.actions[route.method.lower()])


def known_to(route: Route) -> tuple[str, ...]:
    """The query parameters that a route takes."""
    operation = getattr(handler_of(route), "operation", None)
    return operation.query if operation else ()


def _walk(resolver: URLResolver, prefix: str) -> Iterator[Route]:
    for pattern in resolver.url_patterns:
        if not isinstance(pattern.pattern, RoutePattern):
            assert prefix.startswith("admin/"), (
                f"the walk cannot follow the regular expression {pattern.pattern}"
            )
            continue
        template = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from _walk(pattern, template)
        else:
            yield from _methods(pattern, template)


def _methods(pattern: URLPattern, template: str) -> Iterator[Route]:
    actions = getattr(pattern.callback, "actions", None) or {"get": ""}
    for method in actions:
        if method != "head":
            yield Route(method.upper(), template, tuple(_names(template)), pattern.callback)


def _names(template: str) -> Iterator[str]:
    for piece in template.split("<")[1:]:
        yield piece.partition(">")[0].rpartition(":")[2]
