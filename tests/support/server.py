"""A real API process on loopback, for tests that kill it, load it, or send it what no client library would."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

FULL = os.environ.get("ITEM2VEC_SOAK") == "full"


def amount(short: int, full: int) -> int:
    """CI runs a short form; `make soak` the full one."""
    return full if FULL else short


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


class Server:
    """`item2vec api`, started again on the same port as often as asked. log: where its standard error goes. under: a
    command that runs it. files: the limits of open files, soft and hard; None: as they are."""

    def __init__(
        self,
        models: Path,
        log: Path,
        under: Sequence[str] = (),
        files: tuple[int, int] | None = None,
        **settings: Any,
    ) -> None:
        self.port = free_port()
        self.log = log
        self._under = [*under] if files is None else [*under, "prlimit", f"--nofile={files[0]}:{files[1]}"]
        own = {"models": models, "port": self.port, **settings}
        self._environment = {f"ITEM2VEC_{name.upper()}": str(value) for name, value in own.items()}
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self, ready: bool = True) -> None:
        with self.log.open("ab") as stream:
            self._process = subprocess.Popen(
                [*self._under, sys.executable, "-m", "item2vec", "api"],
                env={**os.environ, **self._environment},
                stderr=stream,
                stdout=stream,
            )
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                answer = httpx.get(f"{self.url}/{'readyz' if ready else 'healthz'}", timeout=5)
                if answer.status_code == 200:
                    return
            except httpx.HTTPError:
                assert self._process.poll() is None, self.log.read_text()[-3000:]
            time.sleep(0.05)
        raise AssertionError(f"not ready: {self.log.read_text()[-3000:]}")

    def kill(self) -> None:
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def stop(self) -> int:
        """SIGTERM; the exit status."""
        assert self._process is not None
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
        return self._process.wait(timeout=60)

    def resident(self) -> int:
        """Bytes of memory that belong to the process alone or are shared, as the system counts them now."""
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS"):
                return int(line.split()[1]) * 1024
        raise AssertionError("no VmRSS")

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
