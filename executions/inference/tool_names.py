"""Tool names as providers allow them: letters, digits, `_` and `-`, at most 64."""

import hashlib
import re
from collections.abc import Iterable

FINAL_ANSWER = "final_answer"
"""The wire name of the tool whose call ends the work with structured outputs."""

_MAX_LENGTH = 64
_FORBIDDEN = re.compile(r"[^A-Za-z0-9_-]")


def wire_names(names: Iterable[str]) -> dict[str, str]:
    """Map each tool name to the name it has at the provider, one to one.

    `workspace.fs.read` becomes `workspace_fs_read`. A name that is already allowed keeps itself;
    another that would collide with it, or is too long, ends in eight digits of its own hash.
    """
    names = list(dict.fromkeys(names))
    plain = {name for name in names if _is_allowed(name)} - {FINAL_ANSWER}
    wired = {name: name for name in plain}
    taken = plain | {FINAL_ANSWER}
    for name in names:
        if name not in plain:
            wired[name] = _replacement(name, taken)
            taken.add(wired[name])
    return wired


def acceptable_name(name: str) -> str:
    """The name itself where providers take it, else one that they do; for what a model made up."""
    return name if _is_allowed(name) else _replacement(name, set())


def _is_allowed(name: str) -> bool:
    return bool(name) and len(name) <= _MAX_LENGTH and not _FORBIDDEN.search(name)


def _replacement(name: str, taken: set[str]) -> str:
    cleaned = _FORBIDDEN.sub("_", name)
    if cleaned and len(cleaned) <= _MAX_LENGTH and cleaned not in taken:
        return cleaned
    digest = hashlib.sha256(name.encode("utf-8", "replace")).hexdigest()[:8]
    return f"{cleaned[: _MAX_LENGTH - 9]}_{digest}"
