"""Telling older clients of the workspace API apart, which refuse what is newer than themselves."""

import re
from dataclasses import dataclass

_SDK = re.compile(r"cadenya[-/ ]?(?:python|ts|typescript|node|js|go)?[/ ]?v?(\d+)\.(\d+)", re.IGNORECASE)

# Since which version of the clients a type of event is known; all others always were.
EVENT_SINCE: dict[str, tuple[int, int]] = {"stateChanged": (1, 2), "heartbeat": (1, 4), "interrupted": (1, 7)}
_STATES_SINCE = (1, 2)  # before, `OBJECTIVE_STATE_X` was written `STATE_X`
_INTERRUPTED_SINCE = (1, 7)  # before, a tool call that was given up counted as one that failed


@dataclass(frozen=True, slots=True)
class Dialect:
    """What a client understands; `version` None is one that is not known, and taken for the newest."""

    version: tuple[int, int] | None = None

    def knows_event(self, name: str) -> bool:
        """Whether the client can read an event of this type."""
        return self.version is None or self.version >= EVENT_SINCE.get(name, (0, 0))

    def state(self, name: str) -> str:
        """An objective's state, `OBJECTIVE_STATE_RUNNING`, as this client calls it."""
        older = self.version is not None and self.version < _STATES_SINCE
        return name.removeprefix("OBJECTIVE_") if older else name

    def execution_status(self, name: str) -> str:
        """A tool call's execution status as this client calls it."""
        older = self.version is not None and self.version < _INTERRUPTED_SINCE
        return "TOOL_CALL_EXECUTION_STATUS_ERRORED" if older and name.endswith("_INTERRUPTED") else name


NEWEST = Dialect()


def dialect_of(user_agent: str) -> Dialect:
    """The dialect of whoever sends this `User-Agent`."""
    match = _SDK.search(user_agent)
    return Dialect((int(match[1]), int(match[2]))) if match else NEWEST
