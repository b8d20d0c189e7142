"""The physical limit of agents: bare coroutines that ask with the same model library, and keep nothing."""

import asyncio
import os
import time
from dataclasses import dataclass, field
from typing import Any

import psutil
from pydantic_ai.direct import model_request_stream
from pydantic_ai.messages import ModelRequest, PartDeltaEvent, PartStartEvent, TextPart, TextPartDelta
from pydantic_ai.models import Model
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.openai import OpenAIProvider

from tests.benchmarks.child_process import say_ready


@dataclass
class _Heard:
    """Nanoseconds of each word: when it was said, and when it had come."""

    said: list[int] = field(default_factory=list)
    came: list[int] = field(default_factory=list)
    ended: list[int] = field(default_factory=list)


def ask_barely(*, port: int, prompt: str, count: int) -> dict[str, Any]:
    """Ask `count` times at once, by one client.

    Gives `seconds` to the last end, `late`, the milliseconds of each word, `per_second`, the words a second
    from the first one said to the last one heard, and `processor_us`, what a word costs this process.
    """
    model = OpenAIChatModel(
        "bench", provider=OpenAIProvider(base_url=f"http://127.0.0.1:{port}/v1", api_key="none")
    )
    say_ready()
    heard, process = _Heard(), psutil.Process(os.getpid())
    begun, before = time.monotonic_ns(), process.cpu_times()
    asyncio.run(_ask_all(model, prompt, count, heard))
    after, words = process.cpu_times(), len(heard.said)
    used = after.user + after.system - before.user - before.system
    return {
        "seconds": (max(heard.ended) - begun) / 1e9,
        "late": [(came - said) / 1e6 for said, came in zip(heard.said, heard.came, strict=True)],
        "per_second": words * 1e9 / (max(heard.came) - min(heard.said)),
        "processor_us": used * 1e6 / words,
    }


async def _ask_all(model: Model, prompt: str, count: int, heard: _Heard) -> None:
    await asyncio.gather(*(_ask(model, prompt, heard) for _ in range(count)))


async def _ask(model: Model, prompt: str, heard: _Heard) -> None:
    asked = ModelRequest.user_text_prompt("Go.", instructions=prompt)
    async with model_request_stream(model, [asked]) as stream:
        async for event in stream:
            if isinstance(event, PartStartEvent) and isinstance(event.part, TextPart):
                _note(heard, event.part.content)
            elif isinstance(event, PartDeltaEvent) and isinstance(event.delta, TextPartDelta):
                _note(heard, event.delta.content_delta)
    heard.ended.append(time.monotonic_ns())


def _note(heard: _Heard, text: str) -> None:
    now = time.monotonic_ns()
    for word in text.split():
        heard.said.append(int(word))
        heard.came.append(now)
