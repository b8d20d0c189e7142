"""Rate limits per key, per person for sessions, and per ticket for one thing."""

import logging
import re
import time
import uuid
from functools import cache as remembered

from django.core.cache import cache
from redis import RedisError
from rest_framework.exceptions import Throttled
from rest_framework.settings import api_settings

logger = logging.getLogger(__name__)

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_RATE = re.compile(r"([1-9]\d{0,8})/(s|sec|second|m|min|minute|h|hour|d|day)")


def count_request(whose: uuid.UUID, *, rate: str) -> None:
    """Raises Throttled where a key, a person or a ticket has asked too often in a window of the clock.

    `rate` is `key` or `ticket`, by which the settings name theirs. A ticket is counted for itself: whoever
    was given one must not use up what its maker has.

    A process counts for itself unless a shared cache is set. The default is three quarters of what one
    process answers: over a minute something is left for others, while a burst goes through, and nobody who
    works with Callboard comes near it.
    """
    # One counter a window: DRF's own throttle keeps the time of every request, 18,000 of them to unpack on
    # every further one.
    limit, period = parse_rate(api_settings.DEFAULT_THROTTLE_RATES[rate])
    now = time.time()
    window = int(now // period)
    key = f"throttle:{whose.hex}:{window}"
    try:
        cache.add(key, 0, timeout=period * 2)
        count = cache.incr(key)
    except ValueError:
        return  # a full cache dropped it in between
    except RedisError as error:
        logger.warning("Rate limits are not enforced: %s", error)  # better no limit than no answer
        return
    if count > limit:
        raise Throttled((window + 1) * period - now)


@remembered
def parse_rate(rate: str) -> tuple[int, int]:
    """Requests and seconds of a rate such as `18000/min`; raises ValueError."""
    match = _RATE.fullmatch(rate)
    if match is None:
        raise ValueError(f"{rate!r} is no rate: write a count and a unit, such as 18000/min.")
    return int(match[1]), _SECONDS[match[2][0]]
