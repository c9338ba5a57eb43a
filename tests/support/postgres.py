"""A throwaway PostgreSQL: a cluster of its own in a temporary folder, reached by a socket there."""

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg

SUPERUSER = "postgres"
MISSING = "no PostgreSQL server is installed: looked in /usr/lib/postgresql/*/bin and on the PATH"


def binaries() -> Path | None:
    """The folder of initdb and pg_ctl, of the newest version; None where there is none."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"), key=lambda p: float(p.parts[-3]))
    if found:
        return found[-1].parent
    on_path = shutil.which("pg_ctl")
    return Path(on_path).resolve().parent if on_path else None


class Cluster:
    """A server that can be stopped and started. durable: with fsync, as it would be in production."""

    def __init__(self, folder: Path, durable: bool = False) -> None:
        found = binaries()
        if found is None:
            raise RuntimeError(MISSING)
        self._bin = found
        self.folder = folder
        self._data = folder / "data"
        settings = {"listen_addresses": "", "unix_socket_directories": str(folder), "max_connections": "200"}
        if not durable:
            settings |= {"fsync": "off", "full_page_writes": "off"}
        self._options = " ".join(f"-c {name}='{value}'" for name, value in settings.items())
        if os.geteuid() == 0:
            shutil.chown(folder, SUPERUSER)  # initdb refuses to run as root
        self._run("initdb", "-D", self._data, "-A", "trust", "-U", SUPERUSER, "-E", "UTF8", "--locale=C", "--no-sync")

    def start(self) -> None:
        log = self.folder / "log"
        self._run("pg_ctl", "-D", self._data, "-w", "-t", "30", "-l", log, "-o", self._options, "start")

    def stop(self, mode: str = "fast") -> None:
        """mode immediate: as if the machine had lost its processes; the next start recovers from the WAL."""
        self._run("pg_ctl", "-D", self._data, "-w", "-m", mode, "stop")

    def freeze(self) -> None:
        """All its processes stand still, with their sockets open, until `thaw`."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        first = int((self._data / "postmaster.pid").read_text().split()[0])
        os.kill(first, number)  # before the others, so that it starts no more of them
        for child in Path(f"/proc/{first}/task/{first}/children").read_text().split():
            with suppress(ProcessLookupError):
                os.kill(int(child), number)

    def url(self, name: str) -> str:
        return f"postgresql://{SUPERUSER}@/{name}?host={self.folder}"

    def create(self, name: str, template: str = "template0") -> str:
        """URL of a new database, a copy of the template."""
        self.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return self.url(name)

    def drop(self, name: str) -> None:
        self.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def execute(self, sql: str) -> None:
        with psycopg.connect(host=str(self.folder), user=SUPERUSER, dbname="postgres", autocommit=True) as connection:
            connection.execute(sql)  # type: ignore[call-overload]

    def _run(self, program: str, *arguments: object) -> None:
        command = [str(self._bin / program), *(str(a) for a in arguments)]
        if os.geteuid() == 0:
            command = ["runuser", "-u", SUPERUSER, "--", *command]
        # Its output goes to a file: the server keeps a pipe open, and would be waited for.
        with open(self.folder / "commands.log", "ab") as output:
            done = subprocess.run(command, stdout=output, stderr=output, stdin=subprocess.DEVNULL, cwd="/", check=False)
        if done.returncode:
            raise RuntimeError(f"{program} failed: {(self.folder / 'commands.log').read_text()[-2000:]}")


@contextmanager
def cluster(durable: bool = False) -> Iterator[Cluster]:
    """A running cluster, gone afterwards."""
    # Not below pytest's folder, which only its owner may enter; and a socket's path must be short.
    folder = Path(tempfile.mkdtemp(prefix="item2vec-pg-"))
    try:
        running = Cluster(folder, durable)
        running.start()
        try:
            yield running
        finally:
            running.stop("immediate")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
