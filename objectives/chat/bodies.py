"""What `POST …/chat` takes: the documented body, the AI SDK's, and assistant-ui's; all become one ask."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from objectives.ids import Json
from objectives.models.thread import MOST_TITLE
from spaces.api.request_bodies import Body, read_body
from spaces.errors import Invalid, Unimplemented

MOST_CHARACTERS = 1_000_000  # of one message

Text = Annotated[str, StringConstraints(max_length=MOST_CHARACTERS)]
Name = Annotated[str, StringConstraints(max_length=255)]
Title = Annotated[str, StringConstraints(max_length=MOST_TITLE)]
_UNBUILT = (
    *("pii_preview", "tools", "tool_choice", "reasoning_effort", "model"),
    *("parent_message_id", "branch_id", "existing_user_message_id"),
)
_DECIDED = {"approval-responded", "output-denied"}


class ToolResultBody(Body):
    """What a tool of the client's own gave."""

    tool_call_id: str = Field(description="The call, as it stands in the stream.")
    content: Any = Field(default=None, description="Its result: a text, or any JSON.")


class ChatBody(Body):
    """A turn of a chat, as the API documents it."""

    message: Text = Field(description="What the person says.")
    thread_id: Name | None = Field(default=None, description="The thread; without it a new one begins.")
    agent_id: Name | None = Field(
        default=None, description="Who answers in a new thread; the space's chat agent unless told."
    )
    model: Name | None = Field(default=None, description="Not built: the agent's model answers.")
    parent_message_id: Name | None = Field(default=None, description="Not built: branches.")
    branch_id: Name | None = Field(default=None, description="Not built: branches.")
    existing_user_message_id: Name | None = Field(default=None, description="Not built: branches.")
    project_id: Name | None = Field(default=None, description="Where a new thread belongs.")
    title: Title | None = Field(default=None, description="What a new thread is called.")
    metadata: dict[str, Any] | None = Field(default=None, description="Facts to keep with a new thread.")
    uploaded_files: list[Name] | None = Field(default=None, description="Names of uploaded files.")
    pii_preview: bool = Field(default=False, description="Not built.")
    tools: Any = Field(default=None, description="Not built; name an agent whose tools wait for content.")
    tool_choice: Any = Field(default=None, description="Not built.")
    tool_call_results: list[ToolResultBody] | None = Field(
        default=None, description="Contents for calls that wait for them."
    )
    new_tool_call_ids: Any = Field(default=None, description="Ignored: ids are ours.")
    reasoning_effort: Name | None = Field(default=None, description="Not built.")


class UIMessageBody(Body):
    """A message as the AI SDK and assistant-ui send it; `parts` or `content` hold what it says."""

    id: str | None = Field(default=None, description="The client's own id; ignored.")
    role: Name = Field(description="Who speaks: of the last message `user`, `assistant` or `tool`.")
    parts: list[Json] | None = Field(default=None, description="What it says, part by part.")
    content: Any = Field(default=None, description="A text, or parts; of a `tool` its result.")
    tool_call_id: str | None = Field(
        default=None, alias="toolCallId", description="The call that a `tool` answers."
    )

    def said(self) -> str:
        """Its text."""
        if isinstance(self.content, str):
            return self.content
        return "\n".join(
            part["text"] for part in self._parts() if part.get("type") == "text" and "text" in part
        )

    def files(self) -> list[str]:
        """The names of uploaded files in it."""
        return [str(part["filename"]) for part in self._parts() if part.get("filename")]

    def decisions(self) -> Iterator["Decision"]:
        """What a person has decided about its calls."""
        for part in self._parts():
            approval = part.get("approval")
            if isinstance(approval, Mapping) and part.get("state") in _DECIDED:
                call_id = str(part.get("toolCallId", ""))
                reason = str(approval.get("reason") or "")
                yield Decision(call_id, bool(approval.get("approved")), reason)
            elif part.get("type") == "tool-approval-response":
                call_id = str(part.get("toolCallId") or part.get("approvalId") or "")
                yield Decision(call_id, bool(part.get("approved")), str(part.get("reason") or ""))

    def outputs(self) -> Iterator["Output"]:
        """What tools of the client's own gave."""
        if self.role == "tool" and self.tool_call_id:
            yield Output(self.tool_call_id, _text(self.content))
        for part in self._parts():
            call_id = str(part.get("toolCallId", ""))
            if part.get("state") == "output-available":
                yield Output(call_id, _text(part.get("output")))
            elif part.get("type") == "tool-result":
                yield Output(call_id, _text(part.get("output", part.get("result"))))

    def _parts(self) -> list[Json]:
        parts = self.parts if self.parts is not None else self.content
        return [part for part in parts if isinstance(part, dict)] if isinstance(parts, list) else []


