"""Reading JSON bodies that anybody may have sent."""

import json
from collections.abc import Mapping
from typing import IO, Any, cast

from django.conf import settings
from django.http.multipartparser import MultiPartParser as DjangoMultiPartParser, MultiPartParserError
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser, DataAndFiles, MultiPartParser

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


class _ExactNames(DjangoMultiPartParser):
    """Django's parser takes signs such as U+202F out of a name, and reads `&amp;` in it as `&`."""

    def sanitize_file_name(self, file_name: str) -> str | None:
        # Clients write a quotation mark in a name as %22, as the standard for forms says.
        name = file_name.replace("%22", '"').rsplit("/")[-1].rsplit("\\")[-1]
        return None if name in {"", ".", ".."} else name


class NamedMultiPartParser(MultiPartParser):
    """Multipart bodies with the files' names as they are; raises Invalid for one that cannot be read."""

    def parse(
        self,
        stream: IO[bytes],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        context = parser_context or {}
        request = context["request"]
        headers = {**request.META, "CONTENT_TYPE": media_type}
        encoding = context.get("encoding", settings.DEFAULT_CHARSET)
        try:
            parser = _ExactNames(headers, cast(Any, stream), request.upload_handlers, encoding)
            return DataAndFiles(*parser.parse())
        except MultiPartParserError as error:
            problem = f"Multipart form parse error - {error}"
            raise Invalid.field("body", msg=problem, kind="multipart_invalid") from error


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
