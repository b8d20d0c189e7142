"""Markdown drawn as safe HTML, for pages that show what models and people write."""

from pydantic import BaseModel, Field
from rest_framework.request import Request
from rest_framework.response import Response

from spaces.api.operations import operation
from spaces.api.request_bodies import Body, read_body
from spaces.api.viewsets import ApiViewSet
from spaces.errors import Invalid
from spaces.markdown import safe_html

MOST_TEXTS = 500
MOST_CHARACTERS = 1_000_000  # of all texts together


class MarkdownBody(Body):
    """Texts to draw."""

    texts: list[str] = Field(max_length=MOST_TEXTS, description="Markdown texts, each drawn by itself.")


class DrawnTexts(BaseModel):
    """HTML of texts."""

    html: list[str] = Field(description="The HTML of each text, in the same order.")


class MarkdownAnswer(BaseModel):
    """The drawn texts."""

    data: DrawnTexts = Field(description="What was drawn.")


class MarkdownViewSet(ApiViewSet):
    """`POST /v1/markdown`."""

    @operation(
        "drawMarkdown",
        "Draw Markdown as safe HTML",
        tag="live",
        description="CommonMark with tables and strikethrough. The HTML has neither scripts nor styles, "
        "pictures are links, and code has spans with classes `hl-…` as Pygments names them. A chat page "
        "draws each block of an answer as it is complete.",
        body=MarkdownBody,
        answers={200: (MarkdownAnswer, "The HTML.")},
        errors=[400, 415],
        examples={
            "body": {"texts": ["**Done.**"]},
            "answer": {"data": {"html": ["<p><strong>Done.</strong></p>\n"]}},
        },
    )
    def create(self, request: Request) -> Response:
        texts = read_body(MarkdownBody, request.data).texts
        if sum(map(len, texts)) > MOST_CHARACTERS:
            raise Invalid.field("body", "texts", msg=f"At most {MOST_CHARACTERS:,} characters in all.")
        return Response({"data": {"html": [safe_html(text) for text in texts]}})
