"""The built-in `demo` model: follows a script or a fixed plan, offline.

The format of scripts is documented in `demo_script`. The model says what it is at the beginning of
its first response, streams its text in pieces, counts its tokens and costs nothing.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from pydantic_ai.exceptions import ModelRequestRejectedError, ModelUnavailableError
from pydantic_ai.messages import ModelMessage
from pydantic_ai.models.function import AgentInfo, DeltaToolCall, FunctionModel

from executions.inference import transcript
from executions.inference.choices import DEMO
from executions.inference.demo_plan import planned_turn
from executions.inference.demo_script import DemoScriptInvalid, ScriptTurn, read_script
from executions.inference.demo_template import fill, fill_text
from executions.inference.interface import ModelRequest
from executions.inference.tool_names import FINAL_ANSWER, wire_names

ANNOUNCEMENT = "Demo model: no language model was asked.\n"
OVER = "The demo script has no more steps."
PIECE_CHARACTERS = 24
PIECE_SECONDS = 0.015

type Piece = str | dict[int, DeltaToolCall]


def demo_model(request: ModelRequest) -> FunctionModel:
    """The model that answers this one request."""

    async def stream(messages: list[ModelMessage], _info: AgentInfo) -> AsyncIterator[Piece]:
        number = request.demo.turn
        if number is None:
            number = transcript.responses_before(messages)
        turn = _turn(number, request, messages)
        if turn.failure is not None:
            kind = ModelUnavailableError if turn.retryable else ModelRequestRejectedError
            raise kind(DEMO, turn.failure)
        async for piece in _texts(turn, announce=number == 0):
            yield piece
        for index, call in enumerate(_calls(turn, number, request)):
            yield {index: call}

    return FunctionModel(stream_function=stream, model_name=DEMO)


def _turn(number: int, request: ModelRequest, messages: Sequence[ModelMessage]) -> ScriptTurn:
    """What to say and call now, its templates filled in."""
    results = transcript.results_so_far(messages)
    message = transcript.newest_user_text(messages)
    media = transcript.media_given(messages)
    if request.demo.script is None:
        turn = planned_turn(
            number,
            tools=[tool.name for tool in request.tools],
            results=results,
            message=message,
            media=media,
            schema=request.answer_schema,
        )
    else:
        last = results[-1] if results else None
        found = {"message": message, "results": results, "last_result": last}
        found |= {"media": media, "media_count": len(media)}
        turn = _scripted_turn(number, request.demo.script, {**request.demo.values, **found})
    if isinstance(turn.answer, Mapping) and request.answer_schema is None:
        return replace(turn, answer=json.dumps(turn.answer, ensure_ascii=False))
    return turn


def _scripted_turn(number: int, script: Any, values: Mapping[str, Any]) -> ScriptTurn:
    try:
        turns = read_script(script)
    except DemoScriptInvalid as invalid:
        raise ModelRequestRejectedError(DEMO, f"the demo script is not valid: {invalid}") from None
    if number >= len(turns):
        return ScriptTurn(answer=OVER)
    turn = turns[number]
    lead = [fill_text(step, values) if isinstance(step, str) else step for step in turn.lead]
    return replace(
        turn,
        lead=tuple(lead),
        calls=tuple(replace(call, arguments=fill(call.arguments, values)) for call in turn.calls),
        answer=_filled_answer(turn.answer, values),
        failure=None if turn.failure is None else fill_text(turn.failure, values),
    )


def _filled_answer(
    answer: Mapping[str, Any] | str | None, values: Mapping[str, Any]
) -> Mapping[str, Any] | str | None:
    if isinstance(answer, Mapping):
        filled: Mapping[str, Any] = fill(answer, values)
        return filled
    return None if answer is None else fill_text(answer, values)


async def _texts(turn: ScriptTurn, *, announce: bool) -> AsyncIterator[str]:
    """The texts of a turn in pieces, waiting where it says so."""
    ending = (turn.answer,) if isinstance(turn.answer, str) else ()
    opening = (ANNOUNCEMENT,) if announce else ()
    for step in (*opening, *turn.lead, *ending):
        if isinstance(step, float):
            await asyncio.sleep(step)
            continue
        for start in range(0, len(step), PIECE_CHARACTERS):
            await asyncio.sleep(PIECE_SECONDS)
            yield step[start : start + PIECE_CHARACTERS]
    if not (turn.calls or isinstance(turn.answer, Mapping)):
        # The library refuses a stream without a single item.
        yield ""


def _calls(turn: ScriptTurn, number: int, request: ModelRequest) -> list[DeltaToolCall]:
    """The tool calls of a turn; an answer of structured outputs is one too."""
    names = wire_names(tool.name for tool in request.tools)
    wanted = [(names.get(call.tool, call.tool), call.arguments) for call in turn.calls]
    if isinstance(turn.answer, Mapping):
        wanted.append((FINAL_ANSWER, turn.answer))
    return [
        DeltaToolCall(
            name=name,
            json_args=json.dumps(arguments, ensure_ascii=False),
            tool_call_id=f"demo_{number}_{index}",
        )
        for index, (name, arguments) in enumerate(wanted)
    ]
