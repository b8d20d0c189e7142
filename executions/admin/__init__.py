"""The operators' admin of executions, skills, artifacts and workers."""

from executions.admin import artifacts, executions, jobs, skills, workers

__all__ = ["artifacts", "executions", "jobs", "skills", "workers"]
