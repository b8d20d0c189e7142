"""What a variation may call: a tool, all tools of a set, or another agent."""

from typing import Self

from pydantic import Field, model_validator

from objectives.ids import Json, Prefix, spell
from objectives.models import Assignment
from objectives.schemas.metadata import BareMetadata
from objectives.schemas.shape import Shape

KINDS = {
    "tool_id": "toolId",
    "tool_set_id": "toolSetId",
    "sub_agent_id": "subAgentId",
    "agent_pool_id": "agentPoolId",
}


class VariationAssignment(Shape):
    """One thing that may be called: `type` says which, and exactly one other key holds its id."""

    type: str = Field(default="", examples=["toolId"])
    """`toolId`, `toolSetId` or `subAgentId`; may be left out of requests."""
    tool_id: str | None = None
    """A tool, `tool_…` or `external_id:…`."""
    tool_set_id: str | None = None
    """A tool set: all its tools, also those that it gets later."""
    sub_agent_id: str | None = None
    """An agent, which works on an objective of its own."""
    agent_pool_id: str | None = None
    """Not built: refused."""

    @model_validator(mode="after")
    def _names_one_thing(self) -> Self:
        given = [name for name in KINDS if getattr(self, name)]
        if len(given) != 1:
            raise ValueError("Exactly one of toolId, toolSetId, subAgentId and agentPoolId is required.")
        if self.type not in {"", KINDS[given[0]]}:
            raise ValueError("The type names another key than the one that is given.")
        return self

    @property
    def field(self) -> str:
        """The name of the field that is given, such as `tool_id`."""
        return next(name for name in KINDS if getattr(self, name))

    @property
    def kind(self) -> str:
        """What the API calls that field, such as `toolId`."""
        return KINDS[self.field]

    @property
    def address(self) -> str:
        """The id or `external_id:…` of the thing."""
        return str(getattr(self, self.field))

    @classmethod
    def of(cls, row: Assignment) -> Self:
        field, thing_id = _thing(row)
        return cls.model_validate({"type": KINDS[field], field: thing_id})


def named(row: Assignment) -> BareMetadata:
    """Id and name of the thing that is assigned; `row` comes with it."""
    thing = row.tool or row.tool_set or row.sub_agent
    return BareMetadata(id=_thing(row)[1], name=thing.name if thing else "")


def as_before(row: Assignment) -> Json:
    """What clients before 1.2 read of an assignment: `tool`, `toolSet` or `agent`; `row` comes with it."""
    field, thing_id = _thing(row)
    kind = {"tool_id": "tool", "tool_set_id": "toolSet", "sub_agent_id": "agent"}[field]
    thing = row.tool or row.tool_set or row.sub_agent
    shown = {"id": thing_id, "name": thing.name if thing else ""}
    return {"type": kind, kind: shown, "id": spell(Prefix.ASSIGNMENT, row.id)}


def _thing(row: Assignment) -> tuple[str, str]:
    if row.tool_id is not None:
        return "tool_id", spell(Prefix.TOOL, row.tool_id)
    if row.tool_set_id is not None:
        return "tool_set_id", spell(Prefix.TOOL_SET, row.tool_set_id)
    assert row.sub_agent_id is not None  # noqa: S101 - the constraint an_assignment_is_of_one_thing
    return "sub_agent_id", spell(Prefix.AGENT, row.sub_agent_id)
