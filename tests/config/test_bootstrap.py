"""The bootstrap's decisions, and its behaviour as a program on the oldest syntax it promises."""

import ast
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from config import bootstrap
from config.management.commands.test import pytest_command


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project folder of its own with a lock file, to which the bootstrap is pointed."""
    (tmp_path / "uv.lock").write_text("version = 1\n")
    (tmp_path / ".python-version").write_text("3.13\n")
    monkeypatch.setattr(bootstrap, "ROOT", tmp_path)
    monkeypatch.setattr(bootstrap, "VENV", tmp_path / ".venv")
    monkeypatch.setattr(bootstrap, "LOCAL", tmp_path / ".callboard")
    monkeypatch.setattr(bootstrap, "PRIVATE_UV", tmp_path / ".callboard" / "uv")
    return tmp_path


def environment(project: Path, contents: str) -> bootstrap.VirtualEnvironment:
    """The project's environment as a request for `contents`."""
    return bootstrap.VirtualEnvironment(project / ".venv", "packages", (), contents)


def pretend_installed(project: Path, contents: str) -> None:
    """Leave what a completed installation leaves."""
    python = project / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.touch()
    stamp = project / ".venv" / "callboard-installed"
    stamp.write_text(f"{bootstrap.lock_digest()} {contents}\n")


