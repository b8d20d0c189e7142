"""Agents and their tools, objectives and their tool calls."""

from objectives.models.agent import Agent, AgentState, AgentVariation, Assignment, VariationChoice
from objectives.models.history import BrokenRequest, ContextWindow, FinishReason, Step, UserMessage
from objectives.models.model import LanguageModel, ModelState, Provider, ProviderKey, ProviderPause
from objectives.models.objective import OPEN, OVER, PASSING, ErrorType, Objective, ObjectiveState
from objectives.models.sealedvalue import SealedValue
from objectives.models.secret import Secret, SecretSource
from objectives.models.steering import ActionKind, ActionState, Feedback, QueuedAction
from objectives.models.thread import ChatSettings, MessageFile, Thread
from objectives.models.toolcall import (
    AWAITS_JUDGEMENT,
    SETTLED,
    WAITS_FOR_PEOPLE,
    ApprovalStatus,
    CallError,
    CallKind,
    ExecutionStatus,
    ResultMedia,
    ToolCall,
)
from objectives.models.toolset import AdapterKind, Tool, ToolSet, ToolSetState, ToolState

__all__ = [
    "AWAITS_JUDGEMENT",
    "OPEN",
    "OVER",
    "PASSING",
    "SETTLED",
    "WAITS_FOR_PEOPLE",
    "ActionKind",
    "ActionState",
    "AdapterKind",
    "Agent",
    "AgentState",
    "AgentVariation",
    "ApprovalStatus",
    "Assignment",
    "BrokenRequest",
    "CallError",
    "CallKind",
    "ChatSettings",
    "ContextWindow",
    "ErrorType",
    "ExecutionStatus",
    "Feedback",
    "FinishReason",
    "LanguageModel",
    "MessageFile",
    "ModelState",
    "Objective",
    "ObjectiveState",
    "Provider",
    "ProviderKey",
    "ProviderPause",
    "QueuedAction",
    "ResultMedia",
    "SealedValue",
    "Secret",
    "SecretSource",
    "Step",
    "Thread",
    "Tool",
    "ToolCall",
    "ToolSet",
    "ToolSetState",
    "ToolState",
    "UserMessage",
    "VariationChoice",
]
