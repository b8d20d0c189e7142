"""Skills and tools, as the API describes them."""

from typing import Any

from pydantic import BaseModel, Field, RootModel

from spaces.api.pagination import PageMeta

_SCHEMA = {"type": "object", "properties": {"question": {"type": "string"}}, "required": ["question"]}


class SkillSummary(BaseModel):
    """A skill in a list."""

    slug: str = Field(description="Its name in paths, and as a tool.", examples=["csv-profile"])
    description: str = Field(description="What it does: one sentence that a model can choose by.")
    version: str = Field(description="The newest semantic version.", examples=["1.0.0"])
    kind: str = Field(
        description=(
            "`script`: a program in the sandbox; `prompt`: instructions that a language model follows."
        ),
        examples=["script"],
    )


class SkillLimits(BaseModel):
    """What one run of a skill may use, its whole process tree together."""

    wall_seconds: float = Field(description="Seconds on the clock.")
    cpu_seconds: float = Field(description="Seconds of processor time.")
    memory_bytes: int = Field(description="Bytes of memory.")
    processes: int = Field(description="Processes at a time.")
    output_bytes: int = Field(description="Bytes that it may print.")
    workspace_bytes: int = Field(description="Bytes that it may keep in its workspace.")
    files: int = Field(description="Files that it may keep in its workspace.")


class SkillSchema(SkillSummary):
    """A skill in full."""

    digest: str = Field(description="SHA-256 of the bundle, verified before each run; 64 hexadecimal digits.")
    inputs_schema: dict[str, Any] = Field(
        description="JSON Schema (2020-12) of what it takes.", examples=[_SCHEMA]
    )
    outputs_schema: dict[str, Any] = Field(description="JSON Schema (2020-12) of what it gives.")
    tools: list[str] = Field(
        description="The tools it gets here: those it asks for and the space permits.",
        examples=[["artifact.commit"]],
    )
    missing_tools: list[str] = Field(
        description="Tools that its `allowed-tools` names and that are not here.", examples=[["WebFetch"]]
    )
    stated_version: str | None = Field(
        description="What it says its version is, where that is no semantic version; else null.",
        examples=["1.0"],
    )
    skills: list[str] = Field(description="Slugs of the skills that it may call.")
    limits: SkillLimits = Field(description="What one run may use.")
    max_attempts: int = Field(description="How often a run is tried before it counts as failed.")
    versions: list[str] = Field(description="Every imported version, newest first.", examples=[["1.0.0"]])


class SkillPage(BaseModel):
    """Skills, by slug."""

    data: list[SkillSummary] = Field(description="At most `limit` skills.")
    meta: PageMeta = Field(description="How to go on.")


class SkillAnswer(BaseModel):
    """One skill."""

    data: SkillSchema = Field(description="The skill.")


class ChatTool(BaseModel):
    """A skill as a tool that a chat may call."""

    tool_name: str = Field(description="The skill's slug.", examples=["csv-profile"])
    description: str = Field(description="What it does: one sentence that a model can choose by.")
    arguments_schema: dict[str, Any] = Field(
        description="JSON Schema (2020-12) of its arguments.", examples=[_SCHEMA]
    )


class ToolList(RootModel[list[ChatTool]]):
    """Every tool of the space."""
