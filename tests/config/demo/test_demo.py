"""`manage.py demo` from nothing to Ctrl-C: one folder, played once, failing, and serving."""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import psutil
import psycopg
import pytest
from cadenya import Cadenya

from config.demo import snippets
from config.postgres import ensure_started, stop
from tests.config.demo.playing import ROOT, Demo, belonging_to, eventually, playing

# All together need a minute on a machine under load, and the first test that asks waits for the three before.
pytestmark = pytest.mark.timeout(900)

KEYS = {
    "base_url",
    "api_key",
    "second_tenant_api_key",
    "tenant_id",
    "space_id",
    "workspace_id",
    "admin_username",
    "admin_password",
    "agent_id",
    "objective_id",
    "waiting_tool_call_id",
}
# Known only once an objective has been started, which `--once` does not do.
OF_THE_OBJECTIVE = {"objective_id", "waiting_tool_call_id"}


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """Where these demos keep their data: every user may enter, which pytest's own folders do not allow."""
    made = Path(tempfile.mkdtemp(prefix="callboard-demo-", dir="/tmp"))
    made.chmod(0o711)
    yield made
    stop(made / "postgres")
    shutil.rmtree(made)


@pytest.fixture(scope="module")
def once(folder: Path) -> tuple[Demo, int, list[str]]:
    """The demo of a newcomer, ended by itself: its status, and what it left running."""
    with playing(folder, "--once") as demo:
        return demo, demo.end(), belonging_to(folder)


@pytest.fixture(scope="module")
def first_told(once: tuple[Demo, int, list[str]]) -> dict[str, Any]:
    """What `demo.json` said after the first time."""
    return once[0].told()


@pytest.fixture(scope="module")
def failed(first_told: dict[str, Any], folder: Path) -> tuple[Demo, int]:
    """The demo where the skills' packages are not installed, and where there is no terminal."""
    missing = str(folder / "nothing-here")
    with playing(folder, "--once", in_terminal=False, SKILL_PYTHON=missing) as demo:
        return demo, demo.end()


@pytest.fixture(scope="module")
def serving(failed: tuple[Demo, int], folder: Path) -> Iterator[Demo]:
    """The demo that goes on serving, its own execution being over."""
    with playing(folder) as demo:
        demo.wait_for("Open this first")
        yield demo


@pytest.fixture
def client(serving: Demo) -> Iterator[httpx2.Client]:
    """A caller with the first tenant's key."""
    told = serving.told()
    key = {"X-API-Key": told["api_key"]}
    with httpx2.Client(base_url=told["base_url"], headers=key, timeout=60) as made:
        yield made


def latest(client: httpx2.Client, space_id: str) -> list[dict[str, Any]]:
    """The space's executions, newest first."""
    answer = client.get(f"/v1/spaces/{space_id}/skills/executions")
    assert answer.status_code == 200
    executions: list[dict[str, Any]] = answer.json()["data"]
    return executions


def dispatch(client: httpx2.Client, space_id: str) -> str:
    """Run the sample file through a skill, as the printed curl lines do; its path to be looked up."""
    call = f"call_{uuid.uuid4().hex}"
    body = {"arguments": {}, "tool_call_id": call, "uploaded_files": ["orders.csv"]}
    answer = client.post(f"/v1/spaces/{space_id}/tools/csv-profile/execute", json=body)
    assert answer.status_code == 201, answer.text
    return f"/v1/spaces/{space_id}/skills/executions/by-chat-tool-call/{call}"


def test_once_ends_with_the_first_execution_and_leaves_nothing_running(
    once: tuple[Demo, int, list[str]],
) -> None:
    demo, status, left = once

    assert status == 0, demo.output[-3000:]
    assert left == []


def test_the_execution_is_shown_while_it_goes_on(once: tuple[Demo, int, list[str]]) -> None:
    frames = re.findall(r"(dispatching|queued|running|succeeded|failed)\S*\s+\S*csv-profile", once[0].output)
    states = list(dict.fromkeys(frames))

    assert states[-2:] == ["running", "succeeded"]
    assert frames.count("running") > 3, "the picture was not drawn anew while it ran"
    assert "artifact" in once[0].output.split("found by tool call id")[1]


def test_once_fails_where_the_first_execution_fails_and_says_why(failed: tuple[Demo, int]) -> None:
    demo, status = failed

    assert status == 1
    assert "The execution ended as failed." in demo.output
    assert "SKILL_PYTHON" in demo.output


def test_a_newcomer_finds_exactly_these_keys(first_told: dict[str, Any], folder: Path) -> None:
    """What is not known yet is not there: `--once` starts no objective."""
    assert set(first_told) == KEYS - OF_THE_OBJECTIVE
    assert all(isinstance(text, str) and text for text in first_told.values())
    for name in ("demo.json", "demo.env"):
        assert (folder / name).stat().st_mode & 0o077 == 0


