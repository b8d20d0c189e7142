"""What a script cannot reach, tried by real scripts."""

import os
import socket
from pathlib import Path

import pytest

from executions.sandbox import SandboxWorkspace
from tests.executions.sandbox.scripts import run_python

TRY = """
    import os, socket, sys
    def attempt(action):
        try: print("done", action())
        except OSError as error: print(type(error).__name__, error.errno)
"""


def attempts(workspace: SandboxWorkspace, *actions: str) -> list[str]:
    """What each action printed: `done …`, or the error it met."""
    code = TRY + "".join(f"    attempt(lambda: {action})\n" for action in actions)
    return run_python(workspace, code).lines


@pytest.mark.parametrize("family", ["AF_INET", "AF_INET6", "AF_NETLINK", "AF_PACKET", "AF_VSOCK", "AF_ALG"])
def test_no_socket_reaches_outside(workspace: SandboxWorkspace, family: str):
    kind = "SOCK_SEQPACKET" if family == "AF_ALG" else "SOCK_DGRAM"

    assert attempts(workspace, f"socket.socket(socket.{family}, socket.{kind})") == ["PermissionError 1"]


def test_sockets_of_the_host_without_a_path_are_out_of_reach(workspace: SandboxWorkspace):
    name = f"callboard-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(f"\0{name}")
        listener.listen()

        said = attempts(workspace, f"socket.socket(socket.AF_UNIX).connect('\\0{name}')")

    assert said == ["ConnectionRefusedError 111"]


def test_there_is_no_network_but_a_silent_loopback(workspace: SandboxWorkspace):
    ended = run_python(workspace, "print(open('/proc/net/dev').read(), open('/proc/net/route').read())")

    interfaces = [line.split(":")[0].strip() for line in ended.lines if ":" in line]
    assert interfaces == ["lo"]


def test_files_of_the_host_are_not_there(workspace: SandboxWorkspace, tmp_path: Path):
    secret = tmp_path / ".env"
    secret.write_text("SECRET_KEY=x")
    project = Path(__file__).resolve().parents[3]
    places = [
        secret,
        project,
        project / "config",
        Path.home(),
        "/sys",
        "/etc/shadow",
        "/etc/hosts",
        "/var",
        "/root",
    ]

    ended = run_python(
        workspace, f"import os\nprint([p for p in {[str(p) for p in places]} if os.path.exists(p)])"
    )

    assert ended.stdout == "[]\n"


def test_the_only_user_in_sight_is_its_own(workspace: SandboxWorkspace):
    ended = run_python(
        workspace, "import os, pwd\nprint(open('/etc/passwd').read(), pwd.getpwuid(os.getuid())[0])"
    )

    assert ended.stdout.count(":x:") == 1
    assert "root" not in ended.stdout


def test_only_the_workspace_and_scratch_folders_can_be_written(workspace: SandboxWorkspace):
    places = [
        "/",
        "/usr",
        "/usr/bin",
        "/opt",
        "/opt/python",
        "/opt/skills/bin",
        "/etc",
        "/dev",
        "/proc/sys/kernel",
    ]
    actions = [f"open('{place}/new', 'w')" for place in [*places, "/workspace", "/tmp", "/dev/shm"]]

    said = attempts(workspace, *actions)

    assert not [line for line in said[: len(places)] if line.startswith("done")]
    assert all(line.startswith("done") for line in said[len(places) :])


def test_the_bundle_and_extra_folders_are_read_only(workspace: SandboxWorkspace, tmp_path: Path):
    (tmp_path / "skill").mkdir()
    (tmp_path / "skill" / "run.py").write_text("pass")
    (tmp_path / "sdk").mkdir()

    ended = run_python(
        workspace,
        """
        import os
        print(os.listdir("/skill"))
        for place in ("/skill/run.py", "/skill/new", "/callboard/new"):
            try: open(place, "w")
            except OSError as error: print(error.errno)
        """,
        bundle=tmp_path / "skill",
        extra={"/callboard": tmp_path / "sdk"},
    )

    assert ended.lines == ["['run.py']", "30", "30", "30"]
    assert (tmp_path / "skill" / "run.py").read_text() == "pass"


