"""What can happen to agents, objectives and tool calls: one module a verb or a few."""
