"""The execution object has the keys of the contract, all of them, always."""

import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, get_type_hints

import pytest
from pydantic import TypeAdapter

from executions.actions.leased import Usage, finish_succeeded, record_late_usage
from executions.actions.sub_executions import start_sub_execution
from executions.api.schemas import Execution, ExecutionSummary, ListedExecution
from tests.executions.api.speaking import Api, fail, keep, make_execution, run, spend, succeed
from tests.factories import NOW, make_actor, make_skill

pytestmark = pytest.mark.django_db

# Copied from the page that this API is drawn after.
SUMMARY = [
    "id",
    "tenant_id",
    "space_id",
    "principal_id",
    "skill_slug",
    "skill_version",
    "source",
    "state",
    "parent_execution_id",
    "created_at",
    "started_at",
    "finished_at",
    "failure_reason",
    "resource_usage",
]
DETAIL = [
    *SUMMARY,
    "inputs",
    "outputs",
    "error",
    "artifacts",
    "sub_executions",
    "chat_thread_id",
    "chat_message_id",
    "chat_tool_call_id",
    "workspace_archive_id",
    "langfuse_trace_id",
    "idempotency_key",
]
FORMATS: dict[str | None, Callable[[str], object]] = {
    "uuid": uuid.UUID,
    "date-time": datetime.fromisoformat,
}
USAGE = ["input_tokens", "output_tokens", "cost_usd", "wallclock_ms", "iteration_count"]
ARTIFACT = ["artifact_id", "relpath_in_workspace", "document_type", "download_url", "size_bytes"]


@pytest.mark.parametrize("end", [lambda execution: execution, succeed, fail])
def test_every_key_is_there_in_every_state(end):
    api = Api(make_actor())
    make_skill()
    execution = end(make_execution(api.actor))

    shown = api.get(f"skills/executions/{execution.id}").json()["data"]

    assert list(shown) == DETAIL
    assert list(shown["resource_usage"]) == USAGE
    check_documented(Execution, shown)


def check_documented(kind: Any, shown: dict[str, Any]) -> None:
    """As documented, field by field, and texts in their formats."""
    adapter: TypeAdapter[Any] = TypeAdapter(kind)
    adapter.validate_python(shown)
    for name, schema in adapter.json_schema()["properties"].items():
        formats = {one.get("format") for one in (schema, *schema.get("anyOf", ()))}
        for form in formats & FORMATS.keys() if shown[name] is not None else ():
            assert FORMATS[form](shown[name]), name


def test_the_list_shows_summaries():
    api = Api(make_actor())
    make_skill()
    make_execution(api.actor)

    shown = api.get("skills/executions").json()["data"][0]

    assert list(shown) == [*SUMMARY, "chat_tool_call_id"]
    assert shown["chat_tool_call_id"] == "call_1"
    check_documented(ListedExecution, shown)


def test_the_documented_keys_are_those_that_are_sent():
    assert list(get_type_hints(ExecutionSummary)) == SUMMARY
    assert list(get_type_hints(ListedExecution)) == [*SUMMARY, "chat_tool_call_id"]
    assert list(get_type_hints(Execution)) == DETAIL


def test_a_queued_one_has_nulls_where_nothing_is_known_yet():
    api = Api(make_actor())
    make_skill()
    execution = make_execution(api.actor, thread_id="t", message_id="m")

    shown = api.get(f"skills/executions/{execution.id}").json()["data"]

    assert shown["state"] == "queued"
    assert shown["source"] == "chat"
    assert shown["created_at"] == "2026-11-22T12:00:00Z"
    assert (shown["chat_thread_id"], shown["chat_message_id"]) == ("t", "m")
    assert shown["inputs"] == {"text": "hi"}
    assert shown["resource_usage"] == {
        "input_tokens": 0,
        "output_tokens": 0,
        "cost_usd": "0",
        "wallclock_ms": None,
        "iteration_count": 0,
    }
    assert [key for key in DETAIL if shown[key] is None] == [
        "parent_execution_id",
        "started_at",
        "finished_at",
        "failure_reason",
        "outputs",
        "error",
        "workspace_archive_id",
        "idempotency_key",
    ]
    assert (shown["artifacts"], shown["sub_executions"]) == ([], [])


