"""Reading JSON bodies that anybody may have sent."""

import json
from collections.abc import Mapping
from typing import IO, Any

from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser, MultiPartParser

from spaces.errors import Invalid, TooLarge
from spaces.json_depth import MAX_DEPTH, is_too_deep

MAX_BYTES = 5 * 1024 * 1024


class StrictJsonParser(BaseParser):
    """JSON as RFC 8259 has it: UTF-8 whatever the header claims, no NaN, at most 5 MiB and 64 levels.

    Raises ParseError, and TooLarge before more than the limit is in memory. Integers keep every digit.
    """

    media_type = "application/json"

    def parse(
        self,
        stream: IO[bytes],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        content = stream.read(MAX_BYTES + 1)
        if len(content) > MAX_BYTES:
            raise TooLarge(f"The body is larger than {MAX_BYTES} bytes.")
        return parse_json(content)


class NamedMultiPartParser(MultiPartParser):
    """Multipart bodies; raises Invalid, which says so, for one that cannot be read."""

    def parse(
        self,
        stream: IO[bytes],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        try:
            return super().parse(stream, media_type, parser_context)
        except ParseError as error:
            raise Invalid.field("body", msg=str(error.detail), kind="multipart_invalid") from error


def parse_json(content: bytes) -> Any:
    """The value of a JSON text; raises ParseError with where and why."""
    try:
        value = json.loads(content.decode("utf-8"), parse_constant=_refuse_constant)
    except UnicodeDecodeError as error:
        raise ParseError(f"The body is not UTF-8: {error.reason} at byte {error.start}.") from error
    except RecursionError as error:
        raise ParseError(f"The body is nested deeper than {MAX_DEPTH} levels.") from error
    except ValueError as error:
        raise ParseError(f"The body is not JSON: {error}") from error
    if is_too_deep(value):
        raise ParseError(f"The body is nested deeper than {MAX_DEPTH} levels.")
    return value


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not a JSON number")
