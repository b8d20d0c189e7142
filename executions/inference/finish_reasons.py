"""Why an answer ended, in the few words that the rest of Callboard knows, whatever a provider calls it."""

from typing import Final

from pydantic_ai.messages import FinishReason

_WORDS: Final[dict[FinishReason, set[str]]] = {
    "length": {
        "length",
        "max_tokens",
        "max_output_tokens",
        "max_new_tokens",
        "model_length",
        "token_limit",
        "model_context_window_exceeded",
    },
    "content_filter": {
        "content_filter",
        "content_filtered",
        "guardrail_intervened",
        "refusal",
        "safety",
        "sensitive",
    },
    "tool_call": {"tool_call", "tool_calls", "tool_use", "function_call"},
    "error": {"error", "insufficient_system_resource", "malformed_function_call", "network_error"},
}
_ENDINGS: Final = {word: ending for ending, words in _WORDS.items() for word in words}


def ending_of(said: object) -> FinishReason:
    """The ending that a provider's word means; one that nobody knows is the end of a whole answer."""
    return _ENDINGS.get(str(said).strip().lower(), "stop")
