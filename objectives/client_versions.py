"""Telling older clients of the workspace API apart, which refuse what is newer than themselves.

The clients up to 0.x say `Cadenya/Python 0.9.0` (JS, Go and Ruby alike), those since say
`cadenya-python/1.5.0 (api 1.0)`, with the number of an earlier release: 1.1.0 says 1.0.1; 1.3.0 to 1.5.0
say 1.3.0; 1.6.0 and 1.7.0 say 1.5.0; 1.8.0 says 1.7.0. Those of other languages count for themselves: that
of TypeScript which says 1.6.0 knows what Python's 1.7.0 does. The versions below are what clients say of
themselves, from where on every release knows the thing: heartbeats came with 1.4.0, `interrupted` and the
states beside it with Python's 1.7.0, whose own clients are therefore not told of them.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

_SDK = re.compile(
    r"\b(?:Async)?Cadenya(?:::Client)?(?:-[a-z]+/|/[a-z]+ )v?(\d{1,4})\.(\d{1,4})", re.IGNORECASE
)

type Version = tuple[int, int]

# Since which version a type of event is known; all others always were.
EVENT_SINCE: Final[dict[str, Version]] = {
    "reasoning": (0, 9),
    "stateChanged": (1, 2),
    "heartbeat": (1, 5),
    "interrupted": (1, 6),
}
_STATES_SINCE: Final[Version] = (1, 2)  # before, `OBJECTIVE_STATE_X` was written `STATE_X`
_INTERRUPTING_SINCE: Final[Version] = (1, 6)  # before, an objective that ends its turn counted as running
_INTERRUPTED_SINCE: Final[Version] = (1, 6)  # before, a tool call that was given up counted as a failed one


@dataclass(frozen=True, slots=True)
class Dialect:
    """What a client understands; `version` None is one that is not known, and taken for the newest."""

    version: Version | None = None

    @property
    def is_official(self) -> bool:
        """Whether it is one of the official clients, in whatever release."""
        return self.version is not None

    def knows_event(self, name: str) -> bool:
        """Whether the client can read an event of this type."""
        return not self._is_before(EVENT_SINCE.get(name, (0, 0)))

    def state(self, state: str) -> str:
        """An objective's state as this client calls it: `OBJECTIVE_STATE_RUNNING` for `running`."""
        if self.version is not None and self.version < _INTERRUPTING_SINCE and state == "interrupting":
            state = "running"
        is_short = self.version is not None and self.version < _STATES_SINCE
        return f"{'' if is_short else 'OBJECTIVE_'}STATE_{state.upper()}"

    def execution_status(self, name: str) -> str:
        """A tool call's execution status as this client calls it."""
        is_unknown = name.endswith("_INTERRUPTED") and self._is_before(_INTERRUPTED_SINCE)
        return "TOOL_CALL_EXECUTION_STATUS_ERRORED" if is_unknown else name

    def _is_before(self, version: Version) -> bool:
        return self.version is not None and self.version < version


NEWEST = Dialect()


@lru_cache(maxsize=256)
def dialect_of(user_agent: str) -> Dialect:
    """The dialect of whoever sends this `User-Agent`."""
    match = _SDK.search(user_agent)
    return Dialect((int(match[1]), int(match[2]))) if match else NEWEST