def test_without_a_terminal_every_step_is_a_line(failed: tuple[Demo, int]) -> None:
    steps = [line for line in failed[0].lines if line.endswith("…")]

    assert [step.split()[0] for step in steps[-4:]] == ["Preparing", "Importing", "Starting", "A"]


def test_a_later_demo_finds_its_data_again(
    serving: Demo, client: httpx2.Client, first_told: dict[str, Any]
) -> None:
    told = serving.told()

    new = {"base_url", *OF_THE_OBJECTIVE}
    assert set(told) == KEYS
    assert {name: told[name] for name in KEYS - new} == {name: first_told[name] for name in KEYS - new}
    states = [execution["state"] for execution in latest(client, told["space_id"])]
    assert states[-3:] == ["succeeded", "failed", "succeeded"]  # the three demos', newest first


def test_an_agent_has_worked_until_somebody_must_decide(serving: Demo) -> None:
    told = serving.told()

    with sdk_of(told) as sdk:
        objective = sdk.objectives.retrieve(told["objective_id"])
        waiting = sdk.objectives.retrieve_tool_call(told["objective_id"], told["waiting_tool_call_id"])
        before, asked = reversed(list(sdk.objectives.list_tool_calls(told["objective_id"])))

    assert objective.config_snapshot.agent.metadata.id == told["agent_id"]
    assert objective.state == "OBJECTIVE_STATE_WAITING"
    assert waiting.status == "TOOL_CALL_STATUS_WAITING_FOR_APPROVAL"
    assert (asked.metadata.id, before.execution_status) == (
        waiting.metadata.id,
        "TOOL_CALL_EXECUTION_STATUS_COMPLETED",
    )


def test_the_terminal_shows_the_objective_and_how_to_decide(serving: Demo) -> None:
    told = serving.told()

    assert "I look through the file first." in serving.output
    assert f"{told['base_url']}/admin/objectives/toolcall/waiting/" in serving.output
    snippet = serving.output.split("pip install cadenya")[1].split("for event in")[0]
    for name in ("api_key", "base_url", "workspace_id", *OF_THE_OBJECTIVE):
        assert f'"{told[name]}"' in snippet


def test_the_terminal_ends_with_what_to_open_first_in_lines_that_fit(serving: Demo) -> None:
    told = serving.told()
    first = f"{told['base_url']}/spaces/{told['space_id']}#key={told['api_key']}"

    assert serving.lines[-2:] == [f"Open this first {first}", ""]
    assert any(re.search(r"tool called +csv-profile$", line.strip(" │")) for line in serving.lines)
    # An address with its key is as long as it is.
    assert [line for line in serving.lines if len(line) > 110 and "#key=" not in line] == []


