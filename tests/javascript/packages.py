"""JavaScript packages that tests run by Node, installed once into a folder of this checkout."""

import fcntl
import hashlib
import json
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
CACHE = HERE.parents[1] / ".callboard" / "javascript"
FILES = ("package.json", "package-lock.json", ".npmrc")


def decode(form: str, stream: bytes, *arguments: str) -> dict[str, Any]:
    """What the package of a format reads in a stream; fails with what it says where it refuses one."""
    folder = installed(HERE)
    shutil.copy(HERE / "decode.mjs", folder / "decode.mjs")
    done = subprocess.run(
        ["node", "decode.mjs", form, *arguments],
        cwd=folder,
        input=stream,
        capture_output=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@cache
def installed(wanted: Path) -> Path:
    """The folder with the packages that a folder's lock names; skips the test where there is no Node."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.skip("Node and npm are needed to run JavaScript packages.")
    digest = hashlib.sha256(b"".join((wanted / name).read_bytes() for name in FILES)).hexdigest()[:16]
    folder = CACHE / digest
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # tests run in several processes
        if not (folder / "installed").exists():
            folder.mkdir(exist_ok=True)
            for name in FILES:
                shutil.copy(wanted / name, folder / name)
            command = ["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"]
            subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=280)
            (folder / "installed").touch()
    return folder
