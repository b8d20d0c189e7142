"""Model requests for tests, with everything but what a test is about filled in."""

import threading
import time
from collections.abc import Callable
from typing import Any

from executions.inference import transcript
from executions.inference.choices import ModelChoice
from executions.inference.interface import ModelReply, ModelRequest, ToolDefinition
from executions.inference.model_request import respond

KEY = "sk-test-4242424242424242"
LIST = ToolDefinition(
    "workspace.fs.list", "List files.", {"type": "object", "properties": {"path": {"type": "string"}}}
)
READ = ToolDefinition(
    "workspace.fs.read",
    "Read a file.",
    {"type": "object", "properties": {"path": {"type": "string"}}, "required": ["path"]},
)
ANSWER = {"type": "object", "properties": {"answer": {"type": "string"}}, "required": ["answer"]}


def compatible(url: str, **fields: Any) -> ModelChoice:
    """A model behind OpenAI's chat completions API at `url`."""
    prices = {"input": "2", "output": "10", "cache_read": "0.5"}
    merged = {"prices": prices, "api_key": KEY, "base_url": f"{url}/v1", **fields}
    return ModelChoice.model_validate({"provider": "openai-compatible", "name": "small-model", **merged})


def models_entry(url: str, **fields: Any) -> dict[str, Any]:
    """The same as an entry of the `MODELS` setting; 1,000 tokens cost a dollar, read or written."""
    prices = {"input": "1000", "output": "1000"}
    known = {"provider": "openai-compatible", "name": "small", "api_key": KEY, "base_url": f"{url}/v1"}
    return {**known, "prices": prices, **fields}


def make_request(**fields: Any) -> ModelRequest:
    messages = [transcript.user_message("What is in the files?")]
    return ModelRequest(**{"model": "demo", "instructions": "Be brief.", "messages": messages, **fields})


def ask(
    request: ModelRequest, *, texts: list[str] | None = None, stop: threading.Event | None = None
) -> ModelReply:
    """The reply; pieces of text are added to `texts`."""
    heard = [] if texts is None else texts
    return respond(request, on_text=heard.append, stop=stop or threading.Event())


def stop_when(happened: Callable[[], object], stop: threading.Event) -> None:
    """Set `stop` in another thread once something has happened, however long that takes here."""

    def watch() -> None:
        until = time.monotonic() + 60
        while not happened() and time.monotonic() < until:
            time.sleep(0.01)
        stop.set()

    threading.Thread(target=watch, daemon=True).start()
