"""Checking the body of a request against a pydantic model."""

from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from spaces.errors import Invalid

SHOWN_CHARACTERS = 200


class Body(BaseModel):
    """A JSON body: types are exact, and fields that nobody reads are ignored."""

    model_config = ConfigDict(strict=True, frozen=True, extra="ignore")


def read_body[B: Body](model: type[B], data: Any) -> B:
    """A parsed body (`request.data`, which raises what the parser does) as a `model`.

    Raises Invalid naming each wrong field.
    """
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise Invalid(
            [
                {
                    "loc": ["body", *problem["loc"]],
                    "msg": told(problem["type"], problem["msg"]),
                    "type": problem["type"],
                    "input": shown(problem["input"]),
                }
                for problem in error.errors(include_url=False, include_context=False)
            ]
        ) from error


def told(kind: str, message: str) -> str:
    """What pydantic says is wrong, without names of our own classes."""
    return "Input should be an object" if kind == "model_type" else message.removeprefix("Value error, ")


def shown(value: Any) -> Any:
    """What an error repeats of a wrong value: scalars, and of long texts the beginning."""
    if isinstance(value, str):
        return value[:SHOWN_CHARACTERS].encode("utf-8", "replace").decode()
    return value if isinstance(value, int | float | bool | None) else None
