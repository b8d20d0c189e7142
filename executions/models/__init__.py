"""Skills, their versions, and what became of each run of them."""

from executions.models.artifact import Artifact
from executions.models.execution import (
    OPEN,
    OVER,
    FailureReason,
    SkillExecution,
    Source,
    State,
)
from executions.models.skill import Skill, SkillVersion
from executions.models.stagedfile import StagedFile
from executions.models.usage import LateUsage
from executions.runs.models import FeedEntry, FeedHead, HeadState, RunEvent, RunHead, RunKind
from executions.runs.worker_nodes import WorkerNode

__all__ = [
    "OPEN",
    "OVER",
    "Artifact",
    "FailureReason",
    "FeedEntry",
    "FeedHead",
    "HeadState",
    "LateUsage",
    "RunEvent",
    "RunHead",
    "RunKind",
    "Skill",
    "SkillExecution",
    "SkillVersion",
    "Source",
    "StagedFile",
    "State",
    "WorkerNode",
]
