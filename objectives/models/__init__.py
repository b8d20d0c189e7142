"""Agents and their tools, objectives and their tool calls."""

from objectives.models.agent import Agent, AgentState, AgentVariation, Assignment, VariationChoice
from objectives.models.history import BrokenRequest, ContextWindow, Ending, Step, UserMessage
from objectives.models.model import LanguageModel, ModelState, Provider, ProviderKey
from objectives.models.objective import OPEN, OVER, PASSING, ErrorType, Objective, ObjectiveState
from objectives.models.sealedvalue import SealedValue
from objectives.models.secret import Secret, SecretSource
from objectives.models.steering import ActionKind, ActionState, Feedback, QueuedAction
from objectives.models.toolcall import (
    AWAITS_JUDGEMENT,
    SETTLED,
    WAITS_FOR_PEOPLE,
    Approval,
    CallError,
    CallKind,
    Execution,
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
    "Approval",
    "Assignment",
    "BrokenRequest",
    "CallError",
    "CallKind",
    "ContextWindow",
    "Ending",
    "ErrorType",
    "Execution",
    "Feedback",
    "LanguageModel",
    "ModelState",
    "Objective",
    "ObjectiveState",
    "Provider",
    "ProviderKey",
    "QueuedAction",
    "ResultMedia",
    "SealedValue",
    "Secret",
    "SecretSource",
    "Step",
    "Tool",
    "ToolCall",
    "ToolSet",
    "ToolSetState",
    "ToolState",
    "UserMessage",
    "VariationChoice",
]
