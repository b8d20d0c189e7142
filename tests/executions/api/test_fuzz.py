"""Requests made up from the OpenAPI document: every answer is documented, none is our failure."""

import os

import pytest
import schemathesis
from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from django.test import Client
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import response_schema_conformance, status_code_conformance

from config.openapi.views import document
from tests.executions.api.speaking import keep, make_execution, run
from tests.factories import make_actor, make_skill

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "40"))  # for each route; 40 are some ten seconds in all
# Tested by themselves.
NO_VIEWS = r"/(events|ws|chat|ag-ui|stream)$|^/v1/(workspaces|account|whoami)([/:]|$)|^/v1/media/"

handler = WSGIHandler()


def application(environ, start_response):
    """The project behind WSGI, each answer whole and closed as a server does it."""
    response = handler(environ, start_response)
    try:
        return [b"".join(response)]
    finally:
        response.close()


schema = schemathesis.openapi.from_dict(document())
schema.app = application


def begin_thread(actor):
    said = Client().post(
        f"/v1/spaces/{actor.space.id}/threads/messages",
        {"content": "Hello"},
        content_type="application/json",
        headers=actor.headers,
    )
    return said.json()["data"]["thread_id"]


@pytest.fixture
def owned(db):
    """What exists: put into every other path, so that not all of them end at a 404."""
    actor = make_actor()
    thread = begin_thread(actor)
    request_started.disconnect(close_old_connections)
    request_finished.disconnect(close_old_connections)  # the connection belongs to the test's transaction
    make_skill()
    lease = run(make_execution(actor))
    artifact = keep(lease)
    known = {
        "space_id": str(actor.space.id),
        "execution_id": str(lease.run_id),
        "artifact_id": str(artifact.id),
        "tool_call_id": "call_1",
        "slug": "echo",
        "tool_name": "echo",
        "thread_id": thread,
        "queued_id": thread,
        "file_id": thread,
        "call_id": "toolcall_01M8QM0JYFE9TA5TXGA82M0DBB",
    }
    yield actor, known
    request_started.connect(close_old_connections)
    request_finished.connect(close_old_connections)


@schema.exclude(path_regex=NO_VIEWS).parametrize()
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize="FUZZ_EXAMPLES" not in os.environ,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_no_request_is_too_odd(case, owned):
    actor, known = owned
    for index, name in enumerate(case.path_parameters or {}):
        if name == "space_id" or hash(str(case.body)) % (index + 2):
            case.path_parameters[name] = known[name]

    response = case.call(headers={**actor.headers, "Host": "testserver"})

    checks = [status_code_conformance, response_schema_conformance]
    if response.status_code != 501:  # what is documented and not built says so
        checks.append(not_a_server_error)
    case.validate_response(response, checks=checks)
