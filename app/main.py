"""create_app(settings): the service. Nothing happens at import."""

import asyncio
import json
import logging
import os
import sys
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cached_property
from typing import Any

from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware
from threadpoolctl import threadpool_limits

from app.admission.admission import Admission
from app.answers.together import Together
from app.asgi import App as Asgi
from app.http.accesslog import AccessLog
from app.http.closing import Closing
from app.http.edge import Edge
from app.http.handlers import HANDLERS
from app.http.record import Record
from app.live.recall import RecallMeter
from app.live.shelf import Shelf
from app.live.snapshot import Snapshots
from app.metrics import Metrics
from app.pools.pools import Pools
from app.quick.connections import Connections
from app.quick.heads import Heads
from app.quick.protocol import CONNECTIONS, QUICK, RECORD
from app.quick.similar import Quick
from app.refresher import Refresher
from app.routes import audit, events, items, jobs, look, models, ops, page, rank, recommend, similar, users
from app.schemas.document import document_of
from app.service import Service
from app.settings import Settings
from app.streams.feeds import Feeds
from app.streams.places import Places
from index.artifact.registry import Registry
from index.visible import log_to
from store.database import connect
from store.keys import Keyring

DESCRIPTION = """Similar items from a log of what users did. Every reply names the model version that made it; errors
are RFC 9457 problems with a stable `code`."""


class App(FastAPI):
    """FastAPI behind `outer`: not as one of its middlewares, because what stands before those takes 20 us a request."""

    outer: Asgi

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await self.outer(scope, receive, send)

    async def inner(self, scope: Any, receive: Any, send: Any) -> None:
        await super().__call__(scope, receive, send)

    def openapi(self) -> dict[str, Any]:
        if self.openapi_schema is None:
            self.openapi_schema = document_of(self)
        return self.openapi_schema

    @cached_property
    def document(self) -> bytes:
        """The same as JSON, made once: it takes 100 ms."""
        return json.dumps(self.openapi(), ensure_ascii=False, separators=(",", ":")).encode()


FIRST_SECONDS = 1.0

# No two paths of different routers take the same request; within a router the narrower path stands first.
ROUTES = (ops, audit, jobs, models, events, items, users, similar, recommend, rank, look, page)


def from_environment() -> App:
    """For uvicorn's workers."""
    log_to(None, "%(asctime)s %(levelname)s %(name)s %(message)s", logging.INFO)
    logging.getLogger("alembic").setLevel(logging.WARNING)
    # How long a thread may hold up requests before it hands the interpreter over; 5 ms would be most of the tail.
    sys.setswitchinterval(0.0001)
    # Requests are the parallel work. A second thread of BLAS waits for its turn on a busy machine: the covariance of a
    # million vectors took 16 s so, and 0.4 s with one.
    threadpool_limits(1)
    return create_app(Settings.from_environment())


def create_app(settings: Settings) -> App:
    """The service over one folder of models and one database; both are opened when it starts."""
    engine = connect(settings.database_url)
    metrics = Metrics(os.environ.get("PROMETHEUS_MULTIPROC_DIR"))
    registry = Registry(settings.models)
    snapshots = Snapshots(registry, metrics, settings.new_items)
    pools = Pools(settings, metrics)
    service = Service(
        settings,
        engine,
        registry,
        snapshots,
        Shelf(engine, snapshots),
        Keyring(engine),
        metrics,
        pools,
        Together(pools.sessions),
        Feeds(engine, pools.streams, lambda job: jobs.event_of(snapshots.version, job)),
        Places(settings.max_streams, settings.max_streams_per_key),
    )
    access = AccessLog(settings.access_log)
    recall = RecallMeter(settings.recall_sample, metrics)
    record, admission = Record(metrics, access), Admission(service.keyring, settings)
    quick = Quick(service.shelf, Heads(service.keyring, settings.hosts), admission, record, recall)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[dict[str, Any]]:
        # Here, where the server's own handlers are in place.
        app.state.closing = Closing(settings.leave_seconds)
        refresher = Refresher(service, access, recall)
        refresher.start()
        # A model that is there within a moment is served from the first request on; a larger one is loaded while
        # /healthz answers already.
        await _until(refresher.loaded, FIRST_SECONDS)
        noting = asyncio.create_task(_note(service))
        try:
            # Where the server's protocol finds them.
            yield {QUICK: quick, RECORD: record, CONNECTIONS: Connections(settings)}
        finally:
            noting.cancel()
            pools.close()
            refresher.stop()
            engine.dispose()

    app = App(
        title="item2vec",
        version="1",
        description=DESCRIPTION,
        lifespan=lifespan,
        openapi_url=None,  # app.routes.ops has it, with a key and a rate as all others
        docs_url=None,
        redoc_url=None,
        # A path of ours may end in a slash that belongs to an item's id.
        redirect_slashes=False,
        exception_handlers=HANDLERS,
    )
    app.state.service = service
    app.state.closing = None  # without a server there is nothing to end
    for module in ROUTES:
        app.include_router(module.router)
    app.outer = Edge(app.inner, service, admission, record)
    if settings.cors_origins:
        # Around the first layer: a page may read its refusals too.
        app.outer = CORSMiddleware(
            app.outer,
            allow_origins=list(settings.cors_origins),
            allow_methods=["*"],
            allow_headers=["Authorization", "X-API-Key", "Content-Type", "Idempotency-Key", "If-None-Match"],
            expose_headers=["ETag", "X-Model-Version", "X-Request-Id", "Location", "Retry-After"],
        )
    return app


async def _until(event: threading.Event, seconds: float) -> None:
    """Not in the event loop's own threads: it waits for those when it ends."""
    due = time.monotonic() + seconds
    while not event.is_set() and time.monotonic() < due:
        await asyncio.sleep(0.005)


async def _note(service: Service) -> None:
    while True:
        service.pools.note()
        service.metrics.streams.set(service.streams.taken)
        service.rates.note()
        await asyncio.sleep(1.0)
