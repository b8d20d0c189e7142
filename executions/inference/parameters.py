"""What the model library is given beside the messages: settings, and the tools that may be called."""

from pydantic_ai import ToolDefinition as LibraryTool
from pydantic_ai.models import ModelRequestParameters
from pydantic_ai.settings import ModelSettings

from executions.inference.choices import BEDROCK, DEMO, ModelChoice
from executions.inference.interface import ModelRequest
from executions.inference.tool_names import FINAL_ANSWER, wire_names


def settings_of(request: ModelRequest, choice: ModelChoice) -> ModelSettings:
    """The caller's settings over the model's own, under limits that neither can lift."""
    settings = ModelSettings(**{**choice.settings, **request.settings})  # type: ignore[typeddict-item]
    limits = [choice.request_seconds]
    if request.timeout_seconds is not None:
        limits.append(request.timeout_seconds)
    settings["request_timeout"] = max(min(limits), 0.001)
    if choice.provider != DEMO:
        if choice.provider != BEDROCK:  # whose client has been told the same
            settings["timeout"] = choice.silence_seconds
            # Retries are the caller's, who may have been stopped or have spent the budget meanwhile.
            settings["max_retries"] = 0
        if request.idempotency_key:
            headers = dict(settings.get("extra_headers") or {})
            settings["extra_headers"] = {**headers, "Idempotency-Key": request.idempotency_key}
    return settings


def parameters_of(request: ModelRequest) -> ModelRequestParameters:
    """The tools as the library takes them, and the one that ends the work."""
    names = wire_names(tool.name for tool in request.tools)
    tools = [
        LibraryTool(
            name=names[tool.name],
            description=tool.description,
            parameters_json_schema=dict(tool.parameters),
        )
        for tool in request.tools
    ]
    if request.answer_schema is None:
        return ModelRequestParameters(function_tools=tools)
    ending = LibraryTool(
        name=FINAL_ANSWER,
        description="Give the final result of the whole task. Call it exactly once, at the end.",
        parameters_json_schema=dict(request.answer_schema),
        kind="output",
    )
    # A model may think aloud first: forcing a call is refused by some models that reason.
    return ModelRequestParameters(
        function_tools=tools, output_tools=[ending], output_mode="tool", allow_text_output=True
    )
