"""Reading and writing a workspace, whatever a script has put in the way."""

import io
import os
from pathlib import Path

import pytest

from executions.sandbox import ArtifactRejected, Limits, SandboxWorkspace
from executions.sandbox.identity import _claimed
from tests.executions.sandbox.scripts import MIB, run_python


def read(workspace: SandboxWorkspace, path: str) -> bytes:
    with workspace.open_regular(path) as file:
        return file.read()


def test_staged_files_are_where_the_script_looks(workspace: SandboxWorkspace):
    path = workspace.stage("größe 1.csv", io.BytesIO(b"a,b\n"))

    ended = run_python(
        workspace, "import os; print(os.listdir('inputs/materials'), open(os.sys.argv[1]).read())", path
    )

    assert path == "inputs/materials/größe 1.csv"
    assert ended.lines == ["['größe 1.csv'] a,b", ""]


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "..",
        "a/b",
        "../a",
        "/etc/passwd",
        "nul\0",
        "new\nline",
        "esc\x1b",
        "\udcff.csv",
        "n" * 256,
        "ü" * 128,
    ],
)
def test_names_that_are_no_file_names_are_refused(workspace: SandboxWorkspace, name: str):
    with pytest.raises(ArtifactRejected) as refused:
        workspace.stage(name, io.BytesIO(b"x"))

    assert str(refused.value).isprintable()
    assert workspace.list() == []


def test_a_name_is_staged_once(workspace: SandboxWorkspace):
    workspace.stage("a", io.BytesIO(b"first"))

    with pytest.raises(ArtifactRejected, match=r"inputs/materials/a: is staged already"):
        workspace.stage("a", io.BytesIO(b"second"))

    assert read(workspace, "inputs/materials/a") == b"first"


def test_more_than_fits_is_not_staged_or_written(tmp_path: Path):
    workspace = SandboxWorkspace.create(tmp_path, Limits(workspace_bytes=MIB))
    try:
        with pytest.raises(ArtifactRejected, match="does not fit"):
            workspace.stage("big", io.BytesIO(bytes(2 * MIB)))
        with pytest.raises(ArtifactRejected, match="does not fit"):
            workspace.write("big", bytes(2 * MIB))
    finally:
        workspace.remove()


def test_what_is_written_can_be_read_and_changed_by_the_script(workspace: SandboxWorkspace):
    workspace.write("notes/plan.txt", b"long first text")
    workspace.write("notes/plan.txt", b"short")

    ended = run_python(
        workspace, "open('notes/plan.txt', 'a').write(' and more'); open('notes/new', 'w').close()"
    )

    assert ended.outcome.exit_status == 0, ended.outcome
    assert read(workspace, "notes/plan.txt") == b"short and more"
    assert workspace.list() == [("notes/new", 0), ("notes/plan.txt", 14)]


HOSTILE = """
    import os, socket
    os.makedirs("outputs", exist_ok=True)
    os.symlink("/etc/passwd", "outputs/link")
    os.symlink("/etc", "folder")
    os.symlink("outputs", "inside")
    os.symlink("loop", "loop")
    os.mkfifo("outputs/pipe")
    socket.socket(socket.AF_UNIX).bind("outputs/socket")
    open("outputs/real", "w").write("real")
    os.link("outputs/real", "outputs/hard")
"""


@pytest.mark.parametrize(
    "path",
    [
        "outputs/link",
        "folder/passwd",
        "inside/real",
        "loop",
        "outputs/pipe",
        "outputs/socket",
        "outputs",
        "outputs/missing",
        "outputs/real/below",
        "../workspace",
        "/etc/passwd",
        "outputs/../outputs/real",
        "outputs//real",
        "./outputs/real",
        "",
        "a/" * 600 + "b",
        "outputs/\udcff",
    ],
    ids=lambda path: repr(path[:30]),
)
def test_only_regular_files_below_are_opened(workspace: SandboxWorkspace, path: str):
    run_python(workspace, HOSTILE)

    with pytest.raises(ArtifactRejected):
        workspace.open_regular(path)
    with pytest.raises(ArtifactRejected):
        workspace.write(path if path != "outputs/missing" else "outputs/link", b"x")
    assert read(workspace, "outputs/real") == b"real"


