"""What a tool says to the model when it could not do what was asked."""


class ToolFailed(Exception):
    """The tool call had no effect worth keeping; the message is for the model to read."""
