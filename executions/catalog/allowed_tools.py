"""What `allowed-tools` of the public format means among the tools that there are here."""

import re
from dataclasses import dataclass

TOOLS = frozenset(
    {
        "workspace.fs.list",
        "workspace.fs.read",
        "workspace.fs.write",
        "workspace.code.python",
        "workspace.shell",
        "artifact.commit",
    }
)
# Reading its own files and handing over its results is what every skill may do, whatever it lists: other
# clients have no tools for that which could be named.
_ALWAYS = frozenset({"workspace.fs.list", "workspace.fs.read", "artifact.commit"})
_SHELL = frozenset({"workspace.shell", "workspace.code.python"})
_WRITE = frozenset({"workspace.fs.write"})
# The names that public skills use, in lower case.
_MEANT: dict[str, frozenset[str]] = {
    "read": _ALWAYS,
    "glob": _ALWAYS,
    "grep": _ALWAYS,
    "ls": _ALWAYS,
    "list": _ALWAYS,
    "view": _ALWAYS,
    "write": _WRITE,
    "create": _WRITE,
    "edit": _WRITE,
    "multiedit": _WRITE,
    "bash": _SHELL,
    "shell": _SHELL,
    "terminal": _SHELL,
    "python": frozenset({"workspace.code.python"}),
    **{name: frozenset({name}) for name in TOOLS},
}
_NAME = re.compile(r"([^\s,()]+)(?:\(([^)]*)\))?")
_PYTHON = re.compile(r"python[\d.]*\b|uv run\b|pip\b")


@dataclass(frozen=True, slots=True)
class AllowedTools:
    """`tools` are ours that it leaves; `missing` are names that mean nothing here, as written."""

    tools: frozenset[str]
    missing: tuple[str, ...]


def read_allowed_tools(value: object) -> AllowedTools | None:
    """What a front matter's `allowed-tools` allows, a text or a list of them; None where it lists nothing."""
    texts = value if isinstance(value, list) else [value]
    named = [found for text in texts if isinstance(text, str) for found in _NAME.finditer(text)]
    if not named:
        return None
    tools, missing = set(_ALWAYS), list[str]()
    for found in named:
        meant = _meaning(found[1], found[2] or "")
        if meant is not None:
            tools |= meant
        elif found[0] not in missing:
            missing.append(found[0])
    return AllowedTools(frozenset(tools), tuple(missing))


def _meaning(name: str, restriction: str) -> frozenset[str] | None:
    """A shell for certain commands is a shell here, and Python alone where they are Python."""
    if name.lower() == "bash" and restriction and not _PYTHON.match(restriction):
        return frozenset({"workspace.shell"})
    return _MEANT.get(name.lower())