def test_a_hard_link_is_a_file_and_counts_again(workspace: SandboxWorkspace):
    run_python(workspace, HOSTILE)

    assert read(workspace, "outputs/hard") == b"real"
    assert workspace.list() == [("outputs/hard", 4), ("outputs/real", 4)]


def test_nothing_of_the_system_can_be_linked_in(workspace: SandboxWorkspace, tmp_path: Path):
    (tmp_path / "skill").mkdir()
    (tmp_path / "skill" / "secret").write_text("x")
    code = """
        import os
        for source in ("/etc/passwd", "/skill/secret", "/usr/bin/sh"):
            try: os.link(source, "stolen")
            except OSError as error: print(error.errno)
    """

    assert run_python(workspace, code, bundle=tmp_path / "skill").lines == ["18", "18", "18"]


def test_the_size_counts_sparse_files_in_full(workspace: SandboxWorkspace):
    before = workspace.size()

    run_python(workspace, "open('sparse', 'wb').truncate(50 << 20)")

    assert workspace.size() - before == 50 * MIB


@pytest.mark.parametrize("name", ["b'\\xff'", "b'a\\nb'", "b'\\x07'"])
def test_a_name_that_cannot_be_told_is_left_out_of_the_list_and_noted(workspace: SandboxWorkspace, name: str):
    run_python(workspace, f"open({name}, 'w').close(); open('outputs/fine', 'w').close()")

    listing = workspace.listing()

    assert listing.files == workspace.list() == [("outputs/fine", 0)]
    [noted] = listing.left_out
    assert noted.isprintable()
    assert "\\x" in noted or "\\n" in noted
    with pytest.raises(ArtifactRejected):
        workspace.open_regular("a\nb")


def test_a_folder_that_its_owner_closed_is_read_and_removed_all_the_same(tmp_path: Path):
    workspace = SandboxWorkspace.create(tmp_path)
    code = """
        import os
        os.makedirs("closed/inner")
        open("closed/inner/file", "w").write("x")
        for path in ("closed/inner", "closed", "outputs", "/workspace"): os.chmod(path, 0)
    """

    run_python(workspace, code)

    assert workspace.list() == [("closed/inner/file", 1)]
    workspace.remove()
    assert list(tmp_path.iterdir()) == []


def test_everything_a_script_leaves_can_be_removed(tmp_path: Path):
    workspace = SandboxWorkspace.create(tmp_path)
    code = (
        HOSTILE
        + """
    for level in range(1500):
        os.mkdir("d" * 200)
        os.chdir("d" * 200)
        os.symlink("/etc", "link")
    """
    )

    run_python(workspace, code)
    workspace.remove()
    workspace.remove()

    assert list(tmp_path.iterdir()) == []


def test_removing_touches_nothing_that_links_point_to(tmp_path: Path):
    outside = tmp_path / "outside"
    outside.mkdir()
    outside.chmod(0o750)
    (outside / "kept").write_text("x")
    workspace = SandboxWorkspace.create(tmp_path / "parent")
    (workspace.path / "link").symlink_to(outside)
    (workspace.path / "hard").hardlink_to(outside / "kept")

    workspace.remove()

    assert (outside / "kept").read_text() == "x"
    assert outside.stat().st_mode & 0o777 == 0o750


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can hand out users")
def test_a_user_is_given_back(tmp_path: Path):
    workspace = SandboxWorkspace.create(tmp_path)
    uid = workspace.identity.uid
    assert _claimed(uid) is None

    workspace.remove()

    claim = _claimed(uid)
    assert claim is not None
    claim.close()
