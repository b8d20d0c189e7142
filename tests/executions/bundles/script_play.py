"""Play the runner's side of a shipped script skill, in a plain process without a sandbox."""

import json
import shutil
import socketserver
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from executions.catalog.archive import read_folder
from executions.sandbox.options import skill_python

PROJECT = Path(__file__).parents[3]
BUNDLES = PROJECT / "executions" / "bundles"
SAMPLES = Path(__file__).parent / "samples"
ORDERS = PROJECT / "executions" / "demo_files" / "orders.csv"
SDK = PROJECT / "executions" / "sandbox_sdk"
SKILL_PYTHON = skill_python() / "bin" / "python"
TIME_LIMIT_SECONDS = 200


@dataclass
class Play:
    """What one run said: `messages` in their order over its channel, and what it `printed`."""

    workspace: Path
    messages: list[dict[str, Any]] = field(default_factory=list)
    printed: str = ""
    exit_status: int = -1
    stderr: str = ""

    def of_type(self, kind: str) -> list[dict[str, Any]]:
        return [message for message in self.messages if message["type"] == kind]

    @property
    def outputs(self) -> dict[str, Any]:
        """The last outputs; fails with what the script said where there are none."""
        found = self.of_type("output")
        assert found, f"no outputs: {self.of_type('error')} {self.stderr}"
        outputs: dict[str, Any] = found[-1]["outputs"]
        return outputs

    @property
    def text(self) -> str:
        return "".join(message["text"] for message in self.of_type("text"))

    @property
    def artifacts(self) -> list[str]:
        return [message["path"] for message in self.of_type("artifact")]


def play(
    skill: str | Path, workspace: Path, *, inputs: dict[str, Any] | None = None, files: tuple[Path, ...] = ()
) -> Play:
    """Run a shipped skill (by slug), or a script (by path), in `workspace`, and the skills that it calls."""
    if not SKILL_PYTHON.exists():
        pytest.fail(
            f"There is no Python for skills at {SKILL_PYTHON}. Make it with "
            f"`UV_PROJECT_ENVIRONMENT={skill_python()} uv sync --frozen --only-group skills`."
        )
    script = BUNDLES / skill / "scripts/run.py" if isinstance(skill, str) else skill
    materials = workspace / "inputs" / "materials"
    materials.mkdir(parents=True)
    for file in files:
        shutil.copy(file, materials / file.name)
    start = {
        "execution_id": "0190b8f0-0000-7000-8000-000000000001",
        "inputs": inputs or {},
        "materials": [file.name for file in files],
    }
    played = Play(workspace)
    # The sandbox has a /tmp that goes with it.
    with tempfile.TemporaryDirectory() as scratch, channel(start, played) as folder:
        ended = subprocess.run(
            [SKILL_PYTHON, "-B", script],
            check=False,
            cwd=workspace,
            env={
                "PATH": "/usr/bin:/bin",
                "LANG": "C",
                "PYTHONPATH": str(SDK),
                "HOME": str(workspace),
                "TMPDIR": scratch,
                "CALLBOARD_CHANNEL": str(folder),
            },
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            timeout=TIME_LIMIT_SECONDS,
        )
    played.printed, played.stderr, played.exit_status = ended.stdout, ended.stderr, ended.returncode
    return played


@contextmanager
def channel(start: dict[str, Any], played: Play) -> Iterator[Path]:
    """A folder with what the script is started with, and the socket that it talks to."""

    class Connection(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            for line in self.rfile:
                message = json.loads(line)
                played.messages.append(message)
                if message["type"] == "call_skill":
                    self.wfile.write(json.dumps(answer(message, played.workspace)).encode() + b"\n")

    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "start.json").write_text(json.dumps(start))
        # Closing it waits for its connections, whose ends are the script's.
        with socketserver.ThreadingUnixStreamServer(f"{folder}/socket", Connection) as server:
            listening = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
            listening.start()
            yield Path(folder)
            server.shutdown()
            listening.join()


def valid_outputs(skill: str, played: Play) -> dict[str, Any]:
    """The outputs of a run that ended well; fails where the skill's own schema refuses them."""
    assert played.exit_status == 0, played.stderr
    Draft202012Validator(read_folder(BUNDLES / skill).manifest.outputs_schema).validate(played.outputs)
    return played.outputs


def answer(call: dict[str, Any], workspace: Path) -> dict[str, Any]:
    """Run the called skill and copy what it hands over to `calls/<call_key>/`."""
    folder = f"calls/{call['call_key']}"
    files = tuple(workspace / path for path in call["files"])
    played = play(
        call["skill"], workspace.parent / f"{call['call_key']}-run", inputs=call["inputs"], files=files
    )
    artifacts = []
    for handed_over in played.of_type("artifact"):
        target = workspace / folder / Path(handed_over["path"]).name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(played.workspace / handed_over["path"], target)
        path = str(target.relative_to(workspace))
        artifacts.append({"path": path, "document_type": handed_over["document_type"]})
    failed = played.exit_status != 0
    error = played.of_type("error")[-1:] if failed else []
    return {
        "type": "skill_result",
        "call_key": call["call_key"],
        "execution_id": "0190b8f0-0000-7000-8000-000000000002",
        "state": "failed" if failed else "succeeded",
        "outputs": None if failed else played.outputs,
        "error": {**error[0], "type": "skill_error"} if error else None,
        "artifacts": artifacts,
    }
