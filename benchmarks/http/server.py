"""One server process on core 0: the service as `item2vec api` runs it, or a bare application on the same uvicorn."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import Self

BARE = "import uvicorn, sys; uvicorn.run(sys.argv[1], host='127.0.0.1', port=int(sys.argv[2]), http='httptools', "
BARE += "loop='uvloop', ws='none', access_log=False, log_level='warning', server_header=False, proxy_headers=False)"


class Server:
    """app: where a bare application is; "" for the service. log: for its standard error. ready_seconds: from the start
    of the process until it answered."""

    def __init__(self, app: str, environment: dict[str, str], log: Path, core: str = "0") -> None:
        with socket.socket() as found:
            found.bind(("127.0.0.1", 0))
            self.port = int(found.getsockname()[1])
        self._ready = "/similar/a" if app else "/readyz"
        command = (
            [sys.executable, "-c", BARE, app, str(self.port)] if app else [sys.executable, "-m", "item2vec", "api"]
        )
        started = time.perf_counter()
        with log.open("ab") as stream:
            self._process = subprocess.Popen(
                ["taskset", "-c", core, *command],
                env={**os.environ, **environment, "ITEM2VEC_PORT": str(self.port), "OPENBLAS_NUM_THREADS": "1"},
                stderr=stream,
            )
        while True:
            try:
                self.get(self._ready, None)
                break
            except OSError:
                if self._process.poll() is not None or time.perf_counter() - started > 120:
                    raise SystemExit(f"{app or 'the service'} did not start, see {log}") from None
                time.sleep(0.02)
        self.ready_seconds = time.perf_counter() - started

    def get(self, path: str, key: str | None) -> bytes:
        headers = {} if key is None else {"X-API-Key": key}
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", headers=headers)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return bytes(answer.read())

    def cpu(self) -> float:
        """Seconds that its threads have run, in the kernel too."""
        tasks = Path(f"/proc/{self._process.pid}/task").iterdir()
        return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9

    def private(self) -> float:
        """Megabytes that another process would not share with this one: files that are mapped are left out."""
        lines = Path(f"/proc/{self._process.pid}/smaps_rollup").read_text().splitlines()
        return sum(int(line.split()[1]) for line in lines if line.startswith("Private_Dirty")) / 1024

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.terminate()
        self._process.wait()
