"""What is written of a model is what is read, in place; files that do not belong together are refused by name."""

from dataclasses import replace
from datetime import UTC, datetime

import faiss
import numpy as np
import pytest
from support.mapped import lies_in

from index.artifact.directory import Artifact, ArtifactWriter
from index.artifact.manifest import Data, Manifest
from index.catalogue.catalogue import Catalogue
from index.errors import ArtifactCorrupt, ArtifactUnsupported
from index.model import Model
from index.parts import ModelParts, Neighbours, read_parts, write_parts
from index.ranking.readings import similar_vectors
from index.ranking.rules import Rules
from index.ranking.scorer import NextScorer
from index.ranking.settings import COUNTS, RecommenderConfig
from index.search.indexfile import stored_vectors, write_index
from index.vocabulary import Vocabulary
from index.why.evidence import build_evidence

VERSION, ITEMS, DIMS, SEED = "20261124-061512", 12, 4, 3
READINGS = ("in-in", "in-out", "in-out-cosine", "symmetric", "sum")


def indexed(vectors, graph=True):
    index = faiss.IndexHNSWFlat if graph else faiss.IndexFlat
    index = index(vectors.shape[1], *((4,) if graph else ()), faiss.METRIC_INNER_PRODUCT)
    index.add(np.ascontiguousarray(vectors))
    return index


def settings(reading):
    """With a part of every kind."""
    return RecommenderConfig(
        next_reading=reading,
        counts={name: COUNTS[name] for name in ("after", "both")},
        item={"vectors": 1.0, "alike": 0.5, "after": 4.0},
        session={"vectors": 1.0, "after.last": 2.0, "popular.recent": 0.25, "own.newest": 1.0},
    )


def made(reading="in-out"):
    rng = np.random.default_rng(SEED)
    inputs, outputs = rng.standard_normal((2, ITEMS, DIMS)).astype(np.float32)
    vocabulary = Vocabulary([f"item {n}" for n in range(ITEMS)], np.arange(ITEMS, 0, -1))
    pairs = [(row + 1) % ITEMS for row in range(ITEMS)]
    rules = Rules(np.arange(ITEMS + 1), np.array(pairs, dtype=np.int32), np.ones(ITEMS, dtype=np.float32))
    tokens = np.arange(ITEMS, dtype=np.int32)
    unit = similar_vectors(*rng.standard_normal((2, ITEMS, DIMS + 3)).astype(np.float32), "in")
    newest = {"popular.recent": np.arange(ITEMS)}
    scorer = NextScorer.of(inputs, outputs, unit, vocabulary.counts, settings(reading), {"after": rules}, newest)
    lists = Neighbours(np.full((ITEMS, 2), -1, dtype=np.int32), np.full((ITEMS, 2), -np.inf, dtype=np.float32))
    return ModelParts(
        vocabulary=vocabulary,
        catalogue=Catalogue(["item 0", "new"], {"title": ["Zero", "New"]}),
        rare={"seen once": 1},
        inputs=inputs,
        outputs=outputs,
        rules={"after": rules},
        newest=newest,
        evidence=build_evidence(tokens, np.array([0, 5, ITEMS]), np.array([10, 20]), ITEMS, clock=True),
        similar_vectors=unit,
        targets=scorer.vectors["vectors"].targets,
        similar=lists,
        next=lists,
        evaluation_ranks=np.array([(1, 2)], dtype=[("session", np.uint64), ("rank", np.int32)]),
    )


def published(parts, folder, reading="in-out", write=write_parts):
    with ArtifactWriter(folder, VERSION) as writer:
        write(writer, parts)
        moment = datetime(2026, 11, 24, 6, 15, 12, tzinfo=UTC)
        data = Data(fingerprint="ab", events=12, sessions=2, items=ITEMS, tokens=12, last_event=moment)
        path = writer.commit(
            Manifest(
                version=VERSION,
                created=moment,
                config={},
                recommender=settings(reading).model_dump(mode="json"),
                seed=1,
                libraries={},
                data=data,
                trained_on="all",
                index={},
                metrics={},
                timings={},
            )
        )
    return Artifact.open(path)


