from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from index.artifact.directory import Artifact
from index.diff import diff, main_figures
from index.model import Model, Neighbours
from index.vocabulary import Vocabulary

FROZEN = Path(__file__).parents[1] / "data" / "artifacts" / "v1"


def model(lists, following=None, metrics=None, config=None, recommender=None, width=100, inputs=None):
    """What diff reads of a model, from {item: [its neighbours, best first]}, the most frequent item first."""
    ids = list(lists)
    return SimpleNamespace(
        vocabulary=Vocabulary(ids, np.arange(len(ids), 0, -1)),
        inputs=np.ones((len(ids), 2), dtype=np.float32) if inputs is None else inputs,
        stored={"similar": stored(lists, ids, width), "next": stored(following or lists, ids, width)},
        manifest=SimpleNamespace(metrics=metrics or {}, config=config or {}, recommender=recommender or {}),
    )


def stored(lists, ids, width):
    rows = np.full((len(ids), width), -1, dtype=np.int32)
    for i, item in enumerate(ids):
        for j, other in enumerate(lists[item]):
            rows[i, j] = ids.index(other)
    return Neighbours(rows, np.where(rows >= 0, 1.0, -np.inf).astype(np.float32))


def full(ids, order):
    """Every item's list holds all others, in the given order."""
    return {item: [other for other in order if other != item] for item in ids}


LETTERS = "abcdefghijklmnopqrstuvwx"


def test_a_model_beside_itself_has_not_changed():
    one = model(full(LETTERS, LETTERS))
    found = diff(one, one)
    assert (found.items.before, found.items.after, found.items.both) == (24, 24, 24)
    assert (found.items.gained, found.items.lost) == (0, 0)
    assert found.similar == found.next
    assert found.similar.mean == 1.0
    assert found.similar.histogram == (0, 0, 0, 0, 0, 0, 0, 0, 0, 24)
    assert found.movers == found.metrics == found.settings == ()


def test_items_that_came_and_went_are_counted_and_named_by_frequency():
    found = diff(model(full("abcd", "abcd")), model(full("xdyb", "xdyb")))
    assert (found.items.gained, found.items.lost, found.items.both) == (2, 2, 2)
    assert found.items.gained_ids == ("x", "y")
    assert found.items.lost_ids == ("a", "c")


def test_a_hundred_ids_are_named_at_most():
    ids = [f"i{n}" for n in range(250)]
    found = diff(model({"a": []}), model({"a": []} | {i: [] for i in ids}))
    assert found.items.gained == 250
    assert found.items.gained_ids == tuple(ids[:100])


def test_overlap_is_the_share_of_ten_neighbours_that_stayed():
    # a's ten were b to k; now l, m, n come first, so b to h stay: 7 of 10. Order within the ten does not matter.
    before = full(LETTERS, LETTERS)
    after = before | {"a": [*"lmnhgfedcb", *"ijkopqrstuvwx"]}
    found = diff(model(before), model(after, following=before))
    assert found.similar.mean == pytest.approx((23 + 0.7) / 24)
    assert found.similar.histogram == (0, 0, 0, 0, 0, 0, 0, 1, 0, 23)
    assert found.next.mean == 1.0
    [mover] = found.movers
    assert (mover.item_id, mover.overlap) == ("a", 0.7)
    assert mover.gained == ("l", "m", "n")
    assert mover.lost == ("i", "j", "k")


def test_each_tenth_has_its_own_bin():
    before = full(LETTERS, LETTERS)
    for stay in range(11):
        after = before | {"a": [*"bcdefghijk"[:stay], *"lmnopqrstu"[: 10 - stay]]}
        histogram = diff(model(before), model(after)).similar.histogram
        expected = [0] * 9 + [23]
        expected[min(stay, 9)] += 1
        assert list(histogram) == expected


