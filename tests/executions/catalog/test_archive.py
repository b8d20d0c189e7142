"""A bundle is read, packed and unpacked as exactly the files that were meant."""

import os
import stat
from pathlib import Path

import pytest

from executions.catalog.archive import (
    Bundle,
    BundleRefused,
    BundleTampered,
    pack,
    read_folder,
    read_zip,
    unpack,
)
from tests.executions.catalog.bundle_files import FILES, SKILL, written, zipped


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return written(tmp_path / "count-words")


@pytest.fixture
def bundle(folder: Path) -> Bundle:
    return read_folder(folder)


def test_a_folder_and_its_zips_are_the_same_bundle(bundle: Bundle) -> None:
    at_top = read_zip(zipped(FILES.items()))
    in_folder = read_zip(zipped((f"count-words/{path}", content) for path, content in FILES.items()))

    assert at_top == in_folder == bundle
    assert bundle.files == FILES
    assert bundle.manifest.slug == "count-words"


def test_the_order_of_the_files_does_not_matter(bundle: Bundle) -> None:
    backwards = read_zip(zipped(reversed(FILES.items())))

    assert backwards.digest == bundle.digest
    assert pack(backwards) == pack(bundle)


@pytest.mark.parametrize(
    "changed",
    [
        {**FILES, "scripts/run.py": b"print('hallo')\n"},
        {**FILES, "extra.txt": b""},
        {"SKILL.md": FILES["SKILL.md"], "scripts/run.py": b"", "scripts/run2.py": FILES["scripts/run.py"]},
    ],
)
def test_any_change_changes_the_digest(bundle: Bundle, changed: dict[str, bytes]) -> None:
    assert read_zip(zipped(changed.items())).digest != bundle.digest


def test_the_executable_bit_is_part_of_the_bundle(folder: Path, bundle: Bundle, tmp_path: Path) -> None:
    (folder / "scripts/run.py").chmod(0o755)

    executable = read_folder(folder)
    unpack(pack(executable), tmp_path / "out", expected_digest=executable.digest)

    assert executable.digest != bundle.digest
    assert (tmp_path / "out/scripts/run.py").stat().st_mode & 0o111
    assert not (tmp_path / "out/SKILL.md").stat().st_mode & 0o111


def test_what_file_managers_and_python_leave_is_ignored(folder: Path, bundle: Bundle) -> None:
    litter = {"scripts/__pycache__/run.cpython-313.pyc": b"\0", ".DS_Store": b"\0"}
    written(folder, litter)
    from_mac = {**FILES, **litter, "__MACOSX/scripts/._run.py": b"\0"}

    assert read_folder(folder) == bundle
    assert read_zip(zipped(from_mac.items())) == bundle


def test_unpacking_gives_the_files_back_with_modes_that_copies_may_keep(
    bundle: Bundle, tmp_path: Path
) -> None:
    old_mask = os.umask(0o077)
    try:
        unpack(pack(bundle), tmp_path / "out", expected_digest=bundle.digest)
    finally:
        os.umask(old_mask)

    found = {str(file.relative_to(tmp_path / "out")): file for file in (tmp_path / "out").rglob("*.*")}
    assert {path: file.read_bytes() for path, file in found.items()} == FILES
    assert {stat.S_IMODE(file.stat().st_mode) for file in found.values()} == {0o644}
    assert stat.S_IMODE((tmp_path / "out/scripts").stat().st_mode) == 0o755
    assert stat.S_IMODE((tmp_path / "out").stat().st_mode) == 0o755


def test_only_one_of_two_processes_that_unpack_puts_its_files_there(bundle: Bundle, tmp_path: Path) -> None:
    unpack(pack(bundle), tmp_path / "out", expected_digest=bundle.digest)

    with pytest.raises(OSError, match="not empty"):
        unpack(pack(bundle), tmp_path / "out", expected_digest=bundle.digest)

    assert sorted(path.name for path in tmp_path.iterdir()) == ["count-words", "out"]


@pytest.mark.parametrize(
    "damage",
    [
        lambda packed: packed.replace(b"hello", b"hallo"),
        lambda packed: packed.replace(b"scripts/run.py", b"scripts/ran.py"),
        lambda packed: packed[:700],
        lambda packed: packed[512:],
        lambda packed: packed[:0],
        lambda packed: b"\xff" * len(packed),
        lambda packed: packed + b"\0" * 30 * 2**20,
    ],
)
def test_a_tampered_bundle_writes_nothing(bundle: Bundle, tmp_path: Path, damage: object) -> None:
    assert callable(damage)

    with pytest.raises(BundleTampered):
        unpack(damage(pack(bundle)), tmp_path / "out", expected_digest=bundle.digest)

    assert [path.name for path in tmp_path.iterdir()] == ["count-words"]


@pytest.mark.parametrize("kind", ["link to a file", "link to a folder", "pipe", "broken link"])
def test_a_folder_with_anything_but_files_is_refused(folder: Path, tmp_path: Path, kind: str) -> None:
    odd = folder / "scripts" / "odd"
    (tmp_path / "secret").mkdir()
    match kind:
        case "link to a file":
            odd.symlink_to(folder / "SKILL.md")
        case "link to a folder":
            odd.symlink_to(tmp_path / "secret")
        case "pipe":
            os.mkfifo(odd)
        case "broken link":
            odd.symlink_to(tmp_path / "nowhere")

    with pytest.raises(BundleRefused) as caught:
        read_folder(folder)

    assert caught.value.path == "scripts/odd"


def test_a_folder_deeper_than_twenty_levels_is_refused(folder: Path) -> None:
    written(folder, {"/".join("abcdefghijklmnopqrst") + "/file.txt": b""})

    with pytest.raises(BundleRefused, match="deeper than 20 levels"):
        read_folder(folder)


def test_a_folder_of_more_than_20_mib_is_refused(folder: Path) -> None:
    written(folder, {"big.bin": bytes(20 * 2**20)})

    with pytest.raises(BundleRefused, match="larger than 20 MiB"):
        read_folder(folder)


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"scripts/run.py": b""}, "SKILL.md: is missing"),
        ({"SKILL.md": SKILL.encode()}, "metadata.entrypoint: 'scripts/run.py' is not in the bundle"),
        ({**FILES, "SKILL.md": b"\xff\xfe"}, "SKILL.md: is not UTF-8"),
        ({**FILES, "Scripts/RUN.py": b""}, "is in the bundle twice"),
        ({**FILES, "stra\u00dfe": b"", "STRASSE": b""}, "is in the bundle twice"),
        ({**FILES, "caf\u00e9": b"", "cafe\u0301": b""}, "is in the bundle twice"),
    ],
)
def test_a_folder_that_is_no_bundle_is_refused(tmp_path: Path, files: dict[str, bytes], said: str) -> None:
    with pytest.raises(BundleRefused, match=said):
        read_folder(written(tmp_path / "count-words", files))


def test_a_path_that_is_no_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BundleRefused, match="nowhere: is not a folder"):
        read_folder(tmp_path / "nowhere")
