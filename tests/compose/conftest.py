"""For the tests of the deployment: the images, built once, and a stack with a model, for all that leave it whole."""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass

import httpx
import pytest
from compose import shop
from compose.load import Load
from compose.stack import BASE, ROOT, STARTED, Failed, Killer, Stack, docker, inspect, missing, until, whole

IMAGES = ("api", "proxy", "worker")
FIGURES = ROOT / "build" / "compose-figures.json"


class Figures:
    """What was measured, by the name it has in benchmarks/results; each run adds to what earlier ones found."""

    def __init__(self) -> None:
        self.found: dict[str, str] = {}

    def __setitem__(self, name: str, value: object) -> None:
        self.found[name] = str(value)

    def load(self, name: str, load: Load) -> None:
        """Requests failed during a fault."""
        for kind, tally in (("reads", load.reads), ("writes", load.writes)):
            if tally.asked:
                self[f"{name}_{kind}"] = tally

    def save(self) -> None:
        FIGURES.parent.mkdir(exist_ok=True)
        before = json.loads(FIGURES.read_text(encoding="utf-8")) if FIGURES.exists() else {}
        FIGURES.write_text(json.dumps({**before, **self.found}, indent=1, sort_keys=True) + "\n", encoding="utf-8")


FOUND = Figures()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if FOUND.found:
        FOUND.save()
        terminalreporter.section("figures for benchmarks/results")
        for name, value in sorted(FOUND.found.items()):
            terminalreporter.write_line(f"{name}: {value}")


@pytest.fixture(scope="session")
def figures() -> Figures:
    return FOUND


@pytest.fixture(scope="session")
def images(figures: Figures) -> dict[str, str]:
    """Service -> image, as the compose file builds them."""
    why = missing()
    if why is not None:
        pytest.fail(f"no Docker engine to run the deployment on: {why}", pytrace=False)
    # What an interrupted run left.
    for container in docker("ps", "-aq", "--filter", f"label={STARTED}").split():
        docker("rm", "-f", container)
    builder = Stack("item2vec-test")
    builder.down(volumes=True)
    started = time.monotonic()
    for service in IMAGES:
        builder.compose("build", service, timeout=1800)
    figures["build_seconds"] = f"{time.monotonic() - started:.0f}"
    names = {service: f"item2vec-{service}:latest" for service in IMAGES}
    figures["image_base_mb"] = f"{int(inspect(BASE, 'Size')) / 1e6:.0f}"
    for service, name in names.items():
        figures[f"image_{service}_mb"] = f"{int(inspect(name, 'Size')) / 1e6:.0f}"
    return names


@pytest.fixture(scope="session")
def killer(images: dict[str, str]) -> Iterator[Killer]:
    found = Killer(images["api"])
    yield found
    found.close()


@dataclass(frozen=True)
class First:
    """What the service said at its first start, before there was a model."""

    without_key: httpx.Response
    similar: httpx.Response
    ready: httpx.Response
    page: httpx.Response


@dataclass(frozen=True)
class Running:
    """A stack of two APIs that serves a model. version: of the first one. first: of the time before."""

    stack: Stack
    first: First
    version: str
    job: dict


@pytest.fixture(scope="session")
def running(images: dict[str, str], figures: Figures) -> Iterator[Running]:
    """From nothing: started, filled with events over HTTP, trained."""
    stack = Stack("item2vec-test", API_REPLICAS="2")
    started = time.monotonic()
    try:
        stack.up()
        stack.alive()
        figures["first_answer_seconds"] = f"{time.monotonic() - started:.1f}"
        until(lambda: all(map(stack.healthy, stack.containers("api"))), what="two healthy APIs")
        first = First(
            httpx.get(f"{stack.url}/similar/{shop.item(0, 0)}", timeout=10),
            stack.ask("GET", f"/similar/{shop.item(0, 0)}"),
            httpx.get(f"{stack.url}/readyz", timeout=10),
            httpx.get(f"{stack.url}/nowhere", timeout=10),
        )
        rows = shop.events()
        assert stack.post_events(rows) == len(rows)
        began = time.monotonic()
        job = stack.ended(stack.retrain(force=False, **shop.QUICK))
        assert job["state"] == "succeeded", job
        stack.ready()
        figures["first_retraining_seconds"] = f"{time.monotonic() - began:.1f}"
        figures["first_model_seconds"] = f"{time.monotonic() - started:.1f}"
        version = str(job["result"]["version"])
        stack.serves(version)
        yield Running(stack, first, version, job)
    except (AssertionError, Failed):
        _show(stack)
        raise
    finally:
        stack.down(volumes=True)


@pytest.fixture
def stack(running: Running) -> Iterator[Stack]:
    """The shared stack, whole before and after: two healthy APIs, a worker, a database, a model."""
    whole(running.stack)
    yield running.stack
    whole(running.stack)


def _show(stack: Stack) -> None:
    for service in ("secrets", "first-start", "db", "api", "worker", "proxy"):
        print(f"---- {service}\n{stack.compose('logs', '--tail', '40', service)}")