def test_neighbours_that_only_one_model_knows_are_left_out_before_ten_are_taken():
    old, new = LETTERS, [*"12345", *LETTERS]
    before, after = model(full(old, old)), model(full(new, new))
    found = diff(before, after)
    assert found.items.gained == 5
    assert found.similar.items == 24
    assert found.similar.mean == 1.0
    assert diff(after, before).similar.mean == 1.0


def test_rows_that_moved_are_the_same_items():
    found = diff(model(full(LETTERS, LETTERS)), model(full(LETTERS[::-1], LETTERS)))
    assert found.similar.mean == 1.0


def test_where_a_model_stores_fewer_neighbours_fewer_are_compared():
    lists = full(LETTERS, LETTERS)
    short = {item: near[:4] for item, near in lists.items()}
    assert diff(model(short, width=4), model(lists)).similar.mean == 1.0


def test_small_catalogues_compare_what_there_is():
    before, after = {"a": ["b"], "b": ["a"], "c": []}, {"a": ["b"], "b": ["c"], "c": []}
    found = diff(model(before), model(after))
    assert found.similar.items == 2  # c has no neighbour in either
    assert found.similar.mean == 0.5
    assert [(m.item_id, m.gained, m.lost) for m in found.movers] == [("b", ("c",), ("a",))]


def test_models_without_a_common_item_have_no_overlap():
    found = diff(model(full("abc", "abc")), model(full("xyz", "xyz")))
    assert found.similar.items == 0
    assert found.similar.mean is None
    assert sum(found.similar.histogram) == 0
    assert found.movers == ()


def test_the_least_overlap_moves_most_and_frequent_items_lead_among_equals():
    before = full(LETTERS, LETTERS)
    half = [*"bcdef", *"lmnop"]
    after = before | {
        "v": half,  # 5 of 10: it had a to j
        "u": [*"klmnopqrst"],  # none of 10
        "w": [*"klmnopqrst"],
        "a": [*"bcdefghij", "l"],
    }
    movers = diff(model(before), model(after)).movers
    # v had a..j and has b..f: 5 of 10.
    assert [(m.item_id, m.overlap) for m in movers] == [("u", 0.0), ("w", 0.0), ("v", 0.5), ("a", 0.9)]
    assert [m.item_id for m in diff(model(before), model(after), movers=2).movers] == ["u", "w"]


def figures(value):
    own = {name: [value, value - 0.1, value + 0.1] for name in ("ndcg@10", "hr@20", "mrr@20", "hr@10")}
    return own | {"method": "item2vec"}


def test_figures_that_both_have_are_compared():
    popularity = {"method": "popularity", "ndcg@10": [0.9, 0.9, 0.9]}
    before = model({"a": []}, metrics={"tasks": {"T1": [popularity, figures(0.5)], "T2": [figures(0.25)]}})
    after = model({"a": []}, metrics={"tasks": {"T1": [figures(0.75)], "T2": [popularity]}})
    found = diff(before, after).metrics
    assert [(f.task, f.metric, f.before, f.after, f.difference) for f in found] == [
        ("T1", name, 0.5, 0.75, 0.25) for name in ("ndcg@10", "hr@20", "mrr@20")
    ]
    assert main_figures(before.manifest)["T2"]["hr@20"] == (0.25, 0.15, 0.35)


def test_a_model_without_an_evaluation_has_no_figures():
    assert main_figures(model({"a": []}).manifest) == {}


def test_settings_that_differ_are_named_as_in_the_documentation():
    before = model({"a": []}, config={"trainer": {"dims": 16, "epochs": 5}, "seed": 1, "old": True})
    after = model({"a": []}, config={"trainer": {"dims": 32, "epochs": 5}, "seed": 2, "events": {"types": ["x"]}})
    assert [(s.name, s.before, s.after) for s in diff(before, after).settings] == [
        ("events.types", None, ["x"]),
        ("old", True, None),
        ("seed", 1, 2),
        ("trainer.dims", 16, 32),
    ]


