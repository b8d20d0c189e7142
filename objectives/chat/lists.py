"""Narrowing and paging lists of threads and of messages."""

from typing import Any, ClassVar

import django_filters
from django.db.models import Exists, OuterRef, Q, QuerySet
from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request

from objectives.chat.transcript import Message
from objectives.models import Objective, UserMessage
from spaces.errors import Invalid

MOST_MESSAGES = 1000
MESSAGE_QUERY = [
    OpenApiParameter("format", {"type": "string", "enum": ["ui"]}, description="As the AI SDK's UIMessage."),
    OpenApiParameter("cursor", str, description="`meta.next_cursor` of the page before."),
    OpenApiParameter(
        "limit",
        {"type": "integer", "minimum": 1, "maximum": MOST_MESSAGES, "default": MOST_MESSAGES},
        description="Most messages of a page.",
    ),
]


class ThreadFilter(django_filters.FilterSet):
    """What a list of threads is narrowed by."""

    q = django_filters.CharFilter(
        method="narrow_text",
        max_length=200,
        help_text="Only threads in which this text was said, or that are called so.",
    )
    project_id = django_filters.CharFilter(
        "thread__project_id", max_length=255, help_text="Only threads of this project."
    )
    archived = django_filters.BooleanFilter(
        "thread__archived_at",
        lookup_expr="isnull",
        exclude=True,
        help_text="Only those put away, or only others.",
    )

    class Meta:
        model = Objective
        fields: ClassVar[list[str]] = []

    def narrow_text(self, rows: QuerySet[Objective], name: str, text: str) -> QuerySet[Objective]:
        said = UserMessage.objects.filter(objective_id=OuterRef("pk"), content__icontains=text)
        return rows.filter(Q(thread__title__icontains=text) | Exists(said))


def page_of(found: list[Message], request: Request) -> tuple[list[Message], dict[str, Any]]:
    """The messages that `cursor` and `limit` ask for; raises Invalid."""
    text = request.query_params.get("limit", str(MOST_MESSAGES))
    if not (text.isascii() and text.isdecimal() and len(text) < 5 and 1 <= int(text) <= MOST_MESSAGES):
        message = f"Must be a whole number from 1 to {MOST_MESSAGES}."
        raise Invalid.field("query", "limit", msg=message, kind="out_of_range", value=text[:200])
    cursor, start = request.query_params.get("cursor"), 0
    if cursor is not None:
        start = next((place for place, one in enumerate(found, start=1) if one.id == cursor), 0)
        if not start:
            raise Invalid.field("query", "cursor", msg="This is no cursor of this list.", value=cursor[:200])
    page = found[start : start + int(text)]
    has_more = start + len(page) < len(found)
    return page, {"next_cursor": page[-1].id if has_more else None, "has_more": has_more}
