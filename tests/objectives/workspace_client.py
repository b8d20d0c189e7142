"""Calling the workspace API as an actor, without a server."""

from typing import Any

import orjson
from django.http import HttpResponse
from django.test import Client

from objectives.ids import Prefix, spell
from tests.factories import Actor


class WorkspaceClient:
    """Requests below one workspace with an actor's key; `path` begins with a slash."""

    def __init__(self, actor: Actor) -> None:
        self.actor = actor
        self.root = f"/v1/workspaces/{spell(Prefix.WORKSPACE, actor.space.id)}"
        self._client = Client(headers=actor.headers)

    def get(self, path: str, **query: Any) -> Any:
        """The JSON of a 200."""
        return _good(self._client.get(self.root + path, query_params=query))

    def post(self, path: str, body: Any = None) -> Any:
        """The JSON of a 200."""
        return _good(self.send("post", path, body))

    def patch(self, path: str, body: Any) -> Any:
        """The JSON of a 200."""
        return _good(self.send("patch", path, body))

    def delete(self, path: str) -> Any:
        """The JSON of a 200."""
        return _good(self._client.delete(self.root + path))

    def refused(self, method: str, path: str, body: Any = None, **query: Any) -> tuple[int, int, str]:
        """HTTP status, code and message of a request that is not granted."""
        answer = self.send(method, path, body, **query)
        status = answer.json()
        assert set(status) == {"code", "message", "details"}, status
        return answer.status_code, status["code"], status["message"]

    def send(self, method: str, path: str, body: Any = None, **query: Any) -> HttpResponse:
        """Any request; without a body it has no content type either."""
        if body is None:
            return self._client.generic(method.upper(), self.root + path, query_params=query)
        return self._client.generic(
            method.upper(), self.root + path, orjson.dumps(body), "application/json", query_params=query
        )


def _good(answer: HttpResponse) -> Any:
    assert answer.status_code == 200, answer.content
    return answer.json()
