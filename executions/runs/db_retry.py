"""Asking the database again while it does not answer."""

import functools
import logging
import time
from collections.abc import Callable

from django.db import InterfaceError, OperationalError, connection

logger = logging.getLogger(__name__)

ATTEMPTS, PAUSE_SECONDS = 20, 0.5  # together longer than a lease that cannot be renewed


def _go_on() -> None:
    """Nothing speaks against another try."""


def retry_database[**P, Answer](
    step: Callable[P, Answer], *, check: Callable[[], None] = _go_on
) -> Callable[P, Answer]:
    """`step`, tried again where the connection breaks or a lock is refused; a decorator, too.

    `step` is a transaction of its own, and may be repeated with the same arguments. `check` is called before
    each try and raises where nobody needs the answer any more. Raises the last OperationalError or
    InterfaceError after 10 s.
    """

    @functools.wraps(step)
    def retried(*args: P.args, **kwargs: P.kwargs) -> Answer:
        for attempt in range(1, ATTEMPTS + 1):
            check()
            try:
                return step(*args, **kwargs)
            except (OperationalError, InterfaceError) as error:
                logger.warning("The database did not answer; trying again: %s", error)
                connection.close_if_unusable_or_obsolete()
                if attempt == ATTEMPTS:
                    raise
                time.sleep(PAUSE_SECONDS)
        raise AssertionError("the last try answers or raises")

    return retried
