"""What is published and what is measured has the content of seldom seen items in it, where that was chosen."""

import numpy as np
import pytest

from index.artifact.manifest import ContentFacts, TrainingFacts
from index.catalogue.catalogue import Catalogue
from training.config import TrainConfig
from training.corpus import Corpus
from training.pipeline.content.seldom import WithContent, with_content
from training.pipeline.train import Fitted
from training.progress import LogReporter
from training.trainers.spaces import Spaces
from training.trainers.trainer import Embeddings
from training.workspace import Workspace

IDS = [f"i{row}" for row in range(6)]
FACTS = TrainingFacts(engine="spectral", learning_rate=None, restarts=0, started_from=None)
FIELDS = {item: {"category": "ab"[row % 2]} for row, item in enumerate(IDS)}


@pytest.fixture
def fitted():
    rng = np.random.default_rng(1)
    tokens = np.repeat(np.arange(6), [500, 300, 40, 9, 2, 1]).astype(np.int32)
    clock = np.zeros(1, dtype=np.int64)
    corpus = Corpus(tokens, np.array([0, len(tokens)]), clock, clock, 6)
    space = Embeddings(*(rng.normal(size=(6, 3)).astype(np.float32) for _ in range(2)))
    return Fitted(corpus, IDS, Spaces(space, space), FACTS)


class Once:
    """As Trainings: one that was made already."""

    def __init__(self, fitted):
        self._fitted = fitted

    def engines(self, config, corpus):
        return ("spectral",)

    def fit(self, name, corpus, ids, config, work):
        return self._fitted


@pytest.fixture
def work(tmp_path):
    with Workspace(tmp_path, {"test": 1}, LogReporter()) as work:
        yield work


@pytest.mark.parametrize("content", [None, ContentFacts(method="map")], ids=["off", "does not pay"])
def test_nothing_changes_where_content_does_not_count(fitted, work, content):
    assert with_content(fitted, Catalogue.from_fields(FIELDS), content, TrainConfig(), work) is fitted


def test_nothing_changes_where_the_catalogue_says_nothing(fitted, work):
    content = ContentFacts(method="map", seldom=3.0)
    assert with_content(fitted, Catalogue.from_fields({}), content, TrainConfig(), work) is fitted


def test_the_fewer_sights_the_more_content_counts(fitted, work):
    content = ContentFacts(method="map", seldom=3.0)
    trainings = WithContent(Once(fitted), Catalogue.from_fields(FIELDS), content)
    assert trainings.engines(TrainConfig(), fitted.corpus) == ("spectral",)
    found = trainings.fit("train", fitted.corpus, IDS, TrainConfig(), work)
    old, new = fitted.spaces.next, found.spaces.next
    moved = np.linalg.norm(new.inputs - old.inputs, axis=1)
    assert moved[:2].tolist() == [0, 0]
    assert (moved[3:] > 0).all()
    assert found.spaces.similar is new
    assert found.facts == fitted.facts
