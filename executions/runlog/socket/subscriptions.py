"""What every `sub` on a websocket can do, whatever it follows."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from executions.runlog.hub import Hub
from spaces.identity import Claim, Identity


@dataclass(frozen=True, slots=True)
class Desk:
    """What the subscriptions of one socket share."""

    hub: Hub
    identity: Identity
    base_url: str


class Subscription(Protocol):
    """One `sub`. Both methods return frames to send, in order, and raise a DomainError where access ends."""

    @property
    def is_over(self) -> bool: ...

    async def begin(self) -> list[str]:
        """Watch first, then ask where it stands: nothing can happen in between unseen."""
        ...

    async def step(self) -> list[str]:
        """What is new, at most one batch; an empty list where nothing is."""
        ...

    def push(self, send_now: Callable[[str], bool]) -> bool:
        """The same as `step`, sent without waiting; False where that is not possible, or not all of it."""
        ...

    def claims(self) -> list[Claim]: ...

    def close(self) -> None: ...
