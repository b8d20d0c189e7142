"""Descriptions: skills, and starting and dispatching them."""

from drf_spectacular.utils import OpenApiParameter

from executions.api.bodies import DispatchBody, StartBody
from executions.api.catalog_objects import SkillAnswer, SkillPage, ToolList
from executions.api.objects import ExecutionAnswer
from spaces.api.describing import PAGING, SPACE, described
from spaces.api.idempotency import idempotency_header

SLUG = OpenApiParameter("slug", str, OpenApiParameter.PATH, description="The skill's slug.")
_IDEMPOTENCY_KEY = idempotency_header(
    "The same key with the same body returns the first execution (200), with another body 409. "
    "It counts for one principal in one space."
)
_STARTED = {
    201: (ExecutionAnswer, "The new execution, queued."),
    200: (ExecutionAnswer, "The same was asked for before: that execution."),
}

listing = described(
    "listSkills",
    "List skills",
    tag="skills",
    description="The newest version of each skill that the space can start, by slug.",
    parameters=[SPACE, *PAGING],
    answers={200: (SkillPage, "A page of skills.")},
)
retrieve = described(
    "getSkill",
    "Show a skill",
    tag="skills",
    description="Its newest version: what it takes and gives, what it may do here and within which limits.",
    parameters=[SPACE, SLUG],
    answers={200: (SkillAnswer, "The skill.")},
)
start = described(
    "startExecution",
    "Start a skill",
    tag="skills",
    description="Inputs that do not match the skill's inputs schema are a 422 that names each wrong path.",
    parameters=[
        SPACE,
        SLUG,
        _IDEMPOTENCY_KEY,
    ],
    request=StartBody,
    answers=_STARTED,
    errors=[409, 413, 415],
)
tools = described(
    "listTools",
    "List tools",
    tag="tools",
    description="The space's skills as tools for a language model; a bare array.",
    parameters=[SPACE],
    answers={200: (ToolList, "The tools.")},
)
execute = described(
    "executeTool",
    "Dispatch a chat's tool call",
    tag="tools",
    description=(
        "Makes one execution for one tool call, however often and however concurrently it is asked for: "
        "the same thread, message and id with the same tool and arguments return the execution that is there "
        "(200); with another tool or other arguments it is a 409. An `Idempotency-Key` counts before that, "
        "and for the whole body."
    ),
    parameters=[
        SPACE,
        OpenApiParameter("tool_name", str, OpenApiParameter.PATH, description="The tool: the skill's slug."),
        _IDEMPOTENCY_KEY,
    ],
    request=DispatchBody,
    answers=_STARTED,
    errors=[409, 413, 415],
)
