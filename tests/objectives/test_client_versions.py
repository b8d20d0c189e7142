"""Clients are known by their User-Agent, and told nothing that they refuse."""

import pytest

from objectives.client_versions import NEWEST, Dialect, dialect_of

ALL = {"reasoning", "stateChanged", "heartbeat", "interrupted", "userMessage"}
# What releases say of themselves, and the newer types of events that every release with that number can read.
KNOWN = {
    "Cadenya/Python 0.2.0": set(),
    "AsyncCadenya/Python 0.8.0": set(),
    "Cadenya/Python 0.9.0": {"reasoning"},
    "cadenya-python/1.0.0 (api 1.0)": {"reasoning"},  # 1.0.0, 1.0.1
    "cadenya-python/1.0.1 (api 1.0)": {"reasoning"},  # 1.1.0
    "cadenya-python/1.2.0 (api 1.0)": {"reasoning", "stateChanged"},
    "cadenya-python/1.3.0 (api 1.0)": {"reasoning", "stateChanged"},  # 1.3.0, 1.4.0, 1.5.0
    "cadenya-python/1.5.0 (api 1.0)": {"reasoning", "stateChanged", "heartbeat"},  # 1.6.0, 1.7.0
    "cadenya-python/1.7.0 (api 1.0)": ALL,  # 1.8.0
    "cadenya-typescript/1.6.0 (api 1.0)": ALL,  # of the same API as Python's 1.7.0
    "cadenya-go/1.10.0 (api 1.0)": ALL,
    "Cadenya/JS 0.97.0": {"reasoning"},
    "Mozilla/5.0 (X11; Linux x86_64)": ALL,
    "my-cadenya-tool 0.1": ALL,
    "": ALL,
}


@pytest.mark.parametrize("user_agent", KNOWN)
def test_a_client_is_sent_the_events_that_it_can_read(user_agent: str):
    dialect = dialect_of(user_agent)

    assert {name for name in ALL if dialect.knows_event(name)} == KNOWN[user_agent] | {"userMessage"}


@pytest.mark.parametrize(
    ("version", "running", "interrupting", "interrupted"),
    [
        ((1, 0), "STATE_RUNNING", "STATE_RUNNING", "ERRORED"),
        ((1, 5), "OBJECTIVE_STATE_RUNNING", "OBJECTIVE_STATE_RUNNING", "ERRORED"),
        ((1, 7), "OBJECTIVE_STATE_RUNNING", "OBJECTIVE_STATE_INTERRUPTING", "INTERRUPTED"),
        (None, "OBJECTIVE_STATE_RUNNING", "OBJECTIVE_STATE_INTERRUPTING", "INTERRUPTED"),
    ],
)
def test_states_are_called_as_the_client_knows_them(version, running, interrupting, interrupted):
    dialect = Dialect(version)

    assert dialect.state("running") == running
    assert dialect.state("interrupting") == interrupting
    status = "TOOL_CALL_EXECUTION_STATUS_"
    assert dialect.execution_status(f"{status}INTERRUPTED") == f"{status}{interrupted}"


def test_who_is_not_known_gets_the_newest():
    assert dialect_of("curl/8.7.1") == NEWEST
