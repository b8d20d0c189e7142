"""Skills, their executions, and the ground of every run: log, lease, worker, sandbox, models."""
