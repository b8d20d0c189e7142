"""Several versions of the official SDK read everything that there is; each in a process of its own.

The installed one always; others are fetched where `SDK_VERSIONS` names them: `SDK_VERSIONS=0.2.0,1.0.1`.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from spaces.models import Role
from tests.conformance.world import World, make_steerable, make_world
from tests.executions.runs.live.server import running_server
from tests.factories import Actor, make_actor

pytestmark = pytest.mark.django_db

INSTALLED = "installed"
VERSIONS = [INSTALLED, *filter(None, os.environ.get("SDK_VERSIONS", "").split(","))]
SCRIPT = Path(__file__).with_name("try_version.py")
# What the server has not: an OpenAPI document of a tool set without one, and what 1.8.0 has dropped.
HAS_NONE = {
    *("tool_sets.retrieve_open_api_spec", "tool_sets.get_openapi_spec"),
    *("objectives.tasks.list", "objectives.list_tasks", "objectives.retrieve_task"),
}
SUPERSET = Path(__file__).with_name("superset.json")


@pytest.fixture(scope="module")
def actor(committed: None) -> Actor:
    return make_actor(role=Role.ADMIN)


@pytest.fixture(scope="module")
def world(actor: Actor) -> World:
    return make_world(actor)


@pytest.fixture(scope="module")
def told(actor: Actor, world: World) -> Iterator[dict[str, Any]]:
    """What the script is told about a server that shows the world."""
    with running_server() as server:
        yield {
            "url": server.url,
            "token": actor.token,
            "workspace": world.things["workspace_id"],
            "ids": _ids(world),
            "objectives": world.objectives,
            "over": world.objectives[-1],
            "calls": world.calls,
            "bodies": [json.loads(SUPERSET.read_text())],
        }


@pytest.mark.parametrize("version", VERSIONS)
def test_it_reads_whatever_the_server_says(version: str, told: dict[str, Any], actor: Actor, tmp_path: Path):
    found = trial(version, {**told, "steerable": make_steerable(actor)}, tmp_path)

    summary = f"{found['version']}: {len(found['tried'])} tried, {len(found['failed'])} failed"
    print(summary, *found["failed"].items(), *found["refused"].items(), sep="\n  ")  # noqa: T201 - with `-s`
    assert found["failed"] == {}, summary
    assert all(" is not built" in said or name in HAS_NONE for name, said in found["refused"].items()), found
    assert len(found["tried"]) - len(found["refused"]) > 40


def trial(version: str, told: dict[str, Any], folder: Path) -> dict[str, Any]:
    """What the script says about a version."""
    environment = dict(os.environ)
    if version != INSTALLED:
        install = ["uv", "pip", "install", "-q", "--python", sys.executable, "--target", str(folder)]
        subprocess.run([*install, f"cadenya=={version}"], check=True, timeout=250)
        environment["PYTHONPATH"] = str(folder)
    done = subprocess.run(
        [sys.executable, str(SCRIPT)],
        input=json.dumps(told),
        capture_output=True,
        text=True,
        env=environment,
        timeout=250,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _ids(world: World) -> dict[str, str]:
    """The ids by the names that the library has for them."""
    things = world.things
    return {
        **{name: value for name, value in things.items() if "/" not in name},
        "secret_id": things["secrets/secret_id"],
        "workspace_secret_id": things["workspace_secrets/secret_id"],
        "ai_provider_key_id": things["provider_key_id"],
    }
