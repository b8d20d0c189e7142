"""A chat as its clients hold it: over HTTP, and what streams say."""

import contextlib
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx2

from objectives.ids import Prefix, spell
from tests.executions.runs.live.server import Server
from tests.factories import Actor

type Chunk = dict[str, Any]
SECONDS = 60


@dataclass
class Streamed:
    """What one stream has brought: chunks, the number behind each, and the thread that its head names."""

    thread_id: str
    text: str

    @property
    def chunks(self) -> list[Chunk]:
        return [json.loads(data) for _, data in self.frames if data != "[DONE]"]

    @property
    def frames(self) -> list[tuple[str | None, str]]:
        """The id (None for none) and the data of each event."""
        found = []
        for block in self.text.split("\n\n"):
            lines = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(":"))
            if "data" in lines:
                found.append((lines.get("id"), lines["data"]))
        return found

    @property
    def types(self) -> list[str]:
        return [chunk["type"] for chunk in self.chunks]

    @property
    def said(self) -> str:
        return "".join(chunk["delta"] for chunk in self.chunks if chunk["type"] == "text-delta")


@dataclass
class Chatter:
    """Somebody who chats in a space, with an agent of their own choice."""

    server: Server
    actor: Actor
    agent_id: str = ""

    @property
    def space(self) -> str:
        return f"{self.server.url}/v1/spaces/{self.actor.space.id}"

    def chat(self, message: str = "Hello", *, form: str = "", **more: Any) -> Streamed:
        """A turn, told to its end."""
        with self.open_chat(message, form=form, **more) as response:
            return Streamed(response.headers["x-thread-id"], response.read().decode())

    @contextlib.contextmanager
    def open_chat(self, message: str = "Hello", *, form: str = "", **more: Any) -> Iterator[httpx2.Response]:
        body: dict[str, Any] = {"message": message, **({"agent_id": self.agent_id} if self.agent_id else {})}
        with self.post_turn({**body, **more}, form=form) as response:
            assert response.status_code == 200, response.read()
            yield response

    @contextlib.contextmanager
    def post_turn(self, body: Any, *, form: str = "", path: str = "chat") -> Iterator[httpx2.Response]:
        query = {"format": form} if form else {}
        with httpx2.stream(
            "POST",
            f"{self.space}/{path}",
            params=query,
            json=body,
            headers=self.actor.headers,
            timeout=SECONDS,
        ) as response:
            yield response

    def ask(self, method: str, path: str, **more: Any) -> httpx2.Response:
        headers = {**self.actor.headers, **more.pop("headers", {})}
        return httpx2.request(method, f"{self.space}/{path}", headers=headers, timeout=SECONDS, **more)

    def ui(self, thread_id: str, **query: str) -> dict[str, Any]:
        """The thread's messages as a page is drawn from."""
        answer = self.ask("GET", f"threads/{thread_id}/messages", params={"format": "ui", **query})
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def wait_for(self, thread_id: str, *states: str) -> dict[str, Any]:
        """The thread once it is in one of these states."""
        deadline = time.monotonic() + SECONDS
        while time.monotonic() < deadline:
            thread: dict[str, Any] = self.ask("GET", f"threads/{thread_id}").json()["data"]
            if thread["state"] in states:
                return thread
            time.sleep(0.05)
        raise AssertionError(f"still {thread['state']}")


def agent_address(agent: Any) -> str:
    return spell(Prefix.AGENT, agent.id)
