"""The archive of a workspace."""

import hashlib
import io
import os
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from executions.sandbox import ArtifactRejected, Limits, SandboxWorkspace
from tests.executions.sandbox.scripts import MIB, run_python


def archived(workspace: SandboxWorkspace) -> tuple[tarfile.TarFile, tuple[str, ...], bytes]:
    packed = io.BytesIO()
    left_out = workspace.archive(packed)
    return tarfile.open(fileobj=io.BytesIO(packed.getvalue())), left_out, packed.getvalue()


def test_it_holds_folders_and_files_and_nothing_else(workspace: SandboxWorkspace):
    run_python(
        workspace,
        """
        import os
        open("outputs/a.txt", "w").write("text")
        open("outputs/run", "w").close(); os.chmod("outputs/run", 0o700)
        os.symlink("/etc/passwd", "outputs/link")
        os.mkfifo("pipe")
        """,
    )

    archive, left_out, _ = archived(workspace)

    with archive:
        assert archive.getnames() == ["inputs", "inputs/materials", "outputs", "outputs/a.txt", "outputs/run"]
        assert all(one.isfile() or one.isdir() for one in archive)
        assert [oct(one.mode) for one in archive if one.isfile()] == ["0o644", "0o755"]
        assert {(one.uid, one.gid, one.uname, one.mtime) for one in archive} == {(0, 0, "", 0)}
        extracted = archive.extractfile("outputs/a.txt")
        assert extracted is not None
        with extracted:
            assert extracted.read() == b"text"
    assert left_out == ("outputs/link", "pipe")


def test_names_that_are_no_text_are_kept_as_they_are(workspace: SandboxWorkspace):
    names = [b"outputs/a\nb", b"outputs/\xff\xfe", b"outputs/\x07bell", b"outputs/" + b"d" * 250 + b"/e"]
    for name in names:
        path = Path(os.fsdecode(os.fsencode(workspace.path) + b"/" + name))
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(name)

    archive, left_out, _ = archived(workspace)

    with archive:
        kept = {os.fsencode(one.name): archive.extractfile(one).read() for one in archive if one.isfile()}
    assert kept == {name: name for name in names}
    assert left_out == ()


def test_equal_workspaces_make_equal_bytes(tmp_path: Path):
    digests = set()
    for names in (["b", "a", "ü"], ["ü", "a", "b"]):
        workspace = SandboxWorkspace.create(tmp_path)
        for name in names:
            workspace.write(f"folder/{name}", name.encode() * 1000)
        digests.add(hashlib.sha256(archived(workspace)[2]).hexdigest())
        workspace.remove()

    assert len(digests) == 1


@pytest.mark.parametrize(
    "fill",
    [
        lambda path: (path / "big").write_bytes(bytes(2 * MIB)),
        lambda path: [(path / f"{number}").touch() for number in range(200)],
    ],
    ids=["too large", "too many"],
)
def test_what_goes_past_the_limits_is_not_archived(tmp_path: Path, fill: Callable[[Path], object]):
    workspace = SandboxWorkspace.create(tmp_path, Limits(workspace_bytes=MIB, files=100))
    fill(workspace.path)
    try:
        with pytest.raises(ArtifactRejected):
            workspace.archive(io.BytesIO())
    finally:
        workspace.remove()
