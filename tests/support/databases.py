"""For tests that need a database: an empty migrated database of each kind."""

import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine
from support.postgres import MISSING, Cluster, binaries, cluster

from store.database import connect
from store.upkeep.migrate import migrate

TEMPLATE = "template_item2vec"
KINDS = ("sqlite", "postgresql")


def migrated(url: str) -> str:
    engine = connect(url)
    try:
        migrate(engine)
    finally:
        engine.dispose()
    return url


@pytest.fixture(scope="session")
def postgres() -> Iterator[Cluster]:
    """One cluster for all tests; who stops it starts it again."""
    if binaries() is None:
        pytest.skip(MISSING)
    with cluster() as running:
        migrated(running.create(TEMPLATE))
        yield running


@pytest.fixture(scope="session")
def empty_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("empty") / "empty.db"
    migrated(f"sqlite:///{path}")
    return path


def fresh(kind: str, request: pytest.FixtureRequest, template: bool = True) -> Iterator[str]:
    """The URL of a database of the test's own; template: migrated."""
    if kind == "sqlite":
        folder = request.getfixturevalue("tmp_path")
        if template:
            shutil.copy(request.getfixturevalue("empty_sqlite"), folder / "test.db")
        yield f"sqlite:///{folder / 'test.db'}"
        return
    running: Cluster = request.getfixturevalue("postgres")
    name = f"test_{uuid.uuid4().hex}"
    yield running.create(name, TEMPLATE if template else "template0")
    running.drop(name)


@pytest.fixture(params=KINDS)
def database(request: pytest.FixtureRequest) -> Iterator[str]:
    """URL of an empty migrated database, once of each kind."""
    yield from fresh(request.param, request)


@pytest.fixture(params=KINDS)
def bare_database(request: pytest.FixtureRequest) -> Iterator[str]:
    """The same without any table."""
    yield from fresh(request.param, request, template=False)


@pytest.fixture
def engine(database: str) -> Iterator[Engine]:
    made = connect(database)
    yield made
    made.dispose()
