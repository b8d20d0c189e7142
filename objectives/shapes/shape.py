"""What all bodies of the workspace API share: camelCase names, exact times, proto3's numbers."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, PlainSerializer
from pydantic.alias_generators import to_camel

from objectives.spelling import Json, wire_moment

Moment = Annotated[datetime, PlainSerializer(wire_moment, return_type=str)]
"""A time in an answer."""

Count64 = Annotated[int, PlainSerializer(str, return_type=str)]
"""A 64-bit count: a string in JSON, since JavaScript's numbers cannot hold it."""


class Shape(BaseModel):
    """An object of the API. Fields that are None are left out of answers: a client may take null for a fault.

    In requests unknown fields are ignored, and what the server owns (ids, info, state) is simply not read.
    """

    model_config = ConfigDict(
        alias_generator=to_camel,
        populate_by_name=True,
        use_attribute_docstrings=True,
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,  # what was sent may be a secret
    )

    def wire(self) -> Json:
        """The object as the API writes it."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)
