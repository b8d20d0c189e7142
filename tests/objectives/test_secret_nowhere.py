"""A secret's value is found nowhere: in no table, no answer, no log, no error."""

import base64
import logging

import pytest
from django.db import connection
from django.test import Client
from pydantic import SecretBytes, SecretStr

from objectives.actions.key_rotation import reseal_all
from objectives.actions.secrets import open_secrets
from objectives.encrypted_fields import SECRETS
from objectives.ids import Prefix, spell
from objectives.models import Secret, ToolSet
from spaces.models import Role
from tests.factories import make_actor
from tests.objectives.factories import make_agent, make_objective, make_variation
from tests.objectives.workspace_client import WorkspaceClient

pytestmark = pytest.mark.django_db
VALUE = "quiet-otter-7391"
ADAPTER = {"http": {"baseUrl": "https://orders.example.com", "headers": {"X-Key": "{{ secrets.KEY }}"}}}


def tables_with(text: str) -> list[str]:
    """Every table with a row in which the text stands: plain, as bytes, or in base64."""
    spellings = [text, text.encode().hex(), base64.b64encode(text.encode()).decode().rstrip("=")]
    with connection.cursor() as cursor:
        cursor.execute("SELECT oid::regclass::text FROM pg_class WHERE relkind IN ('r', 'p', 'm')")
        tables = [name for (name,) in cursor.fetchall() if not name.startswith(("pg_", "information_schema"))]
        found = []
        for table in tables:
            condition = " OR ".join(["position(%s IN whole::text) > 0"] * len(spellings))
            cursor.execute(f"SELECT EXISTS (SELECT FROM {table} AS whole WHERE {condition})", spellings)
            found += [table] * cursor.fetchone()[0]
    return found


@pytest.fixture
def api():
    return WorkspaceClient(make_actor(role=Role.ADMIN))


def bodies() -> list[tuple[str, str, object]]:
    """Requests that bring the value, in good bodies and in wrong ones."""
    named = {"metadata": {"name": "key"}}
    good = {**named, "spec": {"value": VALUE}}
    in_set = {"metadata": {"name": "s"}, "spec": {"adapter": ADAPTER}}
    return [
        ("post", "/workspace_secrets", good),
        ("post", "/workspace_secrets", good),  # the name is taken
        ("post", "/workspace_secrets", {**named, "spec": {"value": {"deep": VALUE}}}),
        ("post", "/workspace_secrets", {**named, "spec": {"value": VALUE + "\0"}}),
        ("post", "/workspace_secrets", {**named, "spec": {"value": VALUE * 5000}}),
        ("post", "/workspace_secrets", {"metadata": {"name": "-"}, "spec": {"value": VALUE}}),
        ("post", "/workspace_secrets", {"metadata": VALUE, "spec": VALUE}),
        ("post", "/workspace_secrets", [VALUE]),
        ("post", "/tool_sets", {**in_set, "spec": {"secrets": [{"name": "key", "value": VALUE}]}}),
        (
            "post",
            "/tool_sets",
            {**in_set, "spec": {**in_set["spec"], "secrets": [{"name": "key", "value": VALUE}]}},
        ),
        ("post", "/tool_sets", {**in_set, "spec": {**in_set["spec"], "secrets": [{"name": VALUE}]}}),
    ]


def test_a_value_is_in_no_table_and_no_answer(api, caplog, settings):
    caplog.set_level(logging.DEBUG)
    settings.ENCRYPTION_KEYS = {"2025": SecretBytes(b"o" * 32)}

    answers = [api.send(*request) for request in bodies()]
    tool_set = f"/tool_sets/{spell(Prefix.TOOL_SET, ToolSet.objects.get().id)}"
    body = {"metadata": {"name": "other"}, "spec": {"value": VALUE}}
    made = api.send("post", f"{tool_set}/secrets", body)
    one = f"{tool_set}/secrets/{made.json()['metadata']['id']}"
    answers += [made, api.send("patch", one, {"spec": {"value": f"{VALUE}-2"}}), api.send("get", one)]
    for path in ("/workspace_secrets", f"{tool_set}/secrets", "/tool_sets"):
        answers.append(api.send("get", path, includeInfo="true"))
    answers.append(api.send("get", tool_set))
    agent = make_agent(space=api.actor.space, created_by=api.actor.principal)
    make_objective(variation=make_variation(agent=agent), secrets=[("KEY", SecretStr(VALUE))])
    settings.ENCRYPTION_KEYS = {"2026": SecretBytes(b"n" * 32), **settings.ENCRYPTION_KEYS}
    reseal_all()
    opened = open_secrets(api.actor.space.id, None, None, ["KEY"])

    assert {answer.status_code for answer in answers} == {200, 400, 409}
    assert not [answer.content for answer in answers if VALUE.encode() in answer.content]
    assert VALUE not in caplog.text + repr(opened)
    assert tables_with(VALUE) == []
    kept = {SECRETS.open(row)[: len(VALUE)] for row in Secret.objects.all()}
    assert (kept, Secret.objects.count()) == ({VALUE}, 4)
    assert "objectives_secret" in tables_with("OTHER")  # the search finds what is there
    assert "objectives_secret" in tables_with(bytes(Secret.objects.all()[0].sealed).hex())  # bytes too


def test_a_fault_of_ours_shows_no_value(api, caplog, settings):
    caplog.set_level(logging.DEBUG)
    settings.ENCRYPTION_KEYS = {"broken": SecretBytes(b"short")}
    client = Client(headers=api.actor.headers, raise_request_exception=False)
    body = {"metadata": {"name": "key"}, "spec": {"value": VALUE}}

    answer = client.post(f"{api.root}/workspace_secrets", body, content_type="application/json")

    assert answer.status_code == 500
    assert "Traceback" in caplog.text
    assert VALUE not in caplog.text + answer.content.decode()
