"""Tiny hints that a topic has reached a number, sent after commit.

Decision: a wake-up never travels inside the transaction that made it true. NOTIFY holds a
cluster-wide lock across the commit's flush, which would put all writers into one line; and a
hint that is lost costs a second, since every web process asks for the heads it watches anyway.

A payload is lines of `<topic> <number>`; topics are made by `run_topic`, `feed_topic`, `call_topic` and
`worker_topic`, the last of which workers hear.
"""

import atexit
import hashlib
import logging
import os
import threading
import uuid
from collections.abc import Mapping
from typing import Any, Protocol

import psycopg
import redis
from django.conf import settings
from django.db import transaction

logger = logging.getLogger(__name__)

CHANNEL = "callboard"
PAYLOAD_BYTES = 7000  # NOTIFY takes less than 8000
WORKER_MARK = "w:"  # with which topics for workers begin
LINGER_SECONDS = 0.5  # how long the process waits at its end for what is not sent yet
_CARRIERS_ERRORS = (psycopg.Error, redis.RedisError, OSError)


def run_topic(run_id: uuid.UUID) -> str:
    return f"r:{run_id.hex}"


def feed_topic(space_id: uuid.UUID) -> str:
    return f"s:{space_id.hex}"


def call_topic(space_id: uuid.UUID, tool_call_id: str) -> str:
    """The topic of a tool call, hashed: ids are chosen by models and may be of any length and content."""
    return "c:" + hashlib.blake2b(space_id.bytes + tool_call_id.encode(), digest_size=16).hexdigest()


def worker_topic(run_id: uuid.UUID) -> str:
    """The topic of whoever holds a run."""
    return f"{WORKER_MARK}{run_id.hex}"


def tell_worker_after_commit(run_id: uuid.UUID) -> None:
    """Have the worker that holds a run look at its rows at once, where it would within half a second."""
    wake_all_after_commit({worker_topic(run_id): 1})


def wake_all_after_commit(numbers: Mapping[str, int]) -> None:
    """Register wake-ups for when the current transaction commits; without one they are sent now."""
    transaction.on_commit(lambda: _sender().put(numbers))


def open_sender() -> None:
    """Have this process's connection for wake-ups before the first of them; to be called at its start."""
    _sender().connect()


class Carrier(Protocol):
    """What takes a payload to every web process."""

    def connect(self) -> object: ...

    def send(self, payload: str) -> None: ...


class NotifyCarrier:
    """PostgreSQL's NOTIFY on an autocommit connection of its own."""

    def __init__(self) -> None:
        self._connection: psycopg.Connection[Any] | None = None

    def connect(self) -> psycopg.Connection[Any]:
        """The connection, opened where there is none."""
        if self._connection is None or self._connection.closed:
            self._connection = psycopg.connect(settings.LISTEN_URL, autocommit=True, connect_timeout=5)
        return self._connection

    def send(self, payload: str) -> None:
        connection = self.connect()
        try:
            connection.execute("SELECT pg_notify(%s, %s)", [CHANNEL, payload])
        except psycopg.Error:
            connection.close()
            raise


class RedisCarrier:
    """Redis's PUBLISH, for many web machines with many sockets."""

    def __init__(self, url: str) -> None:
        self._client = redis.Redis.from_url(url, socket_timeout=5)

    def connect(self) -> None:
        self._client.ping()

    def send(self, payload: str) -> None:
        self._client.publish(CHANNEL, payload)


class WakeupSender:
    """Collects the wake-ups of this process and sends them from one thread, newest number a topic."""

    def __init__(self, carrier: Carrier) -> None:
        self._carrier = carrier
        self._pending: dict[str, int] = {}
        self._changed = threading.Condition()
        self._sending = False
        threading.Thread(target=self._run, name="wakeups", daemon=True).start()

    def connect(self) -> None:
        """To be called while nothing has been put yet; where it fails, sending tries again."""
        try:
            self._carrier.connect()
        except _CARRIERS_ERRORS as error:
            logger.warning("There is no connection for wake-ups yet: %s", error)

    def put(self, numbers: Mapping[str, int]) -> None:
        with self._changed:
            for topic, number in numbers.items():
                self._pending[topic] = max(number, self._pending.get(topic, 0))
            self._changed.notify_all()

    def drain(self, timeout: float) -> None:
        """Wait until everything put so far is sent, at most `timeout` seconds."""
        with self._changed:
            self._changed.wait_for(lambda: not self._pending and not self._sending, timeout)

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: bool(self._pending))
                taken, self._pending = self._pending, {}
                self._sending = True
            for payload in _payloads(taken):
                self._send(payload)
            with self._changed:
                self._sending = False
                self._changed.notify_all()

    def _send(self, payload: str) -> None:
        try:
            self._carrier.send(payload)
        except _CARRIERS_ERRORS as error:
            logger.warning("A wake-up was lost, readers catch up by themselves: %s", error)
        except Exception:
            # The thread must live: it sends all later wake-ups of this process too.
            logger.exception("A wake-up was lost, readers catch up by themselves")


def _payloads(numbers: dict[str, int]) -> list[str]:
    payloads: list[str] = []
    lines: list[str] = []
    size = 0
    for topic, number in numbers.items():
        line = f"{topic} {number}"
        if size + len(line) + 1 > PAYLOAD_BYTES:
            payloads.append("\n".join(lines))
            lines, size = [], 0
        lines.append(line)
        size += len(line) + 1
    return [*payloads, "\n".join(lines)]


_senders: dict[int, WakeupSender] = {}
_senders_lock = threading.Lock()


def _sender() -> WakeupSender:
    """This process's sender, started at first use; keyed by pid since threads do not survive a fork."""
    with _senders_lock:
        sender = _senders.get(os.getpid())
        if sender is None:
            carrier = RedisCarrier(settings.REDIS_URL) if settings.REDIS_URL else NotifyCarrier()
            sender = _senders[os.getpid()] = WakeupSender(carrier)
            atexit.register(sender.drain, LINGER_SECONDS)
        return sender
