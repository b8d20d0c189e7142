"""What an objective's loop works by, fixed when the objective is made.

Decision: the plan is written down once, from the rows of the agent, its variation, tools and skills. Changing
those later changes new objectives only, and a step that is entered again finds what the first try found. All
that is ever added to it are tools that the agent looked for (`discovery`).
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Self

from objectives.ids import Json
from objectives.models import AdapterKind, CallKind

MOST_TURNS = 200  # responses of the model in one objective, where the agent's variation says nothing else
DAY_SECONDS = 86_400.0


@dataclass(frozen=True, kw_only=True)
class Offered:
    """One function as the model is offered it, and what stands behind it.

    `ref` is the tool's or agent's id (hex with dashes) or the skill's slug. `metadata` is a ResourceMetadata
    and `snapshot` a Tool, both as the API writes them. `parameters` is the JSON Schema that the model sees,
    pinned parameters taken out. `adapter` is "" for agents and skills; for HTTP `base_url`, `headers` and
    `config` are templates. Times are seconds.

    `overlays` are the enabled ones of the tool set that match the tool, in order and as the API writes them;
    `parameters` is what they leave of the tool's. `auto_mode` is that of the last of them that has one: what
    has it always has `requires_approval`, whatever the tool itself says.
    """

    function: str
    kind: str
    ref: str
    description: str
    parameters: Json
    metadata: Json
    snapshot: Json
    requires_approval: bool = False
    is_safe_to_repeat: bool = False
    approval_expires_seconds: float | None = None
    approval_default: str = "deny"
    adapter: str = ""
    tool_set_id: str = ""
    tool_set: Json = field(default_factory=dict)
    base_url: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    config: Json = field(default_factory=dict)
    content_seconds: float | None = None
    overlays: list[Json] = field(default_factory=list)
    auto_mode: Json | None = None

    @property
    def shown(self) -> Json:
        """The snapshot, with the function's name as this objective has it: two sets may have the same one."""
        return {**self.snapshot, "spec": {**self.snapshot["spec"], "llmToolName": self.function}}

    @property
    def is_bare(self) -> bool:
        return self.kind == CallKind.TOOL and self.adapter == AdapterKind.BARE


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Everything the loop needs beside the conversation.

    `model_id` is the LanguageModel's id, None for the space's default; `settings` are the model library's
    request settings. `answer_schema` is that of the output that ends the objective, None where it goes on
    until somebody ends it. `demo` is the demo model's script, None for its fixed plan. `compaction` is the
    variation's as the API writes it. `context_tokens` is what the model can read, 0 for unknown.
    """

    model_id: str | None
    settings: Json
    offered: tuple[Offered, ...]
    answer_schema: Json | None = None
    demo: Any = None
    max_turns: int = MOST_TURNS
    max_tool_calls: int | None = None
    max_sub_objectives: int | None = None
    compaction: Json | None = None
    context_tokens: int = 0

    def of_function(self, name: str) -> Offered | None:
        """What the model means by a function's name; None for one that it was not offered."""
        return next((one for one in self.offered if one.function == name), None)

    def offered_as(self, name: str) -> Offered:
        """The same for a call that was found among what was offered; raises LookupError."""
        found = self.of_function(name)
        if found is None:
            raise LookupError(name)
        return found

    def stored(self) -> Json:
        """The plan as JSON."""
        return asdict(self)

    @classmethod
    def read(cls, stored: Mapping[str, Any]) -> Self:
        """The plan that `stored` wrote."""
        offered = tuple(Offered(**one) for one in stored["offered"])
        return cls(**{**stored, "offered": offered})