def test_the_recommenders_settings_are_those_that_serve():
    given = {"recommender": {"rules": {"steps": 10}, "half_life": 2.0}}
    before = model({"a": []}, config=given, recommender={"rules": {"steps": 10}, "half_life": 2.0})
    after = model({"a": []}, config=given, recommender={"rules": {"steps": 3}, "half_life": 2.0})
    assert [(s.name, s.before, s.after) for s in diff(before, after).settings] == [("recommender.rules.steps", 10, 3)]


def spread(items, dims=4, seed=1):
    return np.random.default_rng(seed).normal(size=(len(items), dims)).astype(np.float32)


def turned(inputs):
    """The same model, as another training would have turned it."""
    found, _ = np.linalg.qr(np.random.default_rng(7).normal(size=(inputs.shape[1],) * 2))
    return inputs @ found.astype(np.float32)


def test_a_model_that_was_turned_has_not_moved():
    inputs = spread(LETTERS)
    before, after = (model(full(LETTERS, LETTERS), inputs=m) for m in (inputs, turned(inputs)))
    for found in (diff(before, after).vectors, diff(before, before).vectors):
        assert (found.items, found.reason) == (24, None)
        assert found.median == pytest.approx(0, abs=1e-6)
        assert found.most[0].moved == pytest.approx(0, abs=1e-6)


def test_vectors_are_those_of_the_same_item_whatever_its_row():
    inputs = spread(LETTERS)
    backward = turned(inputs[::-1])
    backward[5] *= -1  # the later model's fifth from the end: s
    after = model(full([*LETTERS[::-1], "new"], LETTERS), inputs=np.vstack([backward, spread("n")]))
    before = model(full(["gone", *LETTERS], LETTERS), inputs=np.vstack([spread("g"), inputs]))
    found = diff(before, after).vectors
    assert found.items == 24
    assert found.median < 0.05
    assert found.most[0].item_id == LETTERS[::-1][5] == "s"
    assert found.most[0].moved > 1.8
    assert [m.moved for m in found.most] == sorted((m.moved for m in found.most), reverse=True)
    assert len(diff(before, after, movers=3).vectors.most) == 3


def test_models_of_other_dims_are_not_compared_and_say_why():
    one, other = (model(full(LETTERS, LETTERS), inputs=spread(LETTERS, dims)) for dims in (4, 6))
    found = diff(one, other).vectors
    assert (found.items, found.median, found.most) == (24, None, ())
    assert found.reason == "the earlier model has 4 dims, the later 6"


def test_fewer_items_than_dims_could_be_turned_onto_anything():
    inputs = spread("abcd")
    found = diff(model(full("abcd", "abcd"), inputs=inputs), model(full("abcd", "abcd"), inputs=inputs)).vectors
    assert (found.items, found.median) == (4, None)
    assert found.reason.startswith("4 items are in both")


def test_a_real_artifact_is_read():
    frozen = Model(Artifact.open(FROZEN))
    found = diff(frozen, frozen)
    assert found.items.both == len(frozen.vocabulary)
    assert found.similar.mean == found.next.mean == 1.0
    assert {f.metric for f in found.metrics} == {"ndcg@10", "hr@20", "mrr@20"}
    assert {f.difference for f in found.metrics} == {0.0}
    assert found.vectors.median == pytest.approx(0, abs=1e-6)


def test_a_hundred_thousand_items_are_compared():
    rng = np.random.default_rng(1)
    ids = [f"item {n}" for n in range(105_000)]

    def large(names):
        one = model({"a": []})
        lists = Neighbours(rng.integers(0, len(names), (len(names), 100), dtype=np.int32), np.empty((0, 0), np.float32))
        one.vocabulary = Vocabulary(names, np.ones(len(names), dtype=np.int64))
        one.stored = {"similar": lists, "next": lists}
        one.inputs = rng.normal(size=(len(names), 128)).astype(np.float32)
        return one

    before, after = large(ids[:100_000]), large(ids[5_000:])
    found = diff(before, after)
    assert (found.items.both, found.items.gained, len(found.movers)) == (95_000, 5_000, 20)
