"""The demo's story, told as a real client of the API: a chat dispatches, a browser finds and follows."""

import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import orjson

from config.demo.dataset import World
from config.environment import LOCAL_DIR, shown_path

SAMPLE = Path(__file__).resolve().parents[2] / "executions" / "demo_files" / "orders.csv"
LOGS = LOCAL_DIR / "logs"
SKILL = "csv-profile"
READY_SECONDS = 120.0  # a busy machine takes a minute for three processes
TERMINAL = frozenset({"succeeded", "failed", "cancelled"})


class DemoFailed(Exception):
    """Something that the story needs did not happen."""


@dataclass
class Scene:
    """What is known about the execution so far; the teller fills it, the terminal shows it."""

    tool_call_id: str
    execution_id: str = ""
    state: str = "dispatching"
    found_while: str = ""
    found_after_ms: float = 0.0
    fraction: float = 0.0
    message: str = ""
    text: str = ""
    events: list[tuple[float, str, str]] = field(default_factory=list)
    detail: dict[str, Any] | None = None
    started: float = field(default_factory=time.monotonic)

    @property
    def has_ended(self) -> bool:
        return self.state in TERMINAL

    def note(self, kind: str, data: dict[str, Any]) -> None:
        """Fold one event in."""
        self.state = str(data.get("state", self.state))
        shown = str(data.get("message") or data.get("relpath_in_workspace") or data.get("name") or "")
        if kind == "execution.progressed":
            self.fraction = max(self.fraction, float(data.get("fraction") or 0.0))
            self.message = shown
        elif kind == "text.appended":
            self.text += str(data["text"])
            shown = ""
        self.events.append((time.monotonic() - self.started, kind, shown))


class Story:
    """One tool call from its upload to its outputs."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.scene = Scene(tool_call_id=f"call_{uuid.uuid4().hex[:24]}")
        self._client = httpx2.Client(
            base_url=world.base_url,
            headers={"Authorization": f"Bearer {world.api_key}"},
            timeout=httpx2.Timeout(40.0),
        )
        self._space = f"/v1/spaces/{world.space_id}"
        self._dispatched = 0.0

    def wait_until_ready(self, is_over: Callable[[], bool]) -> None:
        """Return once web and worker answer; raises DemoFailed after two minutes."""
        deadline = time.monotonic() + READY_SECONDS
        while time.monotonic() < deadline and not is_over():
            try:
                answer = self._client.get("/readyz")
                if answer.status_code == 200 and answer.json().get("workers"):
                    return
            except httpx2.TransportError:
                pass  # the server is still starting
            time.sleep(0.1)
        raise DemoFailed(f"The server did not become ready; see {shown_path(LOGS)}.")

    def tell(self) -> None:
        """Upload, dispatch and follow; the scene then holds the finished execution."""
        self._upload()
        self.scene.started = time.monotonic()
        finder = threading.Thread(target=self._find, name="browser", daemon=True)
        finder.start()  # holds nothing but the tool call id, and asks before the call is dispatched
        time.sleep(0.3)
        self._dispatch()
        finder.join(30)
        self._follow()
        self.scene.detail = self._get(f"/skills/executions/{self.scene.execution_id}")
        self.scene.state = self.scene.detail["state"]

    def _upload(self) -> None:
        with SAMPLE.open("rb") as sample:
            answer = self._client.post("/v1/files/", files={"files": (SAMPLE.name, sample, "text/csv")})
        _expect(answer, 201)

    def _dispatch(self) -> None:
        body = {
            "arguments": {},
            "thread_id": "demo-thread",
            "tool_call_id": self.scene.tool_call_id,
            "uploaded_files": [SAMPLE.name],
        }
        self._dispatched = time.monotonic()
        _expect(self._client.post(f"{self._space}/tools/{SKILL}/execute", json=body), 201)

    def _find(self) -> None:
        path = f"{self._space}/skills/executions/by-chat-tool-call/{self.scene.tool_call_id}"
        answer = self._client.get(path, headers={"Prefer": "wait=20"})
        if answer.status_code == 200:
            found = answer.json()["data"]
            self.scene.found_after_ms = (time.monotonic() - self._dispatched) * 1000
            self.scene.found_while, self.scene.state = found["state"], found["state"]
            self.scene.execution_id = found["id"]

    def _follow(self) -> None:
        if not self.scene.execution_id:
            raise DemoFailed("The lookup by tool call id found no execution.")
        path = f"{self._space}/skills/executions/{self.scene.execution_id}/events"
        with self._client.stream("GET", path) as response:
            for event in httpx2.EventSource(response):
                if event.data:  # a frame that only sets the reconnect time carries none
                    payload = orjson.loads(event.data)
                    self.scene.note(event.event, payload.get("data", payload))

    def _get(self, path: str) -> dict[str, Any]:
        data: dict[str, Any] = _expect(self._client.get(self._space + path), 200)["data"]
        return data


def _expect(answer: httpx2.Response, status: int) -> dict[str, Any]:
    if answer.status_code != status:
        raise DemoFailed(
            f"{answer.request.method} {answer.request.url.path}: {answer.status_code} {answer.text[:500]}"
        )
    body: dict[str, Any] = answer.json()
    return body
