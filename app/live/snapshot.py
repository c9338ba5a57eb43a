"""What is being served: one model, loaded and checked beside the old one, then swapped in by one reference."""

import gc
import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import numpy as np

from app.metrics import Metrics
from app.problems import without_places
from index.artifact.directory import Artifact
from index.artifact.registry import Registry
from index.errors import ArtifactError, Item2vecError, RegistryError
from index.model import MOST_NEW, Model
from index.ranking.recommender import Wish
from index.sense import examine

log = logging.getLogger(__name__)

# A version that cannot be opened is tried again after this many seconds: a disk may come back, a copy be mended.
RETRY_SECONDS = 30.0


@dataclass(frozen=True)
class Snapshot:
    """A warm model."""

    model: Model
    version: str


class Snapshots:
    """Follows the registry. `current` is read by any thread; who calls `refresh` while another loads, waits."""

    def __init__(self, registry: Registry, metrics: Metrics, most_new: int = MOST_NEW) -> None:
        """most_new: items without a past that get vectors; 0: none."""
        self.current: Snapshot | None = None
        self.loading = True  # until it is known what there is to serve when the process begins
        self.refused: dict[str, str] = {}  # version -> why it is not served
        self._registry = registry
        self._metrics = metrics
        self._most_new = most_new
        self._lock = threading.Lock()
        self._tried: dict[str, float] = {}
        self._ready: Model | None = None  # tried out, and not yet current

    @property
    def version(self) -> str | None:
        return self.current.version if self.current else None

    def refresh(self) -> bool:
        """Loads the registry's current version where it is another one; whether it was swapped in.

        Never raises for a bad version: that is refused, kept in `refused`, and the old one still serves.
        """
        with self._lock:
            return self._refresh()

    def activate(self, version: str) -> None:
        """Makes it the registry's current version and serves it. What cannot be loaded here does not become current:
        raises ArtifactError with the reason, and RegistryError, and then nothing has changed."""
        with self._lock, _told():
            self._registry.activate(version, examine=self._try_out)
            self._take_over(version)

    def rollback(self) -> str:
        """The same with the version that served before; which one that is."""
        with self._lock, _told():
            version = self._registry.rollback(self._try_out)
            self._take_over(version)
            return version

    def _try_out(self, artifact: Artifact) -> None:
        """Whether it can be served by this process; kept, so that it is loaded once."""
        self._ready = None
        examine(artifact)
        if artifact.manifest.version == self.version:
            return
        try:
            self._ready = self._warmed(artifact)
        except Item2vecError:
            raise
        except Exception as error:
            raise ArtifactError(f"cannot be loaded ({type(error).__name__})", artifact.directory) from error

    def _take_over(self, version: str) -> None:
        model, self._ready = self._ready, None
        if model is not None:
            self._swap(model, version, time.perf_counter())
        else:  # it serves already, perhaps in place of one that was refused
            self._tried.clear()
            self.refused = {}

    def _refresh(self) -> bool:
        left = self._is_damaged() and self._serve_one_before()
        try:
            version = self._registry.current()
        except Item2vecError as error:
            self._refuse("current.json", error)
            return left
        self.refused.pop("current.json", None)
        if version is None or version == self.version or self._was_tried(version):
            return left
        self._tried[version] = time.monotonic()
        started = time.perf_counter()
        model = self._loaded(version)
        if model is None:
            return self.current is None and self._serve_one_before()
        return self._swap(model, version, started)

    def _was_tried(self, version: str) -> bool:
        """A moment ago, in vain."""
        return time.monotonic() - self._tried.get(version, -RETRY_SECONDS) < RETRY_SECONDS

    def _is_damaged(self) -> bool:
        """Whether files of the version that serves were spoilt in their place, so that it is to be left."""
        if self.current is None or self._was_tried(self.current.version):
            return False
        version = self.current.version
        try:
            self.current.model.artifact.check()
        except ArtifactError as error:
            self._tried[version] = time.monotonic()
            self._refuse(version, error)
            return True
        if version in self.refused:  # mended since
            self.refused = {name: why for name, why in self.refused.items() if name != version}
        return False

    def _serve_one_before(self) -> bool:
        """Where the current version cannot be served: the newest that served before it."""
        with suppress(Item2vecError):
            for version in self._registry.served_before():
                if version == self.version:
                    continue
                started = time.perf_counter()
                model = self._loaded(version)
                if model is not None:
                    log.warning("model served in place of the current one version=%s", version)
                    return self._swap(model, version, started, mended=False)
        return False

    def _loaded(self, version: str) -> Model | None:
        """None where it is refused: whatever goes wrong is the version's fault, and no reason to end."""
        try:
            artifact = self._registry.open(version, verify="changed")
            if not artifact.is_known:
                examine(artifact)
            return self._warmed(artifact)
        except Exception as error:
            self._refuse(version, error)
            return None

    def _warmed(self, artifact: Artifact) -> Model:
        model = Model(artifact, self._most_new)
        _warm(model)
        if self.current is not None:
            _page_in(model)
        return model

    def _swap(self, model: Model, version: str, started: float, mended: bool = True) -> bool:
        """mended: whether nothing is refused any more."""
        before, self.current = self.current, Snapshot(model, version)
        # The garbage collector need not look through what stays for long: that takes 100 ms each time.
        gc.unfreeze()
        if before is not None:
            gc.collect()
        gc.freeze()
        if mended:
            self._tried.clear()
            self.refused = {}
        self._metrics.model_loaded(model.manifest)
        log.info("model swapped version=%s seconds=%.3f", version, time.perf_counter() - started)
        return True

    def _refuse(self, version: str, error: Exception) -> None:
        # The message of an error of ours names the file; others may hold anything, and GET /readyz shows it to anybody.
        # The log has all of it, with what lies behind it.
        text = f"{type(error).__name__} while it was loaded"
        if isinstance(error, ArtifactError | RegistryError):
            text = without_places(error.within(self._registry.root))
        if self.refused.get(version) != text:
            self._metrics.refused.inc()
            log.error("model refused version=%s error=%s", version, error, exc_info=_behind(error))
        self.refused = {**self.refused, version: text}


@contextmanager
def _told() -> Iterator[None]:
    """What a client learns of an error leaves out places and causes: the log has them."""
    try:
        yield
    except ArtifactError as error:
        log.warning("model not activated error=%s", error, exc_info=_behind(error))
        raise


def _behind(error: Exception) -> BaseException | None:
    """What is logged with its stack: nothing of an error of ours that says it all itself."""
    return error.__cause__ if isinstance(error, Item2vecError) else error


def _warm(model: Model) -> None:
    """Makes what the first requests would wait for: the id table, the copies that are scanned."""
    if len(model.vocabulary):
        row = np.zeros(1, dtype=np.int32)
        model.neighbours(model.vocabulary.ids[0], 1)  # and the vectors of newcomers
        model.recommender.among([Wish(row, 1)])
    if model.types is not None and model.types.users is not None:
        model.types.users.find("")


def _page_in(model: Model) -> None:
    """Reads the stored lists, while another model serves. The first model serves at once, and reads as it is asked."""
    for stored in model.stored.values():
        stored.rows.sum()
        stored.scores.sum()
