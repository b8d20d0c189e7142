"""The durable loop: model requests and tool calls, each step re-entered from rows alone."""
