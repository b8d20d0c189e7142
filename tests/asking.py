"""Requests to real servers, which may take their time on a busy machine."""

from functools import partial

import httpx2

PATIENCE_SECONDS = 60

get = partial(httpx2.get, timeout=PATIENCE_SECONDS)
head = partial(httpx2.head, timeout=PATIENCE_SECONDS)
options = partial(httpx2.options, timeout=PATIENCE_SECONDS)
post = partial(httpx2.post, timeout=PATIENCE_SECONDS)
stream = partial(httpx2.stream, timeout=PATIENCE_SECONDS)
Client = partial(httpx2.Client, timeout=PATIENCE_SECONDS)