def test_times_are_utc_to_the_millisecond():
    api = Api(make_actor())
    make_skill()
    execution = make_execution(api.actor, now=NOW + timedelta(microseconds=123_456))

    shown = api.get(f"skills/executions/{execution.id}").json()["data"]

    assert shown["created_at"] == "2026-11-22T12:00:00.123Z"


def test_a_failed_one_says_why():
    api = Api(make_actor())
    make_skill()
    execution = fail(make_execution(api.actor))

    shown = api.get(f"skills/executions/{execution.id}").json()["data"]

    assert (shown["state"], shown["failure_reason"]) == ("failed", "skill_error")
    assert shown["error"] == {"type": "skill_error", "message": "It broke."}
    assert shown["outputs"] is None


def test_artifacts_come_with_links():
    api = Api(make_actor())
    make_skill()
    lease = run(make_execution(api.actor))
    artifact = keep(lease)

    shown = api.get(f"skills/executions/{lease.run_id}").json()["data"]

    assert [list(item) for item in shown["artifacts"]] == [ARTIFACT]
    item = shown["artifacts"][0]
    assert item["artifact_id"] == str(artifact.id)
    assert item["relpath_in_workspace"] == "outputs/chart.png"
    assert item["size_bytes"] == artifact.size_bytes
    path = f"/v1/spaces/{api.actor.space.id}/artifacts/{artifact.id}/download"
    assert item["download_url"].startswith(f"http://testserver{path}?token=")
    assert shown["workspace_archive_id"] is not None


def test_links_lead_to_the_public_address(settings):
    settings.PUBLIC_URL = "https://callboard.example.com"
    api = Api(make_actor())
    make_skill()
    lease = run(make_execution(api.actor))
    keep(lease)

    shown = api.get(f"skills/executions/{lease.run_id}").json()["data"]

    assert shown["artifacts"][0]["download_url"].startswith("https://callboard.example.com/v1/spaces/")


def test_sub_executions_are_summaries_one_level_deep():
    api = Api(make_actor())
    make_skill(skills="[echo]")
    lease = run(make_execution(api.actor))
    call = {"slug": "echo", "inputs": {"text": "x"}, "files": [], "now": NOW}
    child = start_sub_execution(lease=lease, call_key="one", **call)

    shown = api.get(f"skills/executions/{lease.run_id}").json()["data"]

    assert [list(item) for item in shown["sub_executions"]] == [SUMMARY]
    assert shown["sub_executions"][0]["id"] == str(child.id)
    assert shown["sub_executions"][0]["parent_execution_id"] == str(lease.run_id)
    assert shown["sub_executions"][0]["source"] == "sub_skill"


def test_total_usage_adds_the_tree_and_what_came_late():
    api = Api(make_actor())
    make_skill(skills="[echo]")
    lease = run(make_execution(api.actor))
    call = {"slug": "echo", "inputs": {"text": "x"}, "files": [], "now": NOW}
    child = run(start_sub_execution(lease=lease, call_key="one", **call))
    grandchild = run(start_sub_execution(lease=child, call_key="two", **call))
    for spender in (lease, child, grandchild):
        spend(spender)
    finish_succeeded(lease=grandchild, outputs={}, now=NOW)
    late = Usage(model=None, input_tokens=100, output_tokens=0, cost_usd=Decimal("0.0001"))
    record_late_usage(execution_id=grandchild.run_id, usages=[late, late], now=NOW)

    own = api.lookup("call_1").json()["data"]["resource_usage"]
    total = api.lookup("call_1", "?usage=total").json()["data"]["resource_usage"]

    assert (own["input_tokens"], own["cost_usd"], own["iteration_count"]) == (10, "0.25", 1)
    assert total == {
        "input_tokens": 230,
        "output_tokens": 15,
        "cost_usd": "0.7502",
        "wallclock_ms": None,
        "iteration_count": 3,
    }
    detail = api.get(f"skills/executions/{lease.run_id}?usage=total").json()["data"]
    assert detail["resource_usage"] == total


def test_integers_keep_every_digit():
    api = Api(make_actor())
    make_skill()

    started = api.post("skills/echo/executions", {"inputs": {"text": "x", "big": 2**80}})

    assert started.json()["data"]["inputs"]["big"] == 2**80