def arrays(parts):
    rules, evidence = parts.rules["after"], parts.evidence
    return {
        "counts": parts.vocabulary.counts,
        "inputs": parts.inputs,
        "outputs": parts.outputs,
        "rules": np.concatenate([rules.offsets, rules.items, rules.weights]),
        "newest": parts.newest["popular.recent"],
        "evidence": np.concatenate([evidence.offsets, evidence.sessions, evidence.positions, evidence.ends]),
        "similar": parts.similar_vectors,
        "targets": parts.targets,
        "similar lists": parts.similar.rows,
        "next lists": parts.next.scores,
        "ranks": parts.evaluation_ranks,
    }


@pytest.mark.parametrize("reading", READINGS)
def test_every_part_comes_back_as_it_was_written(tmp_path, reading):
    parts = made(reading)
    found = read_parts(published(parts, tmp_path, reading))
    assert found.vocabulary.ids == parts.vocabulary.ids
    assert found.catalogue.ids == parts.catalogue.ids
    assert all(found.catalogue.metadata(i) == parts.catalogue.metadata(i) for i in parts.catalogue)
    assert found.rules.keys() == {"after"}  # both has no weight
    assert (found.rare, found.evidence.clock) == ({"seen once": 1}, True)
    for name, values in arrays(parts).items():
        assert arrays(found)[name].dtype == values.dtype, name
        assert np.array_equal(arrays(found)[name], values), name


def test_a_model_without_evaluation_ranks_has_none(tmp_path):
    parts = replace(made(), evaluation_ranks=None)
    assert read_parts(published(parts, tmp_path)).evaluation_ranks is None


def test_a_catalogue_that_is_scanned_has_no_index_file_and_no_second_copy_of_its_targets(tmp_path):
    files = published(made("in-out"), tmp_path / "plain", "in-out").manifest.files
    assert not {"similar.faiss", "next.faiss", "targets.npy", "next.npy"} & files.keys()
    assert "targets.npy" in published(made("sum"), tmp_path / "sum", "sum").manifest.files


def graphs(parts):
    """As of a catalogue that is too large to be scanned."""
    return replace(parts, similar_graph=indexed(parts.similar_vectors))


def test_a_graph_comes_back_with_the_vectors_it_was_built_over(tmp_path):
    parts = graphs(made("sum"))
    found = read_parts(published(parts, tmp_path, "sum"))
    assert np.array_equal(stored_vectors(found.similar_graph), parts.similar_vectors)


@pytest.mark.parametrize("graph", [True, False])
@pytest.mark.parametrize("reading", READINGS)
def test_vectors_inside_an_index_only_are_read_as_release_0_1_wrote_them(tmp_path, monkeypatch, reading, graph):
    parts = made(reading)

    def as_then(writer, parts):
        """The index of `next` was over the targets, and popularity beside them."""
        write_parts(writer, replace(parts, similar_graph=indexed(parts.similar_vectors, graph)))
        popular = np.ones((ITEMS, 1), dtype=np.float32)
        write_index(indexed(np.hstack([parts.targets, popular]), graph), writer.path("next.faiss"))

    with monkeypatch.context() as patch:
        patch.setattr(ArtifactWriter, "array", without(("similar", "targets")))
        artifact = published(parts, tmp_path, reading, as_then)
    found = read_parts(artifact)
    assert (found.similar_graph is not None) == graph
    for name in ("similar_vectors", "targets"):
        assert np.array_equal(getattr(found, name), getattr(parts, name)), name
        assert getattr(found, name).flags.aligned


def without(names, write=ArtifactWriter.array):
    return lambda self, name, values: None if name in names else write(self, name, values)


