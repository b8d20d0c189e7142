"""The chunks of a chat completion as the API documents them, whatever a server made of them.

Servers that call themselves compatible with OpenAI's chat completions share the index of several calls, leave
ids and indexes out, repeat names with every piece of arguments, send arguments as objects, and end an answer
for reasons of their own. The model library joins pieces by index alone; here each call gets its own.
"""

import json
from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass
from typing import Any

from openai.types.chat import ChatCompletionChunk
from openai.types.chat.chat_completion_chunk import (
    ChoiceDeltaToolCall,
    ChoiceDeltaToolCallFunction,
)

from executions.inference.response_repair import ending_of


@dataclass(eq=False)
class _Call:
    """A call whose pieces are being joined; `index` is ours."""

    index: int
    call_id: str
    name: str = ""
    arguments: str = ""
    is_told: bool = False

    @property
    def is_complete(self) -> bool:
        """Whether its arguments are a whole JSON value."""
        try:
            json.loads(self.arguments)
        except ValueError:
            return False
        return True

    def is_again(self, call_id: str, name: str, arguments: str) -> bool:
        """Whether a piece repeats the whole call: some servers end an answer with what they sent already."""
        written = (self.call_id, self.name, self.arguments.strip())
        return bool(call_id) and written == (call_id, name, arguments.strip()) and self.is_complete


class ChatChunks:
    """Iterates over the chunks that `ChatEvents` gives, each put right before it is passed on.

    `offered` are the names of the tools. `source` is the library's stream, which it closes itself.
    """

    def __init__(self, chunks: Any, offered: Collection[str]) -> None:
        self.source = chunks.source
        self._chunks = chunks
        self._offered = offered
        self._is_short = False
        self._calls: list[_Call] = []
        self._at: dict[object, list[_Call]] = {}  # the calls at each index of the server's

    async def __aiter__(self) -> AsyncIterator[ChatCompletionChunk]:
        async for chunk in self._chunks:
            for choice in chunk.choices:
                choice.finish_reason = self._reason(choice.finish_reason)
                if choice.delta.tool_calls:
                    pieces = map(self._sorted, choice.delta.tool_calls)
                    choice.delta.tool_calls = [piece for piece in pieces if piece is not None] or None
            yield chunk

    def _reason(self, said: object) -> Any:
        """Why the answer ended, as the API documents it; one that was cut short stays so."""
        self._is_short = self._is_short or bool(said and ending_of(said) == "length")
        return _chat_reason("length" if said and self._is_short else said)

    def _sorted(self, piece: Any) -> ChoiceDeltaToolCall | None:
        """A piece of a call under the call's own index; its name and id only where they are new.

        None while the call has no name: the library takes what follows for parts of it.
        """
        function = piece.function
        name = getattr(function, "name", None) or ""
        arguments = _text_of(getattr(function, "arguments", None))
        call_id = piece.id if isinstance(piece.id, str) else "" if piece.id is None else str(piece.id)
        call = self._call_of(piece.index, call_id, name, arguments)
        if call.is_again(call_id, name, arguments):
            return None
        call.arguments += arguments
        new_id = "" if call.call_id else call_id
        call.call_id = call.call_id or call_id
        added = "" if name == call.name else name
        call.name += added
        if not call.name:
            return None
        if not call.is_told:
            arguments, new_id, call.is_told = call.arguments, call.call_id, True
        sorted_piece: ChoiceDeltaToolCall = piece.model_copy()  # with what else the server put into it
        sorted_piece.index = call.index
        sorted_piece.id = new_id or None
        sorted_piece.function = ChoiceDeltaToolCallFunction(name=added or None, arguments=arguments)
        return sorted_piece

    def _call_of(self, index: object, call_id: str, name: str, arguments: str) -> _Call:
        """The call that a piece goes on, or a new one that it begins."""
        here = self._at.setdefault(index, [])
        if index is None and not name and not call_id:
            here = self._calls
        known = next((call for call in reversed(here) if call_id and call.call_id == call_id), None)
        call = known or (here[-1] if here else None)
        if call is None and not name and call_id:
            # A server that counts the pieces instead of the calls.
            call = next((one for one in reversed(self._calls) if one.call_id == call_id), None)
        if call is None or self._begins_another(call, call_id, name, arguments):
            call = _Call(len(self._calls), "")
            self._calls.append(call)
            self._at[index].append(call)
        return call

    def _begins_another(self, call: _Call, call_id: str, name: str, arguments: str) -> bool:
        """Whether a piece at a call's index is of another call: only those bring a name."""
        if not name or call.is_again(call_id, name, arguments):
            return False
        if call.name and name != call.name and not self._continues_name(call, name):
            return True
        is_other_id = bool(call_id and call.call_id and call_id != call.call_id)
        if not call.arguments:
            return is_other_id
        if call.is_complete:
            return is_other_id or bool(arguments.strip())
        # Some servers make an id anew for every piece; what begins another call begins an object.
        return is_other_id and arguments.lstrip().startswith("{")

    def _continues_name(self, call: _Call, name: str) -> bool:
        """Whether it is a piece of the call's name: together they begin the name of an offered tool."""
        together = call.name + name
        return (
            not call.arguments
            and call.name not in self._offered
            and any(offered.startswith(together) for offered in self._offered)
        )


def _chat_reason(said: object) -> Any:
    """The reason of an ending as the API documents it, but for `error`; None for none."""
    if not said:
        return None
    ending = ending_of(said)
    return "tool_calls" if ending == "tool_call" else ending


def _text_of(arguments: object) -> str:
    """Arguments are a text of JSON; some servers send the object itself."""
    if arguments is None:
        return ""
    return arguments if isinstance(arguments, str) else json.dumps(arguments, ensure_ascii=False)
