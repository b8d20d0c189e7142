"""Descriptions: executions and the lookup."""

from typing import Any

from django_filters import Filter, IsoDateTimeFilter, MultipleChoiceFilter, UUIDFilter
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter

from executions.api.filters import ExecutionFilter
from executions.api.objects import ArtifactPage, ExecutionAnswer, ExecutionPage
from spaces.api.describing import PAGING, SPACE, described

TAG = "executions"
EXECUTION = OpenApiParameter(
    "execution_id", OpenApiTypes.UUID, OpenApiParameter.PATH, description="The execution."
)
USAGE = OpenApiParameter(
    "usage",
    {"type": "string", "enum": ["own", "total"], "default": "own"},
    description="`total` adds what the sub-executions used, and usage that arrived after the end.",
)
BYTES = {(200, "application/gzip"): (OpenApiTypes.BINARY, "The bytes.")}
RANGE = OpenApiParameter(
    "Range", str, OpenApiParameter.HEADER, description="One range of bytes, e.g. `bytes=0-1023`."
)


def _filter(named: tuple[str, Filter]) -> OpenApiParameter:
    name, filtering = named
    kind: Any = str
    if isinstance(filtering, MultipleChoiceFilter):
        choices = {"type": "string", "enum": [value for value, _ in filtering.extra["choices"]]}
        kind = {"type": "array", "items": choices}
    elif isinstance(filtering, UUIDFilter):
        kind = OpenApiTypes.UUID
    elif isinstance(filtering, IsoDateTimeFilter):
        kind = OpenApiTypes.DATETIME
    return OpenApiParameter(name, kind, description=filtering.extra["help_text"])


lookup = described(
    "getExecutionByChatToolCall",
    "Find the execution of a chat's tool call",
    tag=TAG,
    description=(
        "The newest execution that this tool call dispatched, from the moment of its dispatch on, long "
        "before it "
        "has finished; executions that a retry replaced are left out.\n\n"
        "The id may reach a browser before the call is dispatched: then this is a 404 that turns into a 200. "
        "With `Prefer: wait=N` the request is held until the execution exists, at most N (up to 30) "
        "seconds, and "
        "the answer carries `Preference-Applied`; without it the answer is immediate."
    ),
    parameters=[
        SPACE,
        OpenApiParameter(
            "tool_call_id",
            str,
            OpenApiParameter.PATH,
            description="The id that the model gave the call, percent-encoded: everything to the end of the "
            "path, decoded once, slashes included. Compared exactly.",
        ),
        OpenApiParameter(
            "thread_id",
            str,
            description="Only executions of this chat thread: models repeat ids across threads.",
        ),
        USAGE,
        OpenApiParameter(
            "Prefer", str, OpenApiParameter.HEADER, description="`wait=N`: wait up to N seconds (RFC 7240)."
        ),
        OpenApiParameter(
            "Preference-Applied",
            str,
            OpenApiParameter.HEADER,
            response=[200, 404],
            description="`wait=N` where the request was held, or could have been.",
        ),
    ],
    answers={200: (ExecutionAnswer, "The execution as it stands now.")},
)
listing = described(
    "listExecutions",
    "List executions",
    tag=TAG,
    description="A space's executions, newest first. Several filters must all hold; an unknown one is a 422.",
    parameters=[SPACE, *PAGING, *map(_filter, ExecutionFilter.base_filters.items())],
    answers={200: (ExecutionPage, "A page of executions.")},
)
retrieve = described(
    "getExecution",
    "Show an execution",
    tag=TAG,
    parameters=[SPACE, EXECUTION, USAGE],
    answers={200: (ExecutionAnswer, "The execution as it stands now.")},
)
cancel = described(
    "cancelExecution",
    "Cancel an execution",
    tag=TAG,
    description=(
        "Ask that it stops, and everything it called. One that waits is cancelled at once; one that runs is "
        "`cancelled` within seconds, when its worker has stopped it. Asking again changes nothing; one "
        "that has "
        "succeeded or failed is a 409."
    ),
    parameters=[SPACE, EXECUTION],
    answers={200: (ExecutionAnswer, "The execution as it stands now.")},
    errors=[409],
)
retry = described(
    "retryExecution",
    "Run a finished execution again",
    tag=TAG,
    description=(
        "A new execution with the same inputs, files, thread, message and tool call, which takes the "
        "old one's place "
        "in the lookup; both stay. One that is not over, and a sub-execution, is a 409."
    ),
    parameters=[SPACE, EXECUTION],
    answers={
        201: (ExecutionAnswer, "The new execution."),
        200: (ExecutionAnswer, "It was retried before: that execution."),
    },
    errors=[409],
)
artifacts = described(
    "listArtifacts",
    "List an execution's artifacts",
    tag=TAG,
    description="The files that it kept, oldest first, each with a fresh link.",
    parameters=[SPACE, EXECUTION, *PAGING],
    answers={200: (ArtifactPage, "A page of artifacts.")},
)
archive = described(
    "downloadArchive",
    "Download an execution's workspace",
    tag=TAG,
    description="The workspace as it was at the end, tar.gz. 404 until it was taken.",
    parameters=[SPACE, EXECUTION, RANGE],
    answers={
        **BYTES,
        (206, "application/gzip"): (OpenApiTypes.BINARY, "The range of bytes."),
        302: (None, "To the storage, by a link that lives for five minutes, where the deployment says so."),
        304: (None, "Not changed since the `ETag` of `If-None-Match`."),
        416: (None, "There are no bytes in this range."),
    },
)
download = described(
    "downloadArtifact",
    "Download an artifact",
    tag=TAG,
    description=(
        "An artifact's bytes: by a key, by a ticket as often as needed, or by the token of a `download_url` "
        "within 15 minutes. "
        "Pictures may be shown by a browser; everything else is an attachment."
    ),
    parameters=[
        SPACE,
        OpenApiParameter(
            "artifact_id", OpenApiTypes.UUID, OpenApiParameter.PATH, description="The artifact."
        ),
        OpenApiParameter("token", str, description="The token of a `download_url`, instead of a key."),
        RANGE,
    ],
    answers={
        (200, "application/octet-stream"): (OpenApiTypes.BINARY, "The bytes, in the artifact's own type."),
        (206, "application/octet-stream"): (OpenApiTypes.BINARY, "The range of bytes."),
        302: (None, "To the storage, by a link that lives for five minutes, where the deployment says so."),
        304: (None, "Not changed since the `ETag` of `If-None-Match`."),
        416: (None, "There are no bytes in this range."),
    },
)
