"""The types of `callboard.js` are those of its code, and hold for a page in TypeScript."""

import fcntl
import shutil
import subprocess
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
MODULE = ROOT / "executions" / "static" / "callboard" / "callboard.js"
HERE = Path(__file__).parent / "typescript"
FOLDER = ROOT / ".callboard" / "typescript"
OPTIONS = ("--strict", "--target", "es2022", "--module", "esnext", "--moduleResolution", "bundler")
LIBRARY = ("--lib", "es2023,dom,dom.iterable")


@cache
def installed() -> Path:
    """Where the compiler is; skips the test where there is no Node."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.skip("Node and npm are needed to check the types of callboard.js.")
    FOLDER.mkdir(parents=True, exist_ok=True)
    with (FOLDER / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # tests run in several processes
        kept = FOLDER / "package-lock.json"
        wanted = HERE / "package-lock.json"
        if not kept.exists() or kept.read_bytes() != wanted.read_bytes():
            for name in ("package.json", ".npmrc"):
                shutil.copy(HERE / name, FOLDER / name)
            shutil.copy(wanted, kept)
            command = ["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"]
            subprocess.run(command, cwd=FOLDER, check=True, capture_output=True, timeout=280)
    return FOLDER / "node_modules" / "typescript" / "bin" / "tsc"


def compile_types(*arguments: str) -> str:
    """What the compiler complains of."""
    command = ["node", str(installed()), *OPTIONS, *LIBRARY, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    return done.stdout + done.stderr


def test_the_types_beside_the_module_are_those_of_its_code(tmp_path: Path) -> None:
    said = compile_types(
        "--allowJs",
        "--checkJs",
        "--declaration",
        "--emitDeclarationOnly",
        "--outDir",
        str(tmp_path),
        str(MODULE),
    )

    assert said == ""
    assert MODULE.with_suffix(".d.ts").read_text() == (tmp_path / "callboard.d.ts").read_text()


def test_a_page_in_typescript_is_checked_against_them(tmp_path: Path) -> None:
    shutil.copy(MODULE, tmp_path)
    shutil.copy(MODULE.with_suffix(".d.ts"), tmp_path)
    shutil.copy(HERE / "using.ts", tmp_path)

    assert compile_types("--noEmit", str(tmp_path / "using.ts")) == ""
