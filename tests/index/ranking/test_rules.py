import numpy as np
import pytest
from pydantic import ValidationError

from index.ranking.rules import Rules, RulesConfig


def small() -> Rules:
    """0 -> 1 (2.0), 2 (1.0); 1 -> 2 (4.0); 2 and 3 lead nowhere."""
    return Rules(
        np.array([0, 2, 3, 3, 3], dtype=np.int64),
        np.array([1, 2, 2], dtype=np.int32),
        np.array([2, 1, 4], dtype=np.float32),
    )


def query(rows: list[int], weights: list[float]) -> tuple[np.ndarray, np.ndarray]:
    return np.array(rows, dtype=np.int32), np.array(weights, dtype=np.float32)


def test_row_gives_items_and_weights_and_is_empty_where_no_rule_leads():
    rules = small()
    items, weights = rules.row(0)
    assert len(rules) == 4
    assert items.tolist() == [1, 2]
    assert weights.tolist() == [2, 1]
    assert rules.row(3)[0].size == 0


def test_scores_add_weighted_rows_and_repeated_rows_count_again():
    scores = small().scores([query([0, 1], [1, 0.5]), query([0, 0], [1, 1]), query([], []), query([3], [1])])
    assert scores.dtype == np.float32
    assert scores.tolist() == [[0, 2, 3, 0], [0, 4, 2, 0], [0, 0, 0, 0], [0, 0, 0, 0]]


def test_no_queries_give_no_scores():
    assert small().scores([]).shape == (0, 4)


@pytest.mark.parametrize("rows", [[0], [1, 0], [0, 0, 1], [3], []])
def test_moments_are_those_of_the_dense_scores(rows: list[int]):
    asked = query(rows, [1 / (k + 1) for k in range(len(rows))])
    dense = small().scores([asked])[0]
    assert small().moments(*asked) == pytest.approx((dense.mean(), dense.std()), abs=1e-6)


def test_moments_of_random_rules_are_those_of_the_dense_scores():
    rng = np.random.default_rng(1)
    rows = [np.sort(rng.choice(200, rng.integers(0, 40), replace=False)) for _ in range(200)]
    rules = Rules(
        np.concatenate([[0], np.cumsum([len(r) for r in rows])]).astype(np.int64),
        np.concatenate(rows).astype(np.int32),
        rng.random(sum(len(r) for r in rows)).astype(np.float32),
    )
    for _ in range(20):
        asked = rng.integers(0, 200, 10).astype(np.int32), rng.random(10).astype(np.float32)
        dense = rules.scores([asked])[0].astype(np.float64)
        assert rules.moments(*asked) == pytest.approx((dense.mean(), dense.std()), rel=1e-5)


def test_config_refuses_unknown_settings_and_values_out_of_range():
    for wrong in ({"step": 5}, {"steps": 0}, {"steps": 1001}, {"decay": "none"}, {"backward": 2.0}, {"keep": 0}):
        with pytest.raises(ValidationError):
            RulesConfig.model_validate(wrong)
