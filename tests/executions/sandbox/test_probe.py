"""Whether this machine can isolate, and what is said where it cannot."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from executions.sandbox import Probe, probe
from executions.sandbox.usernamespace import namespace_path

PROJECT = Path(__file__).resolve().parents[3]
ASK = """
import sys
from pathlib import Path
from executions.sandbox import Limits, SandboxUnavailable, SandboxWorkspace, launch, probe
print(probe().available, probe().reason)
workspace = SandboxWorkspace.create(Path(sys.argv[1]))
try:
    launch(["python", "-c", "print('ran')"], workspace=workspace, bundle=None, limits=Limits()).wait()
except SandboxUnavailable as unavailable:
    print("refused:", unavailable)
workspace.remove()
"""


def ask(tmp_path: Path, *prefix: str, setting: str = "") -> list[str]:
    """What a new process says that probes and tries to launch."""
    configure = f"from django.conf import settings; settings.configure({setting})\n"
    asked = subprocess.run(
        [*prefix, sys.executable, "-c", configure + ASK, str(tmp_path)],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert asked.returncode == 0, asked.stderr
    return asked.stdout.splitlines()


def test_this_machine_can():
    assert probe().available, probe().reason
    assert probe().engine == "subprocess-v1"
    assert probe() is probe()


@pytest.mark.skipif(os.geteuid() == 0, reason="as root nothing is weaker")
def test_an_ordinary_user_is_told_what_is_weaker():
    assert probe() == Probe(
        available=True, reason="Scripts run as the worker's own user, apart only by their user namespace."
    )


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has a place where they are closed")
def test_where_user_namespaces_are_closed_a_run_is_refused_with_the_setting(tmp_path: Path):
    # Sandboxes of root are built in such a place themselves, so that scripts cannot make another.
    said = ask(tmp_path, "nsenter", f"--user={namespace_path()}", "--")

    assert said[0].startswith("False ")
    assert "user.max_user_namespaces" in said[0]
    assert said[1].startswith("refused: ")
    assert len(said) == 2


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("SKILL_PYTHON='/nowhere'", ["/nowhere", "SKILL_PYTHON", "uv sync --frozen --only-group skills"]),
        ("SANDBOX_BWRAP='/nowhere/bwrap'", ["/nowhere/bwrap", "SANDBOX_BWRAP"]),
        ("SANDBOX_BWRAP='/bin/echo'", ["/bin/echo", "bubblewrap 0.8"]),
    ],
)
def test_what_is_missing_is_named_and_nothing_runs(tmp_path: Path, setting: str, words: list[str]):
    said = ask(tmp_path, setting=setting)

    assert said[0].startswith("False ")
    assert [word for word in words if word not in said[0]] == []
    assert said[1].startswith("refused: ")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root hands out users")
def test_the_users_come_from_the_setting(tmp_path: Path):
    said = ask(tmp_path, setting="SANDBOX_UIDS=(61000, 1)")

    assert said == ["True "]