def test_its_environment_holds_nothing_of_the_worker(
    workspace: SandboxWorkspace, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("SECRET_KEY", "of the worker")

    ended = run_python(workspace, "import os; print(dict(os.environ), open('/proc/1/cmdline').read())")
    first = attempts(workspace, "open('/proc/1/environ').read()")

    assert "SECRET_KEY" not in ended.stdout + first[0]
    assert str(workspace.path) not in ended.stdout


def test_it_inherits_no_descriptor_but_the_three(workspace: SandboxWorkspace):
    ended = run_python(workspace, "import os; print(sorted(os.listdir('/proc/self/fd')))")

    assert ended.stdout == "['0', '1', '2', '3']\n"  # the fourth is the listing itself


def test_it_has_no_privileges_and_cannot_get_any(workspace: SandboxWorkspace):
    ended = run_python(
        workspace, "import os; print(os.getuid(), os.getgroups(), open('/proc/self/status').read())"
    )

    status = dict(line.split(":\t") for line in ended.lines[1:] if ":\t" in line)
    assert {status[name] for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")} == {"0" * 16}
    assert status["NoNewPrivs"] == "1"
    assert status["Seccomp"] == "2"
    assert not ended.stdout.startswith("0 ")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can hand out users")
def test_two_workspaces_have_two_users_that_are_nobody(workspace: SandboxWorkspace, tmp_path: Path):
    other = SandboxWorkspace.create(tmp_path)
    try:
        users = {run_python(one, "import os; print(os.getuid())").stdout for one in (workspace, other)}
    finally:
        other.remove()

    assert len(users) == 2
    assert all(int(user) > 1000 for user in users)


def test_signals_reach_nobody_else(workspace: SandboxWorkspace):
    bystander = os.getpid()

    said = attempts(
        workspace, "os.kill(os.getppid(), 9)", "os.kill(1, 9)", f"os.kill({bystander}, 0)", "os.getpid()"
    )

    # Its parent is the sandbox's first process, which the kernel does not let die by a signal from inside.
    assert said[2] == "ProcessLookupError 3"
    assert said[3].startswith("done")


def test_killing_everything_ends_only_itself(workspace: SandboxWorkspace):
    code = """
        import os, time
        child = os.fork()
        if child == 0: time.sleep(60)
        os.kill(-1, 9)
        print(os.waitpid(child, 0)[1], flush=True)
        os.kill(0, 9)
    """

    ended = run_python(workspace, code)

    assert ended.stdout == "9\n"
    assert (ended.outcome.exit_status, ended.outcome.killed_for) == (137, None)


@pytest.mark.parametrize(
    ("call", "number"),
    [
        ("unshare", "272, 0x10000000"),
        ("clone into a user namespace", "56, 0x10000011, 0, 0, 0, 0"),
        ("ptrace", "101, 0, 0, 0, 0"),
        ("mount", "165, 0, 0, 0, 0, 0"),
        ("io_uring_setup", "425, 1, 0"),
        ("bpf", "321, 0, 0, 0"),
        ("keyctl", "250, 0, 0"),
        ("userfaultfd", "323, 0"),
        ("memfd_create", "319, b'x', 0"),
        ("the x32 numbering", "0x40000000 + 39"),
    ],
    ids=lambda value: value.split(",")[0],
)
@pytest.mark.skipif(os.uname().machine != "x86_64", reason="numbers of x86-64")
def test_dangerous_system_calls_are_refused(workspace: SandboxWorkspace, call: str, number: str):
    ended = run_python(
        workspace,
        f"import ctypes as c; l = c.CDLL(None, use_errno=True); print(l.syscall({number}), c.get_errno())",
    )

    assert ended.stdout == "-1 1\n", call


def test_no_file_runs_as_its_owner(workspace: SandboxWorkspace):
    said = attempts(
        workspace,
        "open('mine', 'w')",
        "os.chmod('mine', 0o4755)",
        "os.chmod('mine', 0o2755)",
        "os.open('born', os.O_CREAT | os.O_WRONLY, 0o4755)",
        "os.chmod('mine', 0o755)",
    )

    assert said[1:] == ["PermissionError 1", "PermissionError 1", "PermissionError 1", "done None"]
    assert not [path for path in workspace.path.rglob("*") if path.stat().st_mode & 0o6000]


def test_no_device_can_be_made(workspace: SandboxWorkspace):
    assert attempts(workspace, "os.mknod('disk', 0o60666, os.makedev(8, 0))") == ["PermissionError 1"]


def test_descriptors_cannot_be_hidden_in_a_socket(workspace: SandboxWorkspace):
    code = """
        import socket
        one, other = socket.socketpair()
        one.send(b"plain"); print(other.recv(5))
        try: socket.send_fds(one, [b"x"], [0])
        except OSError as error: print(error.errno)
    """

    assert run_python(workspace, code).lines == ["b'plain'", "1"]
