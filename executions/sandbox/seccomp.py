"""The filter of system calls that every process of a sandbox lives under.

Decision: built here as a classic BPF program. It is five kinds of instruction over a table; a binding would
need libseccomp on the host, and bubblewrap, which loads the filter, takes a compiled program.
"""

import errno
import platform
import struct
from collections.abc import Iterator
from functools import cache

from executions.sandbox.errors import SandboxUnavailable
from executions.sandbox.syscalls import INSPECTED, REFUSED, UNKNOWN

# Machine → (column in the tables, AUDIT_ARCH constant).
_ARCHITECTURES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}

_LOAD, _EQUAL, _ANY_BIT, _AT_LEAST, _RETURN = 0x20, 0x15, 0x45, 0x35, 0x06
_ALLOW, _KILL, _ERRNO = 0x7FFF0000, 0x80000000, 0x00050000
_NUMBER, _ARCHITECTURE, _ARGUMENTS = 0, 4, 16  # offsets in struct seccomp_data
_X32_BIT = 0x40000000  # x86-64's second numbering of the same calls

_NEW_NAMESPACES = 0x7E020000
_AF_UNIX = 1
_SET_ID_BITS = 0o6000
_CREATING = 0x40 | 0x400000  # O_CREAT, __O_TMPFILE: without them open's mode is whatever was in the register
_TERMINAL_INPUT = (0x5412, 0x541C)  # TIOCSTI, TIOCLINUX

# Call → index of the argument that holds a file mode.
_MODE_ARGUMENT = {
    "chmod": 1,
    "fchmod": 1,
    "fchmodat": 2,
    "fchmodat2": 2,
    "creat": 1,
    "mknod": 1,
    "mknodat": 2,
}
_FLAGS_ARGUMENT = {"open": 1, "openat": 2}  # followed by the mode


@cache
def program() -> bytes:
    """The compiled filter for this machine. Raises SandboxUnavailable on another processor."""
    if platform.machine() not in _ARCHITECTURES:
        raise SandboxUnavailable(f"There is no system call filter for {platform.machine()} processors.")
    column, architecture = _ARCHITECTURES[platform.machine()]
    body = b"".join(_instructions(column))
    head = [
        _load(_ARCHITECTURE),
        _step(_EQUAL, architecture, 1, 0),
        _step(_RETURN, _KILL),
        _load(_NUMBER),
        _step(_AT_LEAST, _X32_BIT, 0, 1),
        _refuse(errno.EPERM),
    ]
    return b"".join(head) + body + _step(_RETURN, _ALLOW)


def _instructions(column: int) -> Iterator[bytes]:
    for table, number in ((REFUSED, errno.EPERM), (UNKNOWN, errno.ENOSYS)):
        for numbers in table.values():
            if numbers[column] is not None:
                yield _when(numbers[column] or 0, [_refuse(number)])
    for name, numbers in INSPECTED.items():
        if numbers[column] is not None:
            yield _when(numbers[column] or 0, _inspection(name))


def _inspection(name: str) -> list[bytes]:
    """Instructions that end in an answer for a call of this name."""
    allow, refuse = _step(_RETURN, _ALLOW), _refuse(errno.EPERM)
    match name:
        case "clone":
            return [_argument(0), _step(_ANY_BIT, _NEW_NAMESPACES, 0, 1), refuse, allow]
        case "socket":
            return [_argument(0), _step(_EQUAL, _AF_UNIX, 1, 0), refuse, allow]
        case "ioctl":
            first, second = _TERMINAL_INPUT
            return [_argument(1), _step(_EQUAL, first, 1, 0), _step(_EQUAL, second, 0, 1), refuse, allow]
        case "open" | "openat":
            flags = _FLAGS_ARGUMENT[name]
            creating = [_argument(flags), _step(_ANY_BIT, _CREATING, 0, 3)]
            return [*creating, _argument(flags + 1), _step(_ANY_BIT, _SET_ID_BITS, 0, 1), refuse, allow]
        case _:
            return [_argument(_MODE_ARGUMENT[name]), _step(_ANY_BIT, _SET_ID_BITS, 0, 1), refuse, allow]


def _when(number: int, answer: list[bytes]) -> bytes:
    return _step(_EQUAL, number, 0, len(answer)) + b"".join(answer)


def _argument(index: int) -> bytes:
    """The lower half of a 64-bit argument: both processors keep it first."""
    return _load(_ARGUMENTS + 8 * index)


def _load(offset: int) -> bytes:
    return _step(_LOAD, offset)


def _refuse(number: int) -> bytes:
    return _step(_RETURN, _ERRNO | number)


def _step(code: int, value: int, when_true: int = 0, when_false: int = 0) -> bytes:
    """One `struct sock_filter`; the jumps count instructions to skip."""
    return struct.pack("=HBBI", code, when_true, when_false, value)