def executable(path: Path, script: str) -> Path:
    """A shell script that may be run."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


@pytest.mark.parametrize(
    "name", ["manage.py", "config/__init__.py", "config/bootstrap.py", "config/installers.py"]
)
def test_what_any_python3_reads_first_is_in_old_syntax(name: str) -> None:
    source = (Path(__file__).parents[2] / name).read_text()

    ast.parse(source, feature_version=(3, 7))  # the oldest that can be asked for
    assert not any(isinstance(node, ast.NamedExpr | ast.Match) for node in ast.walk(ast.parse(source)))


@pytest.mark.parametrize(
    ("installed", "asked", "fits"),
    [("all", "all", True), ("all", "run", True), ("run", "run", True), ("run", "all", False)],
)
def test_a_fuller_environment_serves_who_asks_for_less(
    project: Path, installed: str, asked: str, *, fits: bool
) -> None:
    pretend_installed(project, installed)

    assert bootstrap.is_in_step(environment(project, asked)) is fits


def test_another_lock_file_puts_an_environment_out_of_step(project: Path) -> None:
    pretend_installed(project, "all")

    (project / "uv.lock").write_text("version = 2\n")

    assert not bootstrap.is_in_step(environment(project, "all"))


def test_an_environment_whose_python_is_gone_is_out_of_step(project: Path) -> None:
    pretend_installed(project, "all")

    (project / ".venv" / "bin" / "python").unlink()

    assert not bootstrap.is_in_step(environment(project, "all"))


def test_an_environment_without_a_stamp_is_out_of_step(project: Path) -> None:
    assert not bootstrap.is_in_step(environment(project, "run"))


def test_only_test_and_lint_ask_for_the_development_tools_and_nothing_removes_them() -> None:
    asked = {name: bootstrap.project_environment(name).selection for name in bootstrap.LOCAL_MODES}

    assert {name for name, selection in asked.items() if "--no-dev" not in selection} == {"test", "lint"}
    assert all("--inexact" in selection for selection in asked.values())


@pytest.mark.parametrize(
    ("script", "found"),
    [
        ("echo uv 0.13.9", True),
        ("echo uv 0.4.1", False),  # cannot read the lock file
        ("echo 'pyenv: uv: command not found' >&2; exit 127", False),  # a version manager's empty shim
        ("echo nonsense", False),
    ],
)
def test_a_uv_on_the_path_is_used_when_it_runs_and_is_new_enough(
    project: Path, monkeypatch: pytest.MonkeyPatch, script: str, *, found: bool
) -> None:
    uv = executable(project / "bin" / "uv", script)
    monkeypatch.setenv("PATH", f"{uv.parent}:/bin")

    assert bootstrap.find_uv() == (str(uv) if found else None)


def test_the_uv_installed_here_earlier_is_found_again(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    uv = executable(project / ".callboard" / "uv" / "bin" / "uv", "echo uv 0.13.9")
    monkeypatch.setenv("PATH", "/nowhere")

    assert bootstrap.find_uv() == str(uv)


def test_without_a_usable_home_uv_keeps_its_files_in_the_project(project: Path) -> None:
    chosen = bootstrap.uv_variables(project / ".venv", "", {})

    assert chosen["UV_CACHE_DIR"] == str(project / ".callboard" / "uv-cache")
    assert chosen["UV_PYTHON_INSTALL_DIR"] == str(project / ".callboard" / "uv-python")


def test_a_usable_home_keeps_uvs_cache_and_settings_of_ones_own_are_respected(project: Path) -> None:
    assert "UV_CACHE_DIR" not in bootstrap.uv_variables(project / ".venv", str(project), {})
    own = {"UV_CACHE_DIR": "/cache", "UV_PYTHON_INSTALL_DIR": "/pythons"}
    assert bootstrap.uv_variables(project / ".venv", "", own) == {
        "UV_PROJECT_ENVIRONMENT": str(project / ".venv")
    }


@pytest.mark.parametrize(
    ("command", "mode"),
    [("demo", "demo"), ("test", "test"), ("lint", "test"), ("bench", "demo"), ("migrate", None)],
)
def test_the_local_commands_install_first_and_run_in_a_local_mode(
    monkeypatch: pytest.MonkeyPatch, command: str, mode: str | None
) -> None:
    installed: list[list[bootstrap.VirtualEnvironment]] = []
    monkeypatch.setattr(bootstrap, "install", installed.append)
    monkeypatch.setattr(bootstrap, "VENV", Path(sys.prefix))
    monkeypatch.setenv("CALLBOARD_LOCAL", "")

    bootstrap.hand_over(["-v0", command])

    assert os.environ["CALLBOARD_LOCAL"] == (mode or "")
    assert bool(installed) is (mode is not None)


def test_a_python_without_the_venv_module_is_told_what_to_install(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "path", [])
    monkeypatch.delitem(sys.modules, "venv", raising=False)

    with pytest.raises(SystemExit, match="python3-venv"):
        bootstrap.install_uv()


def test_two_installations_at_once_take_turns_and_the_second_finds_it_done(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A uv that notes each call, is slow, and leaves a Python behind as the real one does.
    executable(
        project / "bin" / "uv",
        'if [ "$1" = --version ]; then echo uv 0.13.9; exit; fi\n'
        'if [ "$1" = python ]; then echo /usr/bin/python3; exit; fi\n'
        f"echo sync >> {project}/calls; sleep 0.5\n"
        'mkdir -p "$UV_PROJECT_ENVIRONMENT/bin"; touch "$UV_PROJECT_ENVIRONMENT/bin/python"',
    )
    code = (
        "from pathlib import Path\nfrom config import bootstrap\n"
        f"root = Path({str(project)!r})\n"
        "bootstrap.ROOT, bootstrap.LOCAL, bootstrap.PRIVATE_UV = root, root / '.callboard', root / 'none'\n"
        "bootstrap.install([bootstrap.VirtualEnvironment(root / '.venv', 'packages', (), 'all')])\n"
    )
    path = f"{project}/bin:{os.environ['PATH']}"
    both = [
        subprocess.Popen(
            [sys.executable, "-c", code], env={**os.environ, "PATH": path}, stderr=subprocess.DEVNULL
        )
        for _ in range(2)
    ]

    assert [process.wait(timeout=120) for process in both] == [0, 0]
    assert (project / "calls").read_text() == "sync\n"


def test_two_environments_are_filled_side_by_side(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # A uv that comes to its end only once the other one has begun.
    uv = executable(
        project / "bin" / "uv",
        f'[ "$1" = sync ] || exit 0\n'
        f'touch {project}/begun-$(basename "$UV_PROJECT_ENVIRONMENT")\n'
        f"cd {project}; for _ in $(seq 100); do [ -e begun-one -a -e begun-two ] && exit; sleep 0.1; done\n"
        "exit 1",
    )
    both = [bootstrap.VirtualEnvironment(project / name, "packages", (), "all") for name in ("one", "two")]
    for each in both:
        executable(each.folder / "bin" / "python", "")

    bootstrap._sync(str(uv), *both)

    assert all(bootstrap.is_in_step(each) for each in both)


def test_the_skills_packages_are_compiled_but_for_their_own_tests(tmp_path: Path) -> None:
    for name in ("package/module.py", "package/tests/test_module.py", "package/contests/broken.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("1 +" if "broken" in name else "1")

    _, *arguments = bootstrap.skill_environment().finish[:-1]
    subprocess.run([sys.executable, *arguments, str(tmp_path)], check=True)

    assert [path.parent.parent.name for path in tmp_path.rglob("*.pyc")] == ["package"]


def test_an_installation_that_fails_shows_why_and_leaves_no_stamp(project: Path) -> None:
    uv = executable(project / "bin" / "uv", '[ "$1" = sync ] && echo no such wheel && exit 2; true')

    with pytest.raises(SystemExit, match="did not work"):
        bootstrap._sync(str(uv), environment(project, "all"))

    assert not bootstrap.is_in_step(environment(project, "all"))


HERE, FUZZ = "tests/config/test_imports.py", "tests/executions/api/test_fuzz.py"


@pytest.mark.parametrize(
    ("arguments", "chosen"),
    [
        ([], ["-n", "2", "--dist", "loadscope"]),
        (["-x", "tests/config"], ["-n", "2", "--dist", "loadscope"]),
        (["-n0"], []),
        (["--pdb"], []),
        (["-k", "race"], []),
        (["-kone", "tests/config"], []),
        ([FUZZ], []),  # needs all plugins
        ([HERE], ["-p", "no:schemathesis"]),
        ([f"{HERE}::test_it"], ["-p", "no:schemathesis"]),
    ],
)
def test_pytest_runs_in_parallel_but_for_a_selection(arguments: list[str], chosen: list[str]) -> None:
    assert pytest_command(arguments, cores=2)[3:] == [*chosen, *arguments]


def test_pytest_starts_no_more_workers_than_one_server_keeps_busy() -> None:
    assert pytest_command([], cores=64)[3:5] == ["-n", "8"]


@pytest.mark.parametrize("own", [None, "/elsewhere"])
def test_bytecode_is_kept_apart_where_none_is_wanted_beside_the_source(
    project: Path, monkeypatch: pytest.MonkeyPatch, own: str | None
) -> None:
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    monkeypatch.setenv("PYTHONPYCACHEPREFIX", own or "")
    if own is None:
        monkeypatch.delenv("PYTHONPYCACHEPREFIX")

    bootstrap.keep_bytecode()

    assert "PYTHONDONTWRITEBYTECODE" not in os.environ
    assert os.environ["PYTHONPYCACHEPREFIX"] == (own or str(project / ".callboard" / "bytecode"))


def test_bytecode_is_beside_the_source_where_nobody_minds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
    monkeypatch.delenv("PYTHONPYCACHEPREFIX", raising=False)

    bootstrap.keep_bytecode()

    assert "PYTHONPYCACHEPREFIX" not in os.environ
