"""What all bodies of the workspace API share: camelCase names, exact times, proto3's numbers."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, PlainSerializer
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

from objectives.ids import Json, wire_moment

Moment = Annotated[datetime, PlainSerializer(wire_moment, return_type=str)]
"""A time in an answer."""


def _not_truth(value: object) -> object:
    """JSON's `true` is no number, though Python's is."""
    if isinstance(value, bool):
        raise PydanticCustomError("number_type", "Input should be a number")
    return value


Whole = Annotated[int, BeforeValidator(_not_truth)]
"""A whole number in a request."""

Number = Annotated[float, BeforeValidator(_not_truth)]
"""A number in a request."""

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
