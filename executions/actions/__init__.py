"""What can happen to an execution: one module a verb or a few."""
