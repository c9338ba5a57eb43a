"""The API on its socket: in one process or several, for as long as it is wanted."""

import atexit
import errno
import gc
import logging
import multiprocessing
import os
import shutil
import signal
import socket
import tempfile
import time
from typing import TYPE_CHECKING, Any

from app.quick.connections import raise_file_limit
from app.settings import Settings
from index.errors import ConfigError, StoreUnavailable
from index.process import die_with
from store.database import connect
from store.keys import list_keys
from store.upkeep.migrate import migrate

if TYPE_CHECKING:
    from app.service import Service

log = logging.getLogger(__name__)

BACKLOG = 2048
DATABASE_SECONDS = 30.0  # a database that starts beside us gets so long


def run_api(settings: Settings) -> int:
    """Serves until SIGTERM or SIGINT, then lets open requests end. 0, or what uvicorn failed with.

    Raises ConfigError for an address that cannot be had, or that keys should guard; StoreUnavailable.
    """
    raise_file_limit()
    listening = listen(settings.host, settings.port)
    try:
        prepare(settings)
        return _serve(settings, listening)
    finally:
        listening.close()


def listen(host: str, port: int) -> socket.socket:
    """A socket that takes connections already; they are answered once the service is up. Raises ConfigError."""
    found = None
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        found = socket.socket(family, kind, protocol)
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        found.bind(address)
        found.listen(BACKLOG)
    except OSError as error:
        if found is not None:
            found.close()
        if error.errno == errno.EADDRINUSE:
            raise ConfigError(
                f"port {port} on {host} is in use: stop what uses it, or take another one with --port"
            ) from error
        raise ConfigError(f"cannot bind to {host} port {port}: {error.strerror or error}") from error
    found.set_inheritable(True)
    return found


def prepare(settings: Settings) -> None:
    """The database as this version needs it. Raises ConfigError where anybody on the network could do anything."""
    engine = connect(settings.database_url)
    try:
        _migrate_patiently(engine)
        guarded = settings.loopback or settings.insecure or any(key.revoked is None for key in list_keys(engine))
    finally:
        engine.dispose()
    if not guarded:
        raise ConfigError(
            f"{settings.host} can be reached from other machines, and there are no keys: make one with `item2vec keys "
            "create --name NAME --scope admin`, or bind to 127.0.0.1, or say --insecure"
        )


def _migrate_patiently(engine: Any) -> None:
    give_up = time.monotonic() + DATABASE_SECONDS
    while True:
        try:
            return migrate(engine)
        except StoreUnavailable as error:
            if time.monotonic() > give_up:
                raise
            log.warning("waiting for the database error=%s", error)
            time.sleep(1.0)


def _serve(settings: Settings, listening: socket.socket) -> int:
    # uvicorn ends by raising the signal it got once more, for a handler from before: a wanted end is not an error.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    os.environ.update(settings.environment())
    host, port = listening.getsockname()[:2]
    log.info("listening url=http://%s:%d processes=%d", f"[{host}]" if ":" in host else host, port, settings.workers)
    if settings.workers == 1:
        return _run(settings, listening)
    # Before anything imports prometheus_client, here or in the processes.
    shared = tempfile.mkdtemp(prefix="item2vec-metrics-")
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = shared
    try:
        return _run(settings, listening)
    finally:
        shutil.rmtree(shared, ignore_errors=True)


def _run(settings: Settings, listening: socket.socket) -> int:
    import uvicorn
    from uvicorn.supervisors import Multiprocess

    config = uvicorn.Config(
        "app.run.serve:application",
        factory=True,
        workers=settings.workers,
        http="app.quick.protocol:Protocol",
        loop="uvloop",
        ws="none",
        lifespan="on",
        access_log=False,
        server_header=False,
        # Our own edge reads addresses; a header must not change them.
        proxy_headers=False,
        log_config=None,
        backlog=BACKLOG,
        timeout_graceful_shutdown=settings.drain_seconds,
    )
    # uvicorn tells of every connection it waits for; our own lines say what matters.
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    try:
        if settings.workers == 1:
            uvicorn.Server(config).run(sockets=[listening])
        else:
            Multiprocess(config, sockets=[listening]).run()
    except SystemExit as end:
        return int(end.code or 0) if isinstance(end.code, int | None) else 1
    return 0


def application() -> Any:
    """For uvicorn: the app from the environment. One of several processes ends with the one that started it."""
    gc.disable()  # see cli.serve; a process of several begins here
    from app.main import from_environment

    if multiprocessing.parent_process() is not None:
        die_with(os.getppid(), signal.SIGTERM)
        logging.getLogger("uvicorn").setLevel(logging.WARNING)
    made = from_environment()
    atexit.register(_leave, made.state.service)
    return made


def _leave(service: "Service") -> None:
    """The last of the process. A thread that still computes, or hangs, would be stopped in the middle of a library's
    code while that is taken apart: the process ends without."""
    if service.pools.busy:
        log.warning("ended although work was under way")
        logging.shutdown()
        os._exit(0)
