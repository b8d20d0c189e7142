"""The paths that Callboard reads and writes in a workspace."""

import unicodedata

from executions.sandbox.errors import ArtifactRejected

MAX_NAME_BYTES = 255
MAX_PATH_BYTES = 1024
_UNFIT = {"Cc", "Cs", "Zl", "Zp"}  # controls, bytes that were no UTF-8, line and paragraph separators


def checked_name(name: str) -> str:
    """`name` if it can be one file's name. Raises ArtifactRejected; nothing is changed silently."""
    if not name or name in {".", ".."}:
        raise ArtifactRejected(name or "(empty)", "is not a file name")
    if "/" in name:
        raise ArtifactRejected(name, "a file name may not contain /")
    if any(unicodedata.category(one) in _UNFIT for one in name):
        raise ArtifactRejected(name, "contains a control character or is not UTF-8")
    if len(name.encode()) > MAX_NAME_BYTES:
        raise ArtifactRejected(name, f"a name is longer than {MAX_NAME_BYTES} bytes")
    return name


def checked_parts(path: str) -> tuple[str, ...]:
    """The names in a path relative to the workspace, e.g. `outputs/chart.png`. Raises ArtifactRejected."""
    if path.startswith("/"):
        raise ArtifactRejected(path, "must be relative to the workspace")
    if len(path) > MAX_PATH_BYTES or len(path.encode(errors="replace")) > MAX_PATH_BYTES:
        raise ArtifactRejected(path, f"is longer than {MAX_PATH_BYTES} bytes")
    try:
        return tuple(checked_name(name) for name in path.split("/"))
    except ArtifactRejected as rejected:
        raise ArtifactRejected(path or "(empty)", rejected.reason) from rejected


def decoded_path(path: bytes) -> str:
    """A path found in a workspace, as text. Raises ArtifactRejected where it could not be named again."""
    try:
        text = path.decode()
    except UnicodeDecodeError as error:
        raise ArtifactRejected(path, "is not UTF-8") from error
    return "/".join(checked_parts(text))
