"""How a path of the workspace API names a thing: an id, or `external_id:<name>`.

A verb stands behind the last colon of the path as the client sent it; an id may hold a colon that is
percent-encoded. So paths of this API come here with `%3A`, `%2F` and `%25` still encoded
(`config.server.wsgi_bridge`), and what a `ref` stands for is decoded afterwards.
"""

from urllib.parse import unquote

from django.urls import register_converter


class Reference:
    """An id, or `external_id:<name>`."""

    regex = "[^/]+"

    def to_python(self, value: str) -> str:
        return unquote(value)

    def to_url(self, value: str) -> str:
        return value


register_converter(Reference, "ref")
