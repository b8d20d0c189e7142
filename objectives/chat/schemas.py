"""What the chat API takes and gives, beside the bodies of a turn."""

from typing import Any, Literal

from pydantic import BaseModel, Field

from objectives.chat.bodies import Name, Text, Title
from spaces.api.pagination import PageMeta
from spaces.api.request_bodies import Body


class NewThreadBody(Body):
    """A thread and its first message."""

    content: Text = Field(min_length=1, description="What the person says.")
    role: Literal["user"] = Field(default="user", description="Who speaks.")
    project_id: Name | None = Field(default=None, description="Where the thread belongs.")
    title: Title | None = Field(default=None, description="Its name; the beginning of its message if none.")
    metadata: dict[str, Any] | None = Field(default=None, description="Facts to keep with it.")
    agent_id: Name | None = Field(default=None, description="Who answers; the space's chat agent if none.")
    model: Name | None = Field(default=None, description="Not built: the agent's model answers.")
    uploaded_files: list[Name] | None = Field(default=None, description="Names of uploaded files.")


class NewMessageBody(Body):
    """A further message."""

    content: Text = Field(min_length=1, description="What the person says.")
    role: Literal["user"] = Field(default="user", description="Who speaks.")
    metadata: dict[str, Any] | None = Field(default=None, description="Ignored for a message.")
    parent_message_id: Name | None = Field(default=None, description="Not built: branches.")
    branch_id: Name | None = Field(default=None, description="Not built: branches.")
    uploaded_files: list[Name] | None = Field(default=None, description="Names of uploaded files.")


class ThreadChanges(Body):
    """What is to be changed of a thread; what is left out stays."""

    title: Title | None = Field(default=None, description="Its name.")
    project_id: Name | None = Field(default=None, description="Where it belongs; null for nowhere.")
    metadata: dict[str, Any] | None = Field(default=None, description="Facts to keep with it.")
    archived: bool | None = Field(default=None, description="Whether it is put away.")


class DenyCallBody(Body):
    """Why a call is denied."""

    memo: str = Field(default="", max_length=10_000, description="What the model is told.")


class CallContentBody(Body):
    """What a call gave."""

    content: Any = Field(description="A text, a list of `{type: text, text}`, or any other JSON.")


class ThreadItem(BaseModel):
    """A thread."""

    id: str = Field(description="The thread, which is an objective of this id.")
    title: str = Field(description="Its name.")
    state: Literal["running", "awaiting", "idle", "failed", "over"] = Field(
        description="`running`: a turn is under way. `awaiting`: people have to decide or to answer a call."
    )
    project_id: str | None = Field(description="Where it belongs.")
    metadata: dict[str, Any] | None = Field(description="Facts kept with it.")
    agent_id: str = Field(description="Who answers.")
    created_at: str = Field(description="When it began.")
    archived_at: str | None = Field(description="When it was put away.")
    created_by: str = Field(description="Who began it.")
    cost_usd: str = Field(description="What it has cost so far, US dollars.")
    input_tokens: int = Field(description="Tokens that its models have read.")
    output_tokens: int = Field(description="Tokens that they have written.")
    seq: int = Field(description="How far its log goes.")
    queued: int = Field(description="How many messages wait to be heard.")


class ThreadAnswer(BaseModel):
    """A thread."""

    data: ThreadItem = Field(description="The thread.")


class ThreadList(BaseModel):
    """Threads, newest first."""

    data: list[ThreadItem] = Field(description="The threads.")
    meta: PageMeta = Field(description="How to go on.")


class MessageItem(BaseModel):
    """A message."""

    id: str = Field(description="The message.")
    tenant_id: str = Field(description="Whose it is.")
    thread_id: str = Field(description="Its thread.")
    root_message_id: str | None = Field(description="Always null.")
    parent_message_id: str | None = Field(description="The message before.")
    branch_id: str | None = Field(description="Always null.")
    author_principal_id: str | None = Field(description="Who said it; null for the agent.")
    role: Literal["user", "assistant"] = Field(description="Who speaks.")
    content: str = Field(description="What is said.")
    metadata_json: dict[str, Any] | None = Field(description="Always null.")
    created_at: str = Field(description="When it was said.")


class UIMessageItem(BaseModel):
    """A message as the AI SDK has it."""

    id: str = Field(description="The message.")
    role: Literal["user", "assistant"] = Field(description="Who speaks.")
    metadata: dict[str, Any] = Field(
        description="`created_at`, `seq`, and where they apply `author` (`id`, `name`) and `is_partial`."
    )
    parts: list[dict[str, Any]] = Field(description="Its parts: texts, tool calls, files.")


class MessageList(BaseModel):
    """Messages, oldest first; with `format=ui` as the AI SDK's UIMessage, and more in `meta`."""

    data: list[MessageItem] | list[UIMessageItem] = Field(description="The messages.")
    meta: PageMeta = Field(description="How to go on.")


class FirstMessage(BaseModel):
    """The first message of a new thread."""

    id: str = Field(description="The message.")
    thread_id: str = Field(description="Its thread.")
    content: str = Field(description="What was said.")
    role: str = Field(description="Who speaks.")
    created_at: str = Field(description="When it was said.")


class FirstMessageAnswer(BaseModel):
    """The first message of a new thread."""

    data: FirstMessage = Field(description="The message.")


class MessageAnswer(BaseModel):
    """A message."""

    data: MessageItem = Field(description="The message.")


class QueuedItem(BaseModel):
    """A message that is heard after the turn under way."""

    id: str = Field(description="The queued message, which can be taken back.")
    thread_id: str = Field(description="Its thread.")
    content: str = Field(description="What was said.")
    files: list[str] = Field(description="Names of its files.")
    author_principal_id: str = Field(description="Who said it.")
    created_at: str = Field(description="When.")
    state: str = Field(description="`queued`.")


class QueuedAnswer(BaseModel):
    """A message that waits."""

    data: QueuedItem = Field(description="The message.")


class CallItem(BaseModel):
    """A tool call, as it stands after a decision."""

    id: str = Field(description="The call.")
    thread_id: str = Field(description="Its thread.")
    tool_name: str = Field(description="What is called.")
    approval: str = Field(description="Whether it may run.")
    execution: str = Field(description="How far it is.")
    memo: str | None = Field(description="Why it was denied.")
    decided_by: str | None = Field(description="Who decided.")
    decided_at: str | None = Field(description="When.")


class CallAnswer(BaseModel):
    """A tool call."""

    data: CallItem = Field(description="The call.")
