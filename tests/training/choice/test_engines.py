"""Which engines a run tries, by what the log is like."""

from dataclasses import replace

import numpy as np
import pytest
from support.factories import corpus_of

from training.choice.engines import FEWEST_TOKENS, MOST_TOKENS, OFTEN, engines_of
from training.config import TrainConfig, TrainerConfig


def log_of(tokens: int, items: int):
    return replace(corpus_of([[0, 1]]), tokens=np.zeros(tokens, dtype=np.int32), items=items)


def test_skip_gram_is_tried_beside_the_closed_form_where_items_are_seen_often():
    assert engines_of(TrainConfig(), log_of(FEWEST_TOKENS, FEWEST_TOKENS // OFTEN)) == ["spectral", "sgns"]


@pytest.mark.parametrize(
    ("tokens", "items"),
    [(FEWEST_TOKENS - 1, 10), (MOST_TOKENS + 1, 10), (FEWEST_TOKENS, FEWEST_TOKENS // OFTEN + 1)],
    ids=["small", "large", "sparse"],
)
def test_elsewhere_the_closed_form_is_alone(tokens: int, items: int):
    assert engines_of(TrainConfig(), log_of(tokens, items)) == ["spectral"]


@pytest.mark.parametrize("engine", ["spectral", "sgns", "gensim"])
def test_an_engine_that_is_named_is_the_only_one(engine):
    config = TrainConfig(trainer=TrainerConfig(engine=engine))
    assert engines_of(config, log_of(FEWEST_TOKENS, 10)) == [engine]
