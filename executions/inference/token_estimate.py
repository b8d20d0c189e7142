"""How many tokens texts and media are, where no provider tells."""

from collections.abc import Sequence

from executions.inference.interface import Message, ModelRequest
from executions.inference.media import media_in

CHARACTERS_PER_TOKEN = 4


def weight(messages: Sequence[Message]) -> int:
    """Characters of what messages hold; a medium weighs as much as a text of as many tokens."""
    texts = sum(
        len(str(part.get("content", part.get("args", ""))))
        for message in messages
        for part in message["parts"]
    )
    return texts + CHARACTERS_PER_TOKEN * sum(media.tokens for media in media_in(messages))


def tokens_in(characters: int) -> int:
    """Tokens of a text of so many characters."""
    return -(-characters // CHARACTERS_PER_TOKEN)


def tokens_asked(request: ModelRequest) -> int:
    """Tokens that a request makes its model read: instructions, messages and tools."""
    tools = sum(len(tool.description) + len(str(tool.parameters)) for tool in request.tools)
    return tokens_in(len(request.instructions) + tools + weight(request.messages))
