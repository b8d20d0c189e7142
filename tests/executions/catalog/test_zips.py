"""A zip from a stranger is read without being trusted."""

import contextlib
import io
import random
import stat
import struct
import time
import zipfile
from pathlib import Path

import pytest

from executions.catalog.archive import BundleRefused, read_zip
from tests.executions.catalog.bundle_files import FILES, SKILL, zipped

MIB = 2**20


def refusal(packed: io.BytesIO) -> BundleRefused:
    with pytest.raises(BundleRefused) as caught:
        read_zip(packed)
    return caught.value


def special(mode: int) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo("odd")
    entry.create_system = 3
    entry.external_attr = mode << 16
    return entry


@pytest.mark.parametrize(
    "name",
    [
        "../evil.py",
        "scripts/../../evil.py",
        "..",
        "/etc/passwd",
        "//server/share",
        "C:/evil.py",
        "c:evil.py",
        "scripts\\evil.py",
        "..\\evil.py",
        "scripts//run2.py",
        "./run2.py",
        "scripts/.",
        "evil\n.py",
        "evil\u202egpj.py",
        "x" * 241,
        "/".join("abcdefghijklmnopqrstu"),
        "__pycache__/../../evil.py",
        "../",
    ],
)
def test_names_that_could_leave_the_bundle_are_refused(name: str) -> None:
    refused = refusal(zipped([*FILES.items(), (name, b"x")]))

    assert "name" in refused.reason or "deeper" in refused.reason
    assert refused.path


def test_a_name_that_hides_its_end_behind_a_nul_is_refused() -> None:
    packed = zipped([*FILES.items(), ("evil.pyXhidden", b"x")]).getvalue()

    refused = refusal(io.BytesIO(packed.replace(b"evil.pyXhidden", b"evil.py\0hidden")))

    assert "printable" in refused.reason


@pytest.mark.parametrize(
    ("mode", "said"),
    [
        (stat.S_IFLNK | 0o777, "links are not allowed"),
        (stat.S_IFIFO | 0o644, "not a regular file"),
        (stat.S_IFCHR | 0o644, "not a regular file"),
        (stat.S_IFSOCK | 0o644, "not a regular file"),
    ],
)
def test_links_and_special_files_are_refused(mode: int, said: str) -> None:
    refused = refusal(zipped([*FILES.items(), (special(mode), b"/etc/passwd")]))

    assert (refused.path, said in refused.reason) == ("odd", True)


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("name", ["SKILL.md", "skill.md", "scripts/RUN.py"])
def test_a_file_given_twice_is_refused(name: str) -> None:
    refused = refusal(zipped([*FILES.items(), (name, b"x")]))

    assert "twice" in refused.reason


def test_a_file_that_is_a_folder_too_is_refused() -> None:
    refused = refusal(zipped([*FILES.items(), ("scripts/run.py/more", b"x")]))

    assert (refused.path, "both a file and the folder" in refused.reason) == ("scripts/run.py", True)


def test_an_encrypted_entry_is_refused_by_name() -> None:
    packed = bytearray(zipped(FILES.items()).getvalue())
    packed[packed.find(b"PK\x01\x02") + 8] |= 1

    refused = refusal(io.BytesIO(bytes(packed)))

    assert (refused.path, "encrypted" in refused.reason) == ("SKILL.md", True)


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_unusual_compression_is_refused(method: int) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", method) as archive:
        archive.writestr("SKILL.md", SKILL)
    packed.seek(0)

    assert "stored and deflated" in refusal(packed).reason


def test_a_bomb_is_refused_by_what_it_declares_without_being_unpacked() -> None:
    packed = zipped([*FILES.items(), *((f"zeros-{n}", bytes(19 * MIB)) for n in range(3))])

    assert "unpacks to more than 20 MiB" in refusal(packed).reason


def test_a_bomb_that_lies_about_its_size_is_refused() -> None:
    honest = zipped([*FILES.items(), ("zeros", bytes(30 * MIB))]).getvalue()

    lying = honest.replace(struct.pack("<I", 30 * MIB), struct.pack("<I", 10))

    assert "cannot be read" in refusal(io.BytesIO(lying)).reason


def test_too_many_files_are_refused() -> None:
    assert "more than 2000 files" in refusal(zipped((f"f{n}", b"") for n in range(2001))).reason


def test_a_directory_of_countless_entries_is_refused_before_it_is_read() -> None:
    entry = b"PK\x01\x02" + bytes(42)
    count = 400_000
    end = struct.pack("<4sHHHHIIH", b"PK\x05\x06", 0, 0, 0xFFFF, 0xFFFF, len(entry) * count, 0, 0)

    began = time.process_time()
    refused = refusal(io.BytesIO(entry * count + end))

    assert "more than 8000 entries" in refused.reason
    assert time.process_time() - began < 4


def test_more_than_20_mib_is_not_even_read() -> None:
    assert "larger than 20 MiB" in refusal(io.BytesIO(bytes(21 * MIB))).reason


@pytest.mark.parametrize(
    ("entries", "path"),
    [
        ({}, "SKILL.md"),
        ({"one/SKILL.md": b"", "two/notes.txt": b""}, "SKILL.md"),
        ({"one/two/SKILL.md": b""}, "SKILL.md"),
        ({f"other/{path}": content for path, content in FILES.items()}, "name"),
    ],
)
def test_a_zip_without_a_bundle_at_its_top_or_in_its_folder_is_refused(
    entries: dict[str, bytes], path: str
) -> None:
    assert refusal(zipped(entries.items())).path == path


def test_damaged_zips_are_refused_and_never_break_the_reader() -> None:
    whole = zipped(FILES.items()).getvalue()
    chance = random.Random(1)

    refused_count = 0
    for _ in range(300):
        damaged = bytearray(whole)
        for _ in range(chance.randint(1, 6)):
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        with contextlib.suppress(BundleRefused):
            assert read_zip(io.BytesIO(bytes(damaged))).files.keys() == FILES.keys()
            refused_count -= 1
        refused_count += 1

    assert refused_count > 200


def test_nothing_is_written_to_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    read_zip(zipped(FILES.items()))

    assert list(tmp_path.iterdir()) == []
