"""Reading a request's body as a shape."""

from typing import Any

from pydantic import ValidationError

from executions.catalog.validation import check_storable
from objectives.schemas.shape import Shape
from spaces.api.request_bodies import told
from spaces.errors import Invalid


def read_shape[S: Shape](shape: type[S], given: Any) -> S:
    """The body as a shape; raises Invalid naming each wrong field.

    What the body holds is not repeated in the error: it may be a secret.
    """
    check_storable(given, loc=["body"])
    try:
        return shape.model_validate(given)
    except ValidationError as error:
        raise Invalid(
            [
                {
                    "loc": ["body", *problem["loc"]],
                    "msg": told(problem["type"], problem["msg"]),
                    "type": problem["type"],
                    "input": None,
                }
                for problem in error.errors(include_url=False, include_context=False, include_input=False)
            ]
        ) from None
