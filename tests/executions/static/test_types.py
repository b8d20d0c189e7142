"""The types of `callboard.js` are those of its code, and hold for a page in TypeScript."""

import shutil
import subprocess
from pathlib import Path

from tests.javascript.packages import installed

ROOT = Path(__file__).resolve().parents[3]
MODULE = ROOT / "executions" / "static" / "callboard" / "callboard.js"
HERE = Path(__file__).parent / "typescript"
OPTIONS = ("--strict", "--target", "es2022", "--module", "esnext", "--moduleResolution", "bundler")
LIBRARY = ("--lib", "es2023,dom,dom.iterable")


def compile_types(*arguments: str) -> str:
    """What the compiler complains of."""
    compiler = installed(HERE) / "node_modules" / "typescript" / "bin" / "tsc"
    command = ["node", str(compiler), *OPTIONS, *LIBRARY, *arguments]
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
