"""Make small bundles, sound or broken, in memory and on disk."""

import io
import zipfile
from collections.abc import Iterable
from pathlib import Path

SKILL = """\
---
name: count-words
description: Count the words of a text.
metadata:
  version: 1.0.0
  kind: script
  entrypoint: scripts/run.py
  inputs:
    type: object
    properties:
      text: {type: string}
  outputs: {type: object}
---
Counts words.
"""
FILES = {"SKILL.md": SKILL.encode(), "scripts/run.py": b"print('hello')\n"}


def skill_with(old: str, new: str) -> str:
    """The sound SKILL.md with one thing changed; fails if that thing is not there."""
    assert old in SKILL
    return SKILL.replace(old, new)


def zipped(entries: Iterable[tuple[str | zipfile.ZipInfo, bytes]]) -> io.BytesIO:
    """A zip of the entries in their order, repeated names included."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries:
            archive.writestr(name, content)
    packed.seek(0)
    return packed


def written(folder: Path, files: dict[str, bytes] = FILES) -> Path:
    """The folder, with the files in it."""
    for path, content in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
    return folder