def fresh(shell: str, lines: str, **variables: str) -> str:
    """What a shell that knows nothing prints on these lines; it ends with the first that fails."""
    known = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ} | variables
    done = subprocess.run(
        [shell, "-e"],
        input=lines,
        env=known,
        cwd="/",
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def block_of(document: str, heading: str, language: str) -> str:
    """The first block of a section."""
    section = (ROOT / document).read_text().partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    return section.partition(f"```{language}\n")[2].partition("```")[0]


@pytest.mark.parametrize("shell", ["sh", "bash"])
def test_what_the_readme_shows_a_client_works_as_pasted(serving: Demo, folder: Path, shell: str) -> None:
    block = block_of("README.md", "From your backend: the REST API", "sh")
    assert block == f". .callboard/demo.env\n{snippets.CLIENT}\n"

    elsewhere = block.replace(".callboard/demo.env", str(folder / "demo.env"))
    shown = fresh(shell, f"cd {ROOT}\n{elsewhere}")

    assert '"name":"orders.csv"' in shown
    assert shown.count('"chat_tool_call_id":"call_7"') >= 2
    assert "event: execution.succeeded" in shown


def test_what_the_documents_show_an_agent_s_client_works_as_pasted(serving: Demo, folder: Path) -> None:
    script = block_of("docs/agents.md", "An example", "python")
    lines = f". {folder}/demo.env\n{sys.executable} - <<'END'\n{script}\nEND\n"

    fresh("sh", lines)

    with sdk_of(serving.told()) as sdk:
        newest = next(iter(sdk.objectives.list(limit=1)))
        calls = list(sdk.objectives.list_tool_calls(newest.metadata.id))
    assert {call.status for call in calls} == {
        "TOOL_CALL_STATUS_AUTO_APPROVED",
        "TOOL_CALL_STATUS_APPROVED",
    }


def printed(serving: Demo, heading: str) -> str:
    """The lines below a heading, up to the next empty one."""
    lines = serving.lines
    begin = next(number for number, line in enumerate(lines) if line.startswith(heading)) + 1
    return "\n".join(lines[begin : lines.index("", begin)])


def test_what_the_terminal_shows_works_as_pasted(serving: Demo) -> None:
    shown = fresh("sh", printed(serving, "To call it yourself"))

    assert "event: execution.succeeded" in shown


def test_the_second_tenant_s_key_works_and_finds_nothing_of_the_first(serving: Demo) -> None:
    told = serving.told()
    theirs = {"X-API-Key": told["second_tenant_api_key"]}

    with httpx2.Client(base_url=told["base_url"], headers=theirs, timeout=60) as stranger:
        assert stranger.post("/v1/tickets").status_code == 201
        assert stranger.get(f"/v1/spaces/{told['space_id']}/skills/executions").status_code == 404
        nobody = stranger.post("/v1/tickets", headers={"X-API-Key": "cb_000000000000_wrong"})
        assert nobody.status_code == 401


def test_the_operator_signs_in_to_the_admin(serving: Demo) -> None:
    told = serving.told()

    with httpx2.Client(base_url=told["base_url"], timeout=60) as browser:
        browser.get("/admin/login/")
        form = {"username": told["admin_username"], "password": told["admin_password"], "next": "/admin/"}
        form["csrfmiddlewaretoken"] = browser.cookies["csrftoken"]
        signed_in = browser.post("/admin/login/", data=form)

        assert (signed_in.status_code, signed_in.headers["Location"]) == (302, "/admin/")
        assert told["admin_username"] in browser.get("/admin/").text


@pytest.mark.parametrize("command", ["web", "worker"])
def test_a_killed_program_is_started_again_and_serves(
    serving: Demo, client: httpx2.Client, command: str
) -> None:
    victim = serving.child(command)
    assert victim is not None

    victim.kill()

    def is_replaced() -> bool:
        running = serving.child(command)
        return running is not None and running.pid != victim.pid

    eventually(is_replaced)
    eventually(lambda: answers(client))
    path = dispatch(client, serving.told()["space_id"])
    eventually(lambda: client.get(path).json()["data"]["state"] == "succeeded")


def answers(client: httpx2.Client) -> bool:
    """Whether the service is ready again."""
    try:
        return client.get("/readyz").status_code == 200
    except httpx2.TransportError:
        return False


def test_ctrl_c_ends_everything(serving: Demo, folder: Path) -> None:
    """Behind those who talk to the serving demo: it ends it."""
    children = psutil.Process(serving.process.pid).children(recursive=True)
    assert len(children) >= 4

    serving.press_ctrl_c()

    assert serving.end() == 0
    assert not any(child.is_running() and child.status() != psutil.STATUS_ZOMBIE for child in children)
    assert belonging_to(folder) == []


def test_ctrl_c_before_anything_is_served_ends_everything_too(failed: tuple[Demo, int], folder: Path) -> None:
    with psycopg.connect(ensure_started(folder / "postgres")) as other, playing(folder) as demo:
        other.execute("LOCK TABLE executions_skill")  # so that the import waits for the key
        demo.wait_for("Importing the shipped skills")
        eventually(lambda: waits_for_a_lock(other))
        demo.press_ctrl_c()

        assert demo.end() == 130, demo.output
        other.close()
        assert "Traceback" not in demo.output
    assert belonging_to(folder) == []


def waits_for_a_lock(other: psycopg.Connection[Any]) -> bool:
    """Whether somebody stands behind the lock that another connection holds."""
    waiting = "SELECT 1 FROM pg_locks WHERE NOT granted AND relation = 'executions_skill'::regclass"
    return other.execute(waiting).fetchone() is not None


def test_the_next_demo_asks_again_and_goes_on_once_it_is_approved(serving: Demo, folder: Path) -> None:
    """Behind the end of the serving demo, whose objective nobody has decided."""
    asked = {name: serving.told()[name] for name in OF_THE_OBJECTIVE}

    with playing(folder) as demo:
        demo.wait_for("Open this first")
        told = demo.told()
        assert {name: told[name] for name in OF_THE_OBJECTIVE} == asked

        approved = json.loads(fresh("sh", printed(demo, "or approve with curl")))
        assert approved["metadata"]["id"] == told["waiting_tool_call_id"]
        with sdk_of(told) as sdk:
            demo.wait_for("That is all I was asked for.")
            kinds = [event.data.type for event in sdk.objectives.list_events(told["objective_id"])]
        assert kinds[-4:] == ["toolCalled", "toolResult", "assistantMessage", "stateChanged"]
        demo.press_ctrl_c()
        assert demo.end() == 0
    assert belonging_to(folder) == []


def sdk_of(told: dict[str, Any]) -> Cadenya:
    """The official client, as the printed lines make it."""
    return Cadenya(api_key=told["api_key"], base_url=told["base_url"], workspace_id=told["workspace_id"])
