"""Agents, the objectives they work on, and their tool calls."""
