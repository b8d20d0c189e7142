"""Rate limits per key, per person for sessions, and per ticket for one thing."""

import logging
import re
import time
from functools import cache as remembered
from typing import Any

from django.core.cache import cache
from redis import RedisError
from rest_framework.request import Request
from rest_framework.settings import api_settings
from rest_framework.throttling import BaseThrottle

logger = logging.getLogger(__name__)

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_RATE = re.compile(r"([1-9]\d{0,8})/(s|sec|second|m|min|minute|h|hour|d|day)")


class KeyThrottle(BaseThrottle):
    """The rates `key` and `ticket` of the settings, for each of them, in windows that begin on the clock.

    A ticket is counted for itself: whoever was given one must not use up what its maker has.

    A process counts for itself unless a shared cache is set: the default leaves others a quarter of what one
    process answers, whatever one key does, and nobody who works with Callboard comes near it.

    One counter a window: DRF's own throttle keeps the time of every request, 18,000 of them to unpack on
    every further one.
    """

    def __init__(self) -> None:
        self._wait = 0.0

    def allow_request(self, request: Request, view: Any) -> bool:
        caller: Any = request.auth
        if caller is None:
            return True
        rates = api_settings.DEFAULT_THROTTLE_RATES
        limit, period = parse_rate(rates["ticket" if caller.scope else "key"])
        now = time.time()
        window = int(now // period)
        key = f"throttle:{caller.counted_as.hex}:{window}"
        self._wait = (window + 1) * period - now
        return _count(key, period) <= limit

    def wait(self) -> float:
        """Seconds until the next window, which go into `Retry-After`."""
        return self._wait


def _count(key: str, period: int) -> int:
    """How many requests this window has had, this one included; 1 where nobody can tell."""
    try:
        cache.add(key, 0, timeout=period * 2)
        return cache.incr(key)
    except ValueError:
        return 1  # a full cache dropped it in between
    except RedisError as error:
        logger.warning("Rate limits are not enforced: %s", error)  # better no limit than no answer
        return 1


@remembered
def parse_rate(rate: str) -> tuple[int, int]:
    """Requests and seconds of a rate such as `18000/min`; raises ValueError."""
    match = _RATE.fullmatch(rate)
    if match is None:
        raise ValueError(f"{rate!r} is no rate: write a count and a unit, such as 18000/min.")
    return int(match[1]), _SECONDS[match[2][0]]
