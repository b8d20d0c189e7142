"""The shipped script skills run in the real sandbox, within the limits they ask for."""

import io
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from executions.catalog.archive import pack, read_folder, unpack
from executions.sandbox import ProcessOutcome, SandboxWorkspace, launch
from tests.executions.bundles.script_play import BUNDLES, ORDERS, SAMPLES, SDK

TIME_LIMIT_SECONDS = 200


@pytest.fixture
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxWorkspace]:
    folder = tmp_path_factory.mktemp("sandboxes")
    # The sandbox's user is another one, and pytest's folders are private.
    for above in (folder, folder.parent, folder.parent.parent):
        above.chmod(0o755)
    workspace = SandboxWorkspace.create(folder)
    yield workspace
    workspace.remove()


def run(slug: str, workspace: SandboxWorkspace, *files: Path) -> tuple[list[dict[str, Any]], ProcessOutcome]:
    """The messages of one run of the packed and unpacked bundle, and how it ended."""
    bundle = read_folder(BUNDLES / slug)
    unpacked = workspace.path.parent / "bundle"
    unpack(pack(bundle), unpacked, expected_digest=bundle.digest)
    for file in files:
        workspace.stage(file.name, io.BytesIO(file.read_bytes()))
    start = {"execution_id": "x", "inputs": {}, "materials": [file.name for file in files]}
    messages = []
    deadline = time.monotonic() + TIME_LIMIT_SECONDS
    with launch(
        ["python", f"/skill/{bundle.manifest.entrypoint}"],
        workspace=workspace,
        bundle=unpacked,
        limits=bundle.manifest.limits,
        extra_read_only={"/callboard": SDK},
        start_message=json.dumps(start).encode(),
    ) as running:
        while not running.at_end and time.monotonic() < deadline:
            heard = running.hear(1.0)
            if heard is not None and heard.connection is not None:
                messages.append(json.loads(heard.content))
        return messages, running.wait()


def test_csv_profile_runs_within_the_default_limits(workspace: SandboxWorkspace) -> None:
    messages, outcome = run("csv-profile", workspace, ORDERS)

    assert (outcome.exit_status, outcome.killed_for) == (0, None), outcome.stderr_tail
    assert messages[-1]["outputs"]["row_count"] == 1493
    with workspace.open_regular("outputs/chart.png") as chart:
        assert chart.read(8) == b"\x89PNG\r\n\x1a\n"
    assert {path for path, _ in workspace.list()} == {
        "inputs/materials/orders.csv",
        "outputs/chart.png",
        "outputs/profile.json",
        "outputs/profile.md",
    }


def test_csv_profile_draws_columns_named_in_any_script(workspace: SandboxWorkspace, tmp_path: Path) -> None:
    table = tmp_path / "売上 बिक्री ยอดขาย 🎉.csv"
    rows = [f"東京,दिल्ली {number % 3},{number}" for number in range(40)]
    table.write_text("\n".join(["都市,शहर,ยอดขาย 🚀", *rows]))

    messages, outcome = run("csv-profile", workspace, table)

    assert messages[-1]["outputs"]["column_count"] == 3
    assert (outcome.exit_status, outcome.stderr_tail) == (0, "")


def test_document_text_runs_within_its_limits(workspace: SandboxWorkspace) -> None:
    files = [SAMPLES / name for name in ("manual.pdf", "minutes.docx", "page.html", "notes.md")]

    messages, outcome = run("document-text", workspace, *files)

    assert (outcome.exit_status, outcome.killed_for) == (0, None), outcome.stderr_tail
    assert [each["format"] for each in messages[-1]["outputs"]["documents"]] == [
        "pdf",
        "docx",
        "html",
        "markdown",
    ]
