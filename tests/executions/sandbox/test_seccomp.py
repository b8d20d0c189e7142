"""The table of system calls against the kernel's own headers."""

import os
import re
from pathlib import Path

import pytest

from executions.sandbox.syscalls import INSPECTED, REFUSED, UNKNOWN

X86_64 = ["/usr/include/x86_64-linux-gnu/asm/unistd_64.h", "/usr/include/asm/unistd_64.h"]
ITS_OWN = pytest.mark.skipif(os.uname().machine != "x86_64", reason="only such a machine has these headers")
HEADERS = [
    pytest.param(0, "__NR_", X86_64, marks=ITS_OWN),
    pytest.param(1, "__NR(?:3264)?_", ["/usr/include/asm-generic/unistd.h"]),
]
NEWER_THAN_SOME_HEADERS = {"fchmodat2", "process_madvise", "memfd_secret", "mount_setattr", "quotactl_fd"}


@pytest.mark.parametrize(("column", "prefix", "places"), HEADERS, ids=["x86_64", "aarch64"])
def test_the_numbers_are_those_of_the_headers(column: int, prefix: str, places: list[str]):
    header = next((Path(place) for place in places if Path(place).exists()), None)
    if header is None:
        pytest.skip("the kernel's headers are not installed")
    defined = dict(re.findall(rf"#define {prefix}(\w+)\s+(\d+)", header.read_text()))

    ours = {
        name: str(numbers[column])
        for table in (REFUSED, UNKNOWN, INSPECTED)
        for name, numbers in table.items()
        if numbers[column] is not None and not (name in NEWER_THAN_SOME_HEADERS and name not in defined)
    }

    assert ours == {name: defined.get(name) for name in ours}


def test_every_call_stands_in_one_table():
    names = [*REFUSED, *UNKNOWN, *INSPECTED]

    assert len(names) == len(set(names))
