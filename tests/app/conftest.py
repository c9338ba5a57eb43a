"""A trained model, a copy of it for each test, and keys."""

import pytest
from support.trained import copied, train

from store.database import connect
from store.keys import create_key
from store.upkeep.migrate import migrate


@pytest.fixture(scope="session")
def trained(tmp_path_factory):
    return train(tmp_path_factory.mktemp("http"))


@pytest.fixture
def models(trained, tmp_path):
    return copied(trained, tmp_path)


@pytest.fixture
def tokens(models):
    """By scope."""
    engine = connect(f"sqlite:///{models / 'item2vec.db'}")
    migrate(engine)
    yield {scope: create_key(engine, scope, (scope,)) for scope in ("read", "write", "admin")}
    engine.dispose()
