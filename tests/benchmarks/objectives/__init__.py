"""The benchmark of objectives and tool calls."""
