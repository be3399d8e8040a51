"""A PostgreSQL of our own for as long as it is needed: a temporary folder, a port of loopback, a password.

Needs a server and pgvector on this machine, and starts nothing that was installed with them. `PG_BIN` names
the folder of another server's programs than the newest that Debian has put below /usr/lib/postgresql.
"""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

USER = "cook"
# A test's data needs to survive nothing.
FAST = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=300")
NEEDED = (
    "PostgreSQL with pgvector is needed: apt-get install postgresql postgresql-17-pgvector (Debian 13; "
    "Ubuntu 24.04 has 16; Debian 12 has none, apt.postgresql.org does), or PG_BIN=<another one's programs>"
)


class NoPostgres(RuntimeError):
    """There is no server to start, or it doesn't start; says what to do."""


def programs() -> Path:
    """The folder with `initdb` and `postgres` of a server that has pgvector."""
    if named := os.environ.get("PG_BIN"):
        if not Path(named, "initdb").exists():
            raise NoPostgres(f"PG_BIN={named} has no initdb: name the folder of a PostgreSQL's programs")
        return Path(named)
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda bin: float(bin.parent.name))
    for bin in reversed(versions):
        extension = Path("/usr/share/postgresql", bin.parent.name, "extension/vector.control")
        if (bin / "initdb").exists() and extension.exists():
            return bin
    raise NoPostgres(NEEDED)


class Server:
    """One server, which can be stopped and started again on its data and its port.

    Attributes:
        dsn: its connection string, which has room for a database's name.
    """

    def __init__(self, dsn: str, bin: Path, port: int, command: list[str], folder: Path) -> None:
        self.dsn = dsn
        self._bin, self._port, self._command, self._folder = bin, port, command, folder
        self.start()

    def start(self) -> None:
        log = self._folder / "log"
        with log.open("a") as file:
            # In a session of its own, so that Ctrl-C is first of all ours.
            self._running = subprocess.Popen(
                self._command, stdout=file, stderr=file, cwd=self._folder, start_new_session=True
            )
        try:
            _wait(self._bin, self._port, self._running, log)
        except BaseException:
            self.stop(crash=True)
            raise

    def stop(self, crash: bool = False) -> None:
        """End its connections and write down what it has; a crash throws away what is not written down."""
        self._running.send_signal(signal.SIGQUIT if crash else signal.SIGINT)
        self._running.wait(30)


@contextmanager
def cluster() -> Iterator[str]:
    """Start a server; yields its connection string, which has room for a database's name.

    Raises:
        NoPostgres: it can't be started.
    """
    with stoppable() as server:
        yield server.dsn


@contextmanager
def stoppable() -> Iterator[Server]:
    """The same, for whoever stops it in between."""
    bin = programs()
    folder = Path(tempfile.mkdtemp(prefix="test-postgres-"))
    try:
        account = _account(folder)
        password = folder / "password"
        password.write_text(secrets.token_hex(16))
        data = str(folder / "data")
        secured = ("--auth=scram-sha-256", f"--pwfile={password}", f"--username={USER}")
        options = ("--encoding=UTF8", "--locale=C.UTF-8", "--no-sync", "--no-instructions")
        _run([*account, str(bin / "initdb"), f"--pgdata={data}", *secured, *options])
        port = _free_port()
        # No Unix socket at all, so that nothing of it is outside of the folder.
        settings = (*FAST, "listen_addresses=127.0.0.1", f"port={port}", "unix_socket_directories=")
        command = [str(bin / "postgres"), "-D", data, *(f"-c{setting}" for setting in settings)]
        dsn = f"postgresql://{USER}:{password.read_text()}@127.0.0.1:{port}/{{}}"
        server = Server(dsn, bin, port, [*account, *command], folder)
        try:
            yield server
        finally:
            server.stop(crash=True)
    finally:
        shutil.rmtree(folder)


def _account(folder: Path) -> list[str]:
    """The command in front of the server's: it ends with us, however we end, and isn't root's."""
    if os.geteuid() != 0:
        return ["setpriv", "--pdeathsig=QUIT"] if shutil.which("setpriv") else []
    known = {account.pw_name: account for account in pwd.getpwall()}
    account = known.get("postgres") or known["nobody"]
    os.chown(folder, account.pw_uid, account.pw_gid)  # the folder is for nobody else's eyes
    ids = (f"--reuid={account.pw_uid}", f"--regid={account.pw_gid}", "--clear-groups")
    return ["setpriv", *ids, "--pdeathsig=QUIT"]


def _run(command: list[str]) -> None:
    done = subprocess.run(command, cwd="/", capture_output=True, text=True)
    if done.returncode:
        raise NoPostgres(f"{' '.join(command)}: {done.stderr.strip()}")


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


def _wait(bin: Path, port: int, server: subprocess.Popen[bytes], log: Path) -> None:
    ready = [str(bin / "pg_isready"), "--quiet", "--host=127.0.0.1", f"--port={port}"]
    for _ in range(300):
        if server.poll() is not None:
            raise NoPostgres(f"the server stopped at once:\n{log.read_text()}")
        if subprocess.run(ready).returncode == 0:
            return
        time.sleep(0.1)
    raise NoPostgres(f"the server was not ready after 30 s:\n{log.read_text()}")