@pytest.mark.parametrize("shape", [(ITEMS - 1, DIMS), (0, DIMS)])
@pytest.mark.parametrize("name", ["similar", "targets"])
def test_vectors_of_another_model_are_refused_by_name(tmp_path, name, shape):
    field = {"similar": "similar_vectors"}.get(name, name)
    parts = replace(made("sum"), **{field: np.ones(shape, dtype=np.float32)})
    says = rf"{name}\.npy holds {shape[0]} x {shape[1]}, the model is of {ITEMS} x"
    with pytest.raises(ArtifactCorrupt, match=says):
        read_parts(published(parts, tmp_path, "sum"))


def test_targets_of_other_dims_than_the_matrices_are_refused_and_vectors_for_similar_are_not(tmp_path):
    parts, other = made("sum"), np.ones((ITEMS, DIMS + 2), dtype=np.float32)
    with pytest.raises(ArtifactCorrupt, match=rf"targets\.npy holds {ITEMS} x {DIMS + 2}, the model is of {ITEMS} x"):
        read_parts(published(replace(parts, targets=other), tmp_path / "targets", "sum"))
    found = read_parts(published(replace(parts, similar_vectors=other), tmp_path / "similar", "sum"))
    assert found.similar_vectors.shape[1] == DIMS + 2


@pytest.mark.parametrize("reading", READINGS)
def test_a_model_scores_with_mapped_matrices_that_products_can_use_as_they_are(tmp_path, reading):
    artifact = published(made(reading), tmp_path, reading)
    model = Model(artifact)
    scorer, parts, config = model.recommender.scorer, made(reading), settings(reading)
    targets = scorer.vectors["vectors"].targets
    assert lies_in(model.vectors, artifact.path("similar.npy"))
    assert lies_in(targets, artifact.path("outputs.npy" if reading == "in-out" else "targets.npy"))
    assert lies_in(scorer.vectors["alike"].targets, artifact.path("similar.npy"))
    for matrix in (model.vectors, model.inputs, targets, *(part.queries for part in scorer.vectors.values())):
        assert matrix.flags.aligned
        assert matrix.flags.c_contiguous
    unit, counts = parts.similar_vectors, parts.vocabulary.counts
    expected = NextScorer.of(parts.inputs, parts.outputs, unit, counts, config, parts.rules, parts.newest)
    for one_item in (True, False):
        query = [model.recommender.question(np.array([3, 5], dtype=np.int32), one_item)]
        found, wanted = (each.dense(query, one_item) for each in (scorer, expected))
        np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-5)


def test_the_first_k_of_a_stored_list_are_those_that_pass():
    rows = np.array([[3, 1, 4, 2]], dtype=np.int32)
    stored = Neighbours(rows, rows.astype(np.float32))
    allowed = np.array([True, True, True, False, True])
    gone = np.array([1], dtype=np.int32)
    assert stored.first_k(0, 2)[0].tolist() == [3, 1]
    assert stored.first_k(0, 2, allowed)[0].tolist() == [1, 4]
    assert stored.first_k(0, 2, allowed, gone)[0].tolist() == [4, 2]
    assert stored.first_k(0, 3, allowed, gone) is None
    assert stored.first_k(0, 5) is None


def test_a_padded_list_holds_all_there_is_however_many_are_asked_for():
    rows = np.array([[3, 1, -1]], dtype=np.int32)
    stored = Neighbours(rows, rows.astype(np.float32))
    assert stored.first_k(0, 500)[0].tolist() == [3, 1]
    assert stored.first_k(0, 3, gone=np.array([3], dtype=np.int32))[0].tolist() == [1]


def test_a_setting_of_another_release_is_refused_by_name_and_the_message_says_what_to_do(tmp_path):
    artifact = published(made(), tmp_path)
    newer = artifact.manifest.model_copy(
        update={"recommender": {"next_reading": "in-out", "counts": {"after": {"fade": 0.5}}}}
    )
    with pytest.raises(
        ArtifactUnsupported, match=r"recommender\.counts\.after\.fade\. Upgrade item2vec, activate .* or train"
    ):
        Model(Artifact(artifact.directory, newer, artifact.stamps))
