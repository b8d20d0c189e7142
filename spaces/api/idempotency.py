"""The `Idempotency-Key` of a request, and how routes that take one say so."""

from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request

from spaces.errors import Invalid

HEADER = "Idempotency-Key"
MAX_LENGTH = 255


def read_idempotency_key(request: Request) -> str | None:
    """The request's key, None where it has none; raises Invalid for one that cannot be kept."""
    return checked_key(request.headers.get(HEADER))


def checked_key(key: str | None) -> str | None:
    """The same key; raises Invalid for one that cannot be kept."""
    if key is not None and not (0 < len(key) <= MAX_LENGTH and key.isprintable()):
        raise Invalid.field(
            "header", HEADER, msg=f"Must be 1 to {MAX_LENGTH} printable characters.", kind="string_type"
        )
    return key


def idempotency_header(meaning: str) -> OpenApiParameter:
    """The header, for the description of a route; `meaning` is what a repetition does there."""
    return OpenApiParameter(
        HEADER,
        {"type": "string", "minLength": 1, "maxLength": MAX_LENGTH},
        OpenApiParameter.HEADER,
        description=meaning,
    )
