"""Worlds for the tests of jobs."""

import pytest
from support.jobworld import World, two_groups_stored


@pytest.fixture
def world(tmp_path):
    made = World(tmp_path)
    yield made
    made.close()


@pytest.fixture
def stored(tmp_path, database):
    """A world on each kind of database, with stored events and no configured files."""
    made = World(tmp_path, database, with_log=False)
    made.store(two_groups_stored())
    yield made
    made.close()


@pytest.fixture
def filled(tmp_path):
    """The same on SQLite."""
    made = World(tmp_path, with_log=False)
    made.store(two_groups_stored())
    yield made
    made.close()


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """A world without configured files, and one worker on it."""
    made = World(tmp_path_factory.mktemp("shared"), with_log=False)
    made.worker()
    yield made
    made.close()
