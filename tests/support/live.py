"""The application behind a real server in a thread, spoken to over real HTTP."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import uvicorn

from app.main import App, create_app
from app.quick.protocol import Protocol
from app.settings import Settings


@contextmanager
def serving(models: Path, keep_alive: int = 5, **settings: Any) -> Iterator[httpx.Client]:
    """A client of a service over these models; `client.app` is the application. No log lines, no rates unless asked."""
    quiet = {"access_log": False, "rate_per_address": 0, "refresh_seconds": 0.05, "watch_seconds": 0.05}
    app = create_app(Settings(models=models, **(quiet | settings)))
    with running(app, keep_alive) as client:
        yield client


@contextmanager
def running(app: App, keep_alive: int = 5) -> Iterator[httpx.Client]:
    """keep_alive: seconds after which an idle connection is closed."""
    config = uvicorn.Config(
        app,
        port=0,
        http=Protocol,
        log_level="critical",
        access_log=False,
        lifespan="on",
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=keep_alive,
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + 30
    while not server.started:
        assert thread.is_alive(), "the application did not start"
        assert time.monotonic() < deadline
        time.sleep(0.005)
    while app.state.service.snapshots.loading:
        assert time.monotonic() < deadline
        time.sleep(0.005)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
            client.app = app  # type: ignore[attr-defined]
            yield client
    finally:
        server.should_exit = True
        thread.join(30)


def until(check: Any, seconds: float = 10.0) -> None:
    """Waits until check() is true."""
    deadline = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < deadline, "it never became true"
        time.sleep(0.01)
