"""A function that a model is offered, as the API writes a Tool."""

from objectives.spelling import Json


def tool_snapshot(
    metadata: Json,
    description: str,
    parameters: Json,
    *,
    requires_approval: bool,
    config: Json | None = None,
    function: str = "",
) -> Json:
    """A Tool as the API writes it; what is no tool of a set has no configuration of its own."""
    spec: Json = {"description": description, "requiresApproval": requires_approval, "parameters": parameters}
    spec["config"] = config or {}
    if function:
        spec["llmToolName"] = function
    return {"metadata": metadata, "spec": spec, "state": "STATE_AVAILABLE"}
