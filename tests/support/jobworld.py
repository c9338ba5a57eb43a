"""For the tests of the worker: a database as the service makes it, a small log, and real worker processes."""

import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import insert, select, update
from support.factories import name_of, two_groups, write_log
from support.processes import gone

from index.artifact.files import locked
from index.artifact.registry import Registry
from store import jobs, tables
from store.database import connect, transaction
from store.job import Job
from store.upkeep.migrate import migrate

LATER = 400 * 3_600_000_000  # microseconds: after all sessions of two_groups_stored
SLOW = {"trainer": {"engine": "sgns", "epochs": 1000, "negatives": 30}}  # seconds in each of three steps
LONG = {"trainer": {"engine": "sgns", "epochs": 1000, "negatives": 30, "dims": 512}}  # minutes: it does not end
QUICK = {"trainer": {"engine": "spectral"}, "evaluation": {"blend": False}}
# Vectors as they were drawn, and nothing counted beside them.
WORSE = {
    "trainer": {"engine": "sgns", "epochs": 1, "learning_rate": 1e-6, "min_learning_rate": 1e-6},
    "recommender": {"item": {"vectors": 1.0}, "session": {"vectors": 1.0}},
    "evaluation": {"blend": False},
}
GUARD_SECONDS = 600.0  # against hanging only: a busy machine is slow
ROOT = Path(__file__).resolve().parent.parent.parent
TOML = """
[sessions]
min_item_count = 2
[trainer]
dims = 16
epochs = {epochs}
workers = 1
[evaluation]
prefixes = 300
bootstrap = 50
baselines = false
"""
PROGRAM = """
import logging, sys, time
from pathlib import Path
from training.jobs.worker import WorkerSettings, run_worker
logging.basicConfig(level=logging.INFO, stream=sys.stderr)
given = dict(models=Path({models!r}), database={url!r}, config=Path({config!r}), name={name!r})
def prepare():
    while not Path({after!r}).exists():
        time.sleep(0.05)
run_worker(WorkerSettings(**given, **{more!r}), prepare)
"""


class World:
    """One database, one folder of models, and the workers started on them."""

    def __init__(self, root: Path, url: str | None = None, with_log: bool = True, epochs: int = 5) -> None:
        self.root = root
        self.models = root / "models"
        self.url = url or f"sqlite:///{self.models / 'item2vec.db'}"
        self.engine = connect(self.url)
        migrate(self.engine)
        self.config = root / "train.toml"
        text = TOML.format(epochs=epochs)
        if with_log:
            log = write_log(root / "log" / "events.csv")
            text = f'[events]\npaths = ["{log}"]\nitems = "{log.parent / "items.csv"}"\n' + text
        self.config.write_text(text)
        self.processes: list[subprocess.Popen[bytes]] = []

    def worker(self, name: str = "a", after: Path = Path("/"), **more: object) -> subprocess.Popen[bytes]:
        """A worker process of its own; what it says is in NAME.log. Its work waits until the file `after` is there."""
        given = {"models": str(self.models), "config": str(self.config), "after": str(after)}
        program = PROGRAM.format(**given, url=self.url, name=name, more=more)
        with (self.root / f"{name}.log").open("ab") as said:
            process = subprocess.Popen([sys.executable, "-c", program], cwd=ROOT, stderr=said, stdout=said)
        self.processes.append(process)
        return process

    def said(self, name: str = "a") -> str:
        return (self.root / f"{name}.log").read_text()

    def enqueue(self, **overrides: object) -> Job:
        return jobs.enqueue(self.engine, dict(overrides), False, None, "anonymous")

    def job(self, job: Job) -> Job:
        return jobs.get(self.engine, job.job_id)

    def lines(self, job: Job) -> list[str]:
        return [line.text for line in jobs.lines(self.engine, job.job_id)]

    def until(self, job: Job, what: Callable[[Job], bool]) -> Job:
        """The job once what(job) holds."""
        deadline = time.monotonic() + GUARD_SECONDS
        while time.monotonic() < deadline:
            found = self.job(job)
            if what(found):
                return found
            time.sleep(0.05)
        logs = "\n".join(path.read_text()[-3000:] for path in self.root.glob("*.log"))
        raise AssertionError(f"{self.job(job)}\n{logs}")

    def ended(self, job: Job) -> Job:
        return self.until(job, lambda found: found.ended)

    def set(self, job: Job, **values: object) -> None:
        """Writes to the job's row."""
        with transaction(self.engine) as connection:
            connection.execute(update(tables.jobs).where(tables.jobs.c.job_id == job.job_id).values(**values))

    def store(self, rows: list[dict[str, object]]) -> None:
        """Events as the service stores them."""
        names = ("event_id", "user_id", "session_id", "event_type", "weight", "dwell")
        blank: dict[str, object] = dict.fromkeys(names) | {"received": 1}
        with transaction(self.engine) as connection:
            connection.execute(insert(tables.events), [blank | row for row in rows])

    def store_item(self, item_id: str, **fields: object) -> None:
        blank = {"title": None, "category": None, "available": True, "deleted": False, "metadata": {}}
        row = blank | {"item_id": item_id, "changed": 1, "updated": 1} | fields
        with transaction(self.engine) as connection:
            connection.execute(insert(tables.items), row)

    def training(self, name: str = "a") -> int:
        """Process id of the last training that worker started."""
        return int(self.said(name).rsplit("training process=", 1)[1].split()[0])

    def close(self) -> None:
        for process in self.processes:
            process.kill()
            process.wait()
        self.engine.dispose()


def wait_for(what: Callable[[], bool]) -> None:
    deadline = time.monotonic() + GUARD_SECONDS
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def two_groups_stored(sessions: int = 300) -> list[dict[str, object]]:
    """The two groups of items as stored events."""
    corpus = two_groups(sessions, seed=2)
    return [
        {"user_id": f"user {i % 50}", "item_id": name_of(t), "time": int(corpus.starts[i]) + j * 1_000_000}
        for i in range(len(corpus))
        for j, t in enumerate(corpus.session(i).tolist())
    ]


def versions(world):
    return Registry(world.models).versions()


def kill(process):
    process.kill()
    process.wait()


@contextmanager
def published_and_not_sealed(world, job):
    """The job's training has published and ended, and its worker waits for the row, which is ours for the block."""
    wait_for(lambda: f"job={job.job_id} training process=" in world.said())
    with transaction(world.engine) as connection:
        connection.execute(select(tables.jobs.c.job_id).with_for_update()).all()
        wait_for(lambda: gone(world.training()))
        yield connection


@contextmanager
def sealed_and_not_current(world, job):
    """The job is sealed, and the process that makes its version current waits for the registry."""
    world.models.mkdir(exist_ok=True)
    with locked(world.models / ".lock"):
        world.until(job, lambda found: found.sealed)
        wait_for(lambda: f"job={job.job_id} activating process=" in world.said(world.job(job).worker))
        yield


def in_training(job):
    return job.step is not None and job.step.startswith("train")
