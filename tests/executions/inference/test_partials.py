"""What is kept of a response that broke off is what the model library itself would write."""

from datetime import UTC, datetime

from pydantic_ai.messages import ModelResponse, TextPart

from executions.inference import transcript
from executions.inference.partial_responses import partial_response

AT = datetime(2026, 11, 30, 12, tzinfo=UTC)


def test_a_partial_response_is_one_of_the_library():
    kept = partial_response("Half a", at=AT)

    loaded = transcript.load([kept, transcript.user_message("Go on.")], instructions="")

    assert loaded[0] == ModelResponse(parts=[TextPart(content="Half a")], timestamp=AT, state="interrupted")
