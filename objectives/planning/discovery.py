"""Progressive discovery: the function that looks for tools an agent was not given, and its search.

Decision: a search is PostgreSQL's full text search in English over what models read of tools anyway. It knows
forms of words and weighs names above descriptions; it needs no index, since a space has few tools.
"""

import re
import uuid
from collections.abc import Collection, Sequence
from typing import Final

from django.contrib.postgres.search import SearchQuery, SearchRank, SearchVector

from objectives.ids import Json
from objectives.models import AgentVariation, CallKind, Tool, ToolSetState, ToolState
from objectives.planning.plan import Offered
from objectives.planning.tool_snapshots import provided_metadata, tool_snapshot

FIND_TOOLS: Final = "find_tools"
MOST_FOUND: Final = 20  # tools of one search, whatever the variation says
USUAL_FOUND: Final = 5  # where it says nothing
MOST_OFFERED: Final = 120  # functions of one objective that a search adds to: some providers take 128
MOST_WORDS: Final = 40  # of a query, and of the hints

_TOOL_ID: Final = uuid.UUID("01930000-0000-7000-8000-00000000f1d5")  # of the same tool everywhere
_DESCRIPTION: Final = (
    "Search this workspace for more tools by keywords. "
    "The tools found can be called from your next response on."
)
_PARAMETERS: Final = {
    "type": "object",
    "properties": {
        "query": {
            "type": "string",
            "minLength": 1,
            "description": "What the tools are to do, in a few words.",
        }
    },
    "required": ["query"],
    "additionalProperties": False,
}
_ENGLISH: Final = "english"
_WORD: Final = re.compile(r"[^\W_]+")
_TEXT: Final = (
    SearchVector("function_name", "name", weight="A", config=_ENGLISH)
    + SearchVector("description", weight="B", config=_ENGLISH)
    + SearchVector("tool_set__name", "tool_set__description", weight="C", config=_ENGLISH)
)


def discovering(variation: AgentVariation, tenant_id: uuid.UUID) -> list[Offered]:
    """The function that finds more tools, where a variation may look for them; it runs by itself."""
    wanted: Json | None = variation.progressive_discovery
    if wanted is None:
        return []
    metadata = provided_metadata(
        FIND_TOOLS,
        _TOOL_ID,
        space_id=variation.space_id,
        tenant_id=tenant_id,
        created_at=variation.created_at,
    )
    most = min(wanted.get("maxTools") or USUAL_FOUND, MOST_FOUND)
    return [
        Offered(
            function=FIND_TOOLS,
            kind=CallKind.SEARCH,
            ref=FIND_TOOLS,
            description=_DESCRIPTION,
            parameters=_PARAMETERS,
            metadata=metadata,
            snapshot=tool_snapshot(metadata, _DESCRIPTION, _PARAMETERS, requires_approval=False),
            is_safe_to_repeat=True,
            config={"maxTools": most, "hints": wanted.get("hints") or []},
        )
    ]


def found_tools(
    space_id: uuid.UUID, query: str, hints: Sequence[str], *, known: Collection[str], most: int
) -> list[Tool]:
    """The tools of a space, best first, that may be called and have a word of the query or of the hints.

    The query's words count before the hints'. `known` are the ids of tools that are not looked for.
    """
    asked, hinted = _any_word_of(query), _any_word_of(" ".join(hints))
    usable = Tool.objects.filter(
        space_id=space_id, state=ToolState.AVAILABLE, tool_set__state=ToolSetState.ACTIVE
    )
    matching = (
        usable.exclude(pk__in=known)
        .annotate(text=_TEXT, by_query=SearchRank(_TEXT, asked), by_hints=SearchRank(_TEXT, hinted))
        .filter(text=asked | hinted)
        .select_related("tool_set")
    )
    return list(matching.order_by("-by_query", "-by_hints", "function_name", "id")[:most])


def _any_word_of(text: str) -> SearchQuery:
    words = [word for word in _WORD.findall(text) if word.lower() != "or"][:MOST_WORDS]
    return SearchQuery(" or ".join(words), search_type="websearch", config=_ENGLISH)
