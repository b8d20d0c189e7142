"""Delete a folder, however deep, closed or oddly named what is in it."""

import os
import secrets
import stat as modes
from pathlib import Path

from executions.sandbox.folders import names_in

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_NODE = os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def remove_tree(path: Path) -> None:
    """Delete the folder at `path`; one that is gone already is fine. Nothing may be running in it.

    Decision: inner folders are first moved up to the top, then emptied there. So neither the length of a path
    nor the number of descriptors bounds the depth that can be deleted.
    """
    try:
        _open_up(path, None)
    except FileNotFoundError:
        return
    top = os.open(path, _FOLDER)
    try:
        waiting = _clear(top, top)
        while waiting:
            name = waiting.pop()
            folder = os.open(name, _FOLDER, dir_fd=top)
            try:
                waiting += _clear(folder, top)
            finally:
                os.close(folder)
            os.rmdir(name, dir_fd=top)
    finally:
        os.close(top)
    path.rmdir()


def _clear(folder: int, top: int) -> list[bytes]:
    """Delete the files of `folder`; its folders move to `top`. Answers their names there."""
    moved = []
    for name in names_in(folder):
        if not modes.S_ISDIR(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode):
            os.unlink(name, dir_fd=folder)
            continue
        _open_up(name, folder)
        if folder == top:
            moved.append(name)
        else:
            moved.append(secrets.token_hex(16).encode())
            os.rename(name, moved[-1], src_dir_fd=folder, dst_dir_fd=top)
    return moved


def _open_up(path: Path | bytes, parent: int | None) -> None:
    """Give the owner all rights on a folder; through a descriptor, as a name could be a link."""
    node = os.open(path, _NODE, dir_fd=parent)
    try:
        Path(f"/proc/self/fd/{node}").chmod(0o700)
    finally:
        os.close(node)
