"""Requests made up from the OpenAPI document of the workspace API: none is our failure."""

import os
import zlib
from collections.abc import Iterator

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, transaction
from hypothesis import HealthCheck, Phase, settings
from schemathesis.specs.openapi.checks import response_schema_conformance, status_code_conformance

from config.openapi.views import document
from spaces.models import Role
from tests.executions.api.test_fuzz import application
from tests.factories import Actor, make_actor
from tests.guards.things import things_of

THOROUGH = "FUZZ_EXAMPLES" in os.environ
EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "8"))  # for each of some 100 routes
# The boundaries of every field, hundreds of requests a route, only where somebody asks for more.
PHASES = [Phase.explicit, Phase.generate] if THOROUGH else [Phase.generate]
OURS = r"^/v1/(workspaces|account|whoami)([/:]|$)"
STREAMS = r":stream$"  # they have their own tests
NOT_BUILT = 501


def is_refused(context) -> bool:
    """Nothing but an error is described: whatever is asked, the answer is 501."""
    return "200" not in context.operation.definition.raw["responses"]


schema = schemathesis.openapi.from_dict(document())
schema.app = application


@pytest.fixture
def owned(db) -> Iterator[tuple[Actor, dict[str, str]]]:
    """One of each kind of thing; what a request does to them is undone before the next one."""
    request_started.disconnect(close_old_connections)
    request_finished.disconnect(close_old_connections)  # the connection belongs to the test's transaction
    actor = make_actor(role=Role.ADMIN)
    yield actor, things_of(actor)
    request_started.connect(close_old_connections)
    request_finished.connect(close_old_connections)


def known_value(case, name, known):
    """The value for a name of the path, by its collection where the name alone does not say which."""
    collection = case.path.split("{" + name + "}")[0].rstrip("/").rpartition("/")[2]
    return known.get(f"{collection}/{name}") or known[name]


@schema.include(path_regex=OURS).exclude(path_regex=STREAMS).exclude(is_refused).parametrize()
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=not THOROUGH,
    phases=PHASES,
    suppress_health_check=list(HealthCheck),
)
def test_no_request_is_too_odd(case, owned):
    actor, known = owned
    for index, name in enumerate(case.path_parameters or {}):
        if name == "workspace_id" or zlib.crc32(str(case.body).encode()) % (index + 2):
            case.path_parameters[name] = known_value(case, name, known)

    with transaction.atomic():
        response = case.call(headers={**actor.headers, "Host": "testserver"})
        transaction.set_rollback(True)

    assert response.status_code < 500 or response.status_code == NOT_BUILT, response.content
    case.validate_response(response, checks=[status_code_conformance, response_schema_conformance])