class TransportBody(Body):
    """A request of the AI SDK's default transport, or of assistant-ui's data-stream runtime."""

    id: Name | None = Field(default=None, description="The client's own name of the thread, or its id.")
    thread_id: Name | None = Field(default=None, alias="threadId", description="The same; it goes before.")
    messages: Annotated[list[UIMessageBody], Field(min_length=1)] = Field(
        description="The conversation, of which the last message counts."
    )
    trigger: Literal["submit-message", "regenerate-message"] = Field(
        default="submit-message", description="Not built: to regenerate."
    )
    agent_id: Name | None = Field(
        default=None, description="Who answers in a new thread; the space's chat agent unless told."
    )


@dataclass(frozen=True)
class Decision:
    """A person's word on a call, by its public id."""

    call_id: str
    is_approved: bool
    memo: str


@dataclass(frozen=True)
class Output:
    """A content for a call, by its public id."""

    call_id: str
    text: str


@dataclass(frozen=True, kw_only=True)
class TurnAsk:
    """What somebody wants of a chat.

    `thread` is ours or (`is_named_by_client`) the client's own name for one, "" for a new one.
    """

    thread: str
    is_named_by_client: bool = False
    text: str = ""
    files: tuple[str, ...] = ()
    decisions: tuple[Decision, ...] = ()
    outputs: tuple[Output, ...] = ()
    agent: str = ""
    project_id: str = ""
    title: str = ""
    metadata: Mapping[str, Any] | None = None


def read_turn(given: Any) -> TurnAsk:
    """The ask of a body; raises Invalid naming the field, and Unimplemented for what is not built."""
    if isinstance(given, Mapping) and "messages" in given and "message" not in given:
        return _of_transport(read_body(TransportBody, given))
    return _of_documented(read_body(ChatBody, given))


def refuse_unbuilt(body: Body, *names: str) -> None:
    """Raises Unimplemented where one of these fields asks for something."""
    for name in names:
        if getattr(body, name):
            raise Unimplemented(f"`{name}` is not built.")


def _of_documented(body: ChatBody) -> TurnAsk:
    refuse_unbuilt(body, *_UNBUILT)
    results = tuple(Output(one.tool_call_id, _text(one.content)) for one in body.tool_call_results or ())
    if not body.message.strip() and not results:
        raise Invalid.field("body", "message", msg="The message is empty.", kind="missing")
    return TurnAsk(
        thread=body.thread_id or "",
        text=body.message,
        files=tuple(body.uploaded_files or ()),
        outputs=results,
        agent=body.agent_id or "",
        project_id=body.project_id or "",
        title=body.title or "",
        metadata=body.metadata,
    )


def _of_transport(body: TransportBody) -> TurnAsk:
    last = body.messages[-1]
    thread = body.thread_id or body.id or ""
    about: Json = {"is_named_by_client": True, "agent": body.agent_id or ""}
    if body.trigger == "regenerate-message":
        raise Unimplemented("To regenerate an answer is not built: say something further.")
    if last.role == "user":
        text = last.said()
        if not text.strip() and not last.files():
            raise Invalid.field(
                "body", "messages", len(body.messages) - 1, msg="The message is empty.", kind="missing"
            )
        return TurnAsk(thread=thread, text=text, files=tuple(last.files()), **about)
    ask = TurnAsk(thread=thread, decisions=tuple(last.decisions()), outputs=tuple(last.outputs()), **about)
    if not ask.decisions and not ask.outputs:
        message = "The last message is neither a person's nor does it decide or answer a tool call."
        raise Invalid.field("body", "messages", len(body.messages) - 1, msg=message)
    return ask


def _text(value: Any) -> str:
    """A result as a text: what is none as JSON; assistant-ui wraps it."""
    if isinstance(value, Mapping) and value.get("type") in {"json", "text", "error-json", "error-text"}:
        value = value.get("value")
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
