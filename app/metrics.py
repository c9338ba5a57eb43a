"""Prometheus. The hot path's counters are plain Python, folded into the library's when somebody asks."""

import os
import time
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client import multiprocess as multiprocess_mode
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from index.artifact.manifest import Manifest
from index.errors import DiskFull, StoreUnavailable

# Of the requests that are measured by name; a client may send any other word.
METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))
BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Metrics:
    """Of one process; with `folder` (PROMETHEUS_MULTIPROC_DIR) the answer sums over all that share it."""

    def __init__(self, folder: str | None = None) -> None:
        self._folder = folder
        self.registry = CollectorRegistry()
        # No label grows with time: a series stays for as long as the process, and in `folder` for longer.
        labels = ["method", "route", "status"]
        self.requests = Histogram(
            "item2vec_request_seconds", "Time from request to answer", labels, buckets=BUCKETS, registry=self.registry
        )
        counter = partial(Counter, registry=self.registry)
        gauge = partial(Gauge, registry=self.registry, multiprocess_mode="mostrecent")
        self.requests_refused = counter(
            "item2vec_requests_refused_total", "Requests that were turned away, by the code of the problem", ["code"]
        )
        self.serving = Serving()
        self.registry.register(self.serving)
        self.events = counter("item2vec_events_total", "Rows of POST /events", ["outcome"])
        self.refused = counter("item2vec_models_refused_total", "Versions that could not be loaded")
        self.swaps = counter("item2vec_models_loaded_total", "Versions that were swapped in")
        self.created = gauge("item2vec_model_created_seconds", "Creation of the model that serves, epoch")
        self.age = gauge("item2vec_model_age_seconds", "Age of the model that serves")
        self.recall_found = counter(
            "item2vec_recall_found_total", "Of the true 10 best of sampled queries, those found"
        )
        self.recall_wanted = counter("item2vec_recall_wanted_total", "The true 10 best of sampled queries")
        self.recall = gauge("item2vec_index_recall_at_10", "Live recall@10 on sampled queries")
        self.jobs = gauge("item2vec_jobs", "Jobs by state", ["state"])
        self.silent = gauge("item2vec_database_silent_seconds", "Since the database last answered the process")
        self.failures = counter("item2vec_store_failures_total", "Requests that the database failed", ["code"])
        for code in (StoreUnavailable.code, DiskFull.code):
            self.failures.labels(code)  # 0 from the beginning: a rise from nothing is none
        self.disk_free = gauge("item2vec_disk_free_bytes", "Free on the disk of a place", ["place"])
        self.disk_size = gauge("item2vec_disk_size_bytes", "Size of the disk of a place", ["place"])
        # Of app.pools; how many there are and whether they move is noted every second.
        own = ["pool"]
        now = partial(Gauge, registry=self.registry, multiprocess_mode="livesum")
        self.pool_running = now("item2vec_pool_running", "Requests that a thread of the pool works on", own)
        self.pool_waiting = now("item2vec_pool_waiting", "Requests that wait for a thread of the pool", own)
        self.pool_stuck = now("item2vec_pool_stuck", "Processes in which nothing moves in the pool", own)
        self.pool_refused = counter("item2vec_pool_refused_total", "Requests not done, by reason", [*own, "reason"])
        self.pool_cost = counter("item2vec_pool_cost_total", "Cost of the requests taken", own)
        self.pool_wait = Histogram(
            "item2vec_pool_wait_seconds", "Time until a thread began", own, buckets=BUCKETS, registry=self.registry
        )
        self.streams = now("item2vec_streams", "Open streams of jobs")
        self._found = self._wanted = 0
        self._children: dict[tuple[str, str, int], Histogram] = {}

    def request(self, method: str, route: str, status: int, seconds: float) -> None:
        # labels() takes 2 us, as much as everything else here.
        key = (method, route, status)
        child = self._children.get(key)
        if child is None:
            named = method if method in METHODS else "other"
            child = self._children[key] = self.requests.labels(named, route, str(status))
        child.observe(seconds)

    def model_loaded(self, manifest: Manifest) -> None:
        self.swaps.inc()
        self.created.set(manifest.created.timestamp())
        self.serving.version = manifest.version

    def disk(self, place: str, folder: Path) -> None:
        """Of the disk that the folder is on; of one that cannot be asked the gauges stay as they are."""
        with suppress(OSError):
            found = os.statvfs(folder)
            self.disk_free.labels(place).set(found.f_bavail * found.f_frsize)
            self.disk_size.labels(place).set(found.f_blocks * found.f_frsize)

    def measured(self, found: int, wanted: int) -> None:
        """One sampled query; the gauge is over all of this process's samples."""
        self.recall_found.inc(found)
        self.recall_wanted.inc(wanted)
        self._found += found
        self._wanted += wanted
        self.recall.set(self._found / self._wanted)

    @property
    def recall_now(self) -> float | None:
        """Of this process's samples; None before the first."""
        return round(self._found / self._wanted, 4) if self._wanted else None

    def text(self, created: float | None) -> bytes:
        """The exposition format. created: of the model that serves, epoch seconds."""
        if created is not None:
            self.age.set(time.time() - created)
        if self._folder is None:
            return generate_latest(self.registry)
        for file in Path(self._folder).glob("gauge_live*_*.db"):
            # What a process that is gone had under way, or had hanging, counts no more.
            if not Path(f"/proc/{(process := file.stem.rpartition('_')[2])}").exists():
                multiprocess_mode.mark_process_dead(process, self._folder)  # type: ignore[no-untyped-call]
        registry = CollectorRegistry()
        multiprocess_mode.MultiProcessCollector(registry, path=self._folder)  # type: ignore[no-untyped-call]
        registry.register(self.serving)
        return generate_latest(registry)


class Serving(Collector):
    """Which model serves, made when it is asked for: a gauge of the library keeps a series of each version there was,
    and cannot take one away where processes share a folder."""

    def __init__(self) -> None:
        self.version: str | None = None

    def collect(self) -> Iterator[GaugeMetricFamily]:
        found = GaugeMetricFamily("item2vec_model_info", "1 for the model that serves", labels=["model_version"])
        if self.version is not None:
            found.add_metric([self.version], 1)
        yield found
