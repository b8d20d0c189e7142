"""The physical limit of hearing what code says: a bare script's pipe, an INSERT that notifies, a LISTEN."""

import subprocess
import sys

import psycopg

from tests.benchmarks.listener import Listener

CHANNEL = "bench_said"
PATIENCE_SECONDS = 30.0
_SCRIPT = """
import sys, time
time.sleep(0.5)
for _ in range(int(sys.argv[1])):
    print(time.monotonic_ns(), flush=True)
    time.sleep(float(sys.argv[2]))
"""
_TABLE = "CREATE TABLE IF NOT EXISTS bench_said (id bigserial PRIMARY KEY, text text NOT NULL)"
_SAY = """
WITH said AS (INSERT INTO bench_said (text) VALUES (%s) RETURNING text)
SELECT pg_notify('bench_said', text) FROM said
"""


def time_bare_speech(*, url: str, words: int, pause: float) -> list[float]:
    """Milliseconds from each word of a script to who listens for it."""
    command = [sys.executable, "-I", "-c", _SCRIPT, str(words), str(pause)]
    with (
        psycopg.connect(url, autocommit=True) as connection,
        Listener(url, [CHANNEL]) as listener,
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as script,
    ):
        connection.execute(_TABLE)
        for word in script.stdout or ():
            connection.execute(_SAY, [word.strip()])
        listener.wait_for(lambda _channel, payload: payload == word.strip(), PATIENCE_SECONDS)
        return [(at - int(payload)) / 1e6 for _, payload, at in listener.heard]
