"""The operators' admin of agents, tools, models, secrets, objectives and tool calls."""

from objectives.admin import agents, objectives, providers, secrets, toolcalls, toolsets

__all__ = ["agents", "objectives", "providers", "secrets", "toolcalls", "toolsets"]
