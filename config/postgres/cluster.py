"""One PostgreSQL data folder: made once, started by whoever comes first, attached to by the rest."""

import contextlib
import fcntl
import hashlib
import os
import secrets
import shutil
import socket
import stat
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from config.postgres.account import SystemAccount
from config.postgres.binaries import Binaries, find_binaries, reachable
from config.postgres.options import server_options
from config.postgres.server_file import ServerFile, is_abandoned
from config.postgres.unavailable import PostgresUnavailable

ROLE = DATABASE = "callboard"
START_ATTEMPTS = 5
START_SECONDS = STOP_SECONDS = 60
SOCKET_NAME_LIMIT = 103  # bytes of a socket's path on macOS; Linux allows 107
_FLAGS = {"a": os.O_CREAT | os.O_WRONLY | os.O_APPEND, "w": os.O_CREAT | os.O_WRONLY | os.O_TRUNC}


@dataclass(frozen=True)
class Cluster:
    """A folder `home` holding `data/`, the password, the port and two lock files.

    `shelf` takes a copy of the binaries where `account` cannot reach the installed ones.
    A `disposable` cluster trades durability for speed and is made anew when it does not start.
    """

    home: Path
    account: SystemAccount
    shelf: Path
    disposable: bool

    @property
    def data(self) -> Path:
        """PostgreSQL's own data folder."""
        return self.home / "data"

    def prepare(self) -> None:
        """Make `home`, private to the server's account; harmless when it exists."""
        try:
            self.home.mkdir(mode=0o700, parents=True, exist_ok=True)
        except PermissionError as refused:
            raise PostgresUnavailable(f"{self.home} cannot be made: {refused.strerror}.") from refused
        if self.home.stat().st_uid != self.account.uid:
            self.account.take_over(self.home)

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the lock under which a server starts and stops; freed by the kernel if we die."""
        with self.open_file("lock") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def open_file(self, name: str, mode: str = "a") -> IO[str]:
        """Open a file of `home` that only the server's account and root may read."""
        descriptor = os.open(self.home / name, _FLAGS[mode], mode=0o600)
        if self.account.drops_root:
            os.fchown(descriptor, self.account.uid, self.account.gid)
        return os.fdopen(descriptor, mode)

    def running(self) -> ServerFile | None:
        """The server that answers right now, None where none does."""
        server = ServerFile.read(self.data)
        return server if server is not None and server.is_ready() else None

    def url(self, server: ServerFile) -> str:
        """A libpq URL with the password, over the unix socket."""
        password = (self.home / "password").read_text().strip()
        host = server.socket_folder.replace("%", "%25").replace("/", "%2F").replace(" ", "%20")
        return f"postgresql://{ROLE}:{password}@{host}:{server.port}/{DATABASE}"

    def start(self) -> ServerFile:
        """Start the server, making its data first where there are none; the caller holds the lock.

        Raises PostgresUnavailable with the server's own last words.
        """
        if (server := self._settled()) is not None:
            return server
        binaries = self._binaries()
        if not (self.data / "PG_VERSION").exists():
            self._make_data(binaries)
        try:
            return self._launch(binaries)
        except PostgresUnavailable:
            if not self.disposable:
                raise
            shutil.rmtree(self.data)
            self._make_data(binaries)
            return self._launch(binaries)

    def _settled(self) -> ServerFile | None:
        """The running server, waited for while it recovers from a crash or is on its way out."""
        deadline = time.monotonic() + START_SECONDS
        while (server := ServerFile.read(self.data)) is not None and server.is_alive():
            if server.status == "ready" or time.monotonic() > deadline:
                return server
            time.sleep(0.05)
        if is_abandoned(self.data):
            for left_over in (self.data / "postmaster.pid", *self._socket_folder().glob(".s.PGSQL.*")):
                left_over.unlink(missing_ok=True)
        return None

    def stop(self) -> None:
        """End the server within 60 s, rolling back what is open; the caller holds the lock."""
        server = ServerFile.read(self.data)
        if server is None or not server.works_in(self.data):
            return
        arguments = ("-D", self.data, "-m", "fast", "-w", "-t", str(STOP_SECONDS), "stop")
        self._binaries().run("pg_ctl", *arguments, account=self.account)
        # It waits for the server's file only, which the server removes some moments before its own end.
        deadline = time.monotonic() + STOP_SECONDS
        while server.works_in(self.data) and time.monotonic() < deadline:
            time.sleep(0.02)

    def _binaries(self) -> Binaries:
        with contextlib.suppress(FileNotFoundError):
            major = int((self.data / "PG_VERSION").read_text())
            return reachable(find_binaries(major), self.account, self.shelf)
        return reachable(find_binaries(None), self.account, self.shelf)

    def _make_data(self, binaries: Binaries) -> None:
        """Make the data beside their place and rename: a crash leaves nothing half made behind."""
        fresh = self.home / "data.new"
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(mode=0o700)
        self.account.take_over(fresh)
        with self.open_file("password", "w") as password:
            password.write(secrets.token_urlsafe(24))
        locale = ("--locale-provider=builtin", "--builtin-locale=C.UTF-8") if binaries.major >= 17 else ()
        login = ("--username", ROLE, "--auth=scram-sha-256", f"--pwfile={self.home / 'password'}")
        hurry = ("--no-sync",) if self.disposable else ()
        made = binaries.run(
            "initdb",
            *("--pgdata", str(fresh), "--encoding=UTF8", "--no-locale", *locale, *login, *hurry),
            account=self.account,
        )
        # In single-user mode, so that whoever sees the data folder sees the database in it.
        if made.returncode == 0:
            arguments = ("--single", "-D", fresh, "postgres")
            create = f"CREATE DATABASE {DATABASE}"
            made = binaries.run("postgres", *arguments, account=self.account, stdin=create)
        if made.returncode != 0:
            raise PostgresUnavailable(f"PostgreSQL could not make {fresh}:\n{made.stdout.strip()}")
        fresh.rename(self.data)

    def _launch(self, binaries: Binaries) -> ServerFile:
        """Try until the server answers: a port may be taken meanwhile, and after a kill -9 the
        dead server's last processes hold its memory for a moment."""
        log = self.data / "server.log"
        for attempt in range(START_ATTEMPTS):
            options = server_options(
                port=self._choose_port(keep=attempt < START_ATTEMPTS // 2),
                socket_folder=self._socket_folder(),
                disposable=self.disposable,
            )
            arguments = ("-D", self.data, "-w", "-t", str(START_SECONDS), "-l", log, "-o", options, "start")
            said = binaries.run("pg_ctl", *arguments, account=self.account)
            if said.returncode == 0 and (server := self.running()) is not None:
                return server
            time.sleep(0.05 * 2**attempt)
            if (server := self._settled()) is not None:
                return server
        tail = log.read_text(errors="replace")[-1500:] if log.exists() else said.stdout
        raise PostgresUnavailable(f"PostgreSQL did not start; {log} ends with:\n{tail.strip()}")

    def _choose_port(self, *, keep: bool) -> int:
        """The port of last time while it is free (clients find a restarted server again), else a new one."""
        remembered = self.home / "port"
        if keep and remembered.exists() and _becomes_free(port := int(remembered.read_text())):
            return port
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = int(probe.getsockname()[1])
        with self.open_file("port", "w") as chosen:
            chosen.write(str(port))
        return port

    def _socket_folder(self) -> Path:
        """The data folder, or a private one in /tmp where the path would be too long for a socket."""
        if len(f"{self.data}/.s.PGSQL.65535".encode()) <= SOCKET_NAME_LIMIT:
            return self.data
        folder = Path("/tmp") / f"callboard-{self.account.uid}-{digest(self.data)}"  # noqa: S108
        try:
            folder.mkdir(mode=0o700)
            self.account.take_over(folder)
        except FileExistsError:
            status = folder.lstat()
            if status.st_uid != self.account.uid or not stat.S_ISDIR(status.st_mode):
                raise PostgresUnavailable(f"{folder} belongs to somebody else: remove it.") from None
        return folder


def digest(path: Path) -> str:
    """Twelve characters that stand for a path where the path itself would be too long."""
    return hashlib.sha256(str(path).encode()).hexdigest()[:12]


def _becomes_free(port: int) -> bool:
    """Whether nobody listens on the port, or stops to within a second (a killed server takes a moment)."""
    for _ in range(20):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                time.sleep(0.05)
            else:
                return True
    return False
