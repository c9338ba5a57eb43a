"""item2vec import, from files to answers over HTTP; what we export comes in again."""

import httpx
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support.factories import IDS, write_log
from support.server import Server

import item2vec
from cli.exports import FORMATS, export
from cli.main import main
from index.artifact.registry import Registry
from index.errors import VectorsError
from index.model import Model

ODD = ["two words", "100%", "a/b", "ü😀", "line\nbreak", "%20", *IDS]


def vectors_of(ids, seed: int = 1):
    return np.random.default_rng(seed).normal(size=(len(ids), 6)).astype(np.float32)


@pytest.fixture(scope="module")
def origin(tmp_path_factory):
    """A model with two matrices and ids of every kind."""
    folder = tmp_path_factory.mktemp("origin")
    for name, seed in (("in", 1), ("out", 2)):
        table = {"item_id": ODD, "vector": vectors_of(ODD, seed).tolist()}
        pq.write_table(pa.table(table), folder / f"{name}.parquet")
    command = ["import", str(folder / "in.parquet"), "--outputs", str(folder / "out.parquet")]
    assert main([*command, "--models", str(folder / "models")]) == 0
    return Model(Registry(folder / "models").open())


@pytest.mark.parametrize("format", [name for name in FORMATS if name != "neighbours"])
def test_what_we_export_comes_in_again_with_the_same_neighbours(origin, tmp_path, format):
    for matrix in ("inputs", "outputs"):
        export(origin, format, tmp_path / matrix, matrix, "similar")
    item2vec.import_vectors(tmp_path / "inputs", outputs=tmp_path / "outputs", models=tmp_path / "models")
    model = item2vec.open(tmp_path / "models")
    # Line breaks are blanks in the Embedding Projector's files.
    same = [" ".join(item.split()) if format == "tensorboard" else item for item in origin.vocabulary.ids]
    assert model.vocabulary.ids == same
    np.testing.assert_array_equal(model.inputs, origin.inputs)
    for score in ("similar", "next"):
        np.testing.assert_array_equal(model.stored[score].rows, origin.stored[score].rows)


def test_neighbours_are_no_vectors(origin, tmp_path):
    export(origin, "neighbours", tmp_path / "n.jsonl", "inputs", "similar")
    with pytest.raises(VectorsError, match="no list of numbers"):
        item2vec.import_vectors(tmp_path / "n.jsonl", models=tmp_path / "models")


def test_a_file_and_a_log_are_served_over_http_in_one_command(tmp_path, capsys):
    log, models = write_log(tmp_path / "log" / "log.csv"), tmp_path / "models"
    ids = [item for item in IDS if item != "b9"] + ["unseen"]
    rows = vectors_of(ids)
    rows[:, :2] += np.array([[5, 0] if item[0] == "a" else [0, 5] for item in ids])
    lines = [f"{item} {' '.join(map(repr, row))}" for item, row in zip(ids, rows.tolist(), strict=True)]
    (tmp_path / "glove.txt").write_text("\n".join(lines) + "\n")
    flags = ("--items", str(log.parent / "items.csv"), "--no-baselines", "--prefixes", "300", "--bootstrap", "50")
    command = ["import", str(tmp_path / "glove.txt"), "--events", str(log), "--models", str(models), *flags]
    assert main([*command, "--cold-method", "off"]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "20 vectors of 6 numbers (text without a header (GloVe), text)" in said
    assert "19 items are in both; 1 items of the log have no vector" in said
    assert "1 vectors are of items that are not in the log" in said
    assert "is current" in said
    with Server(models, tmp_path / "server.txt", access_log=False) as server:
        similar = httpx.get(f"{server.url}/similar/a1", params={"k": 5, "explain": True}).json()
        assert {found["item_id"][0] for found in similar["items"]} == {"a"}
        assert max(found["evidence"]["sessions"] for found in similar["items"]) > 20
        assert len(httpx.get(f"{server.url}/similar/unseen").json()["items"]) == 10
        asked = httpx.post(f"{server.url}/recommend", json={"items": ["a1", "a2"], "k": 3}).json()
        assert asked["items"][0]["item_id"][0] == "a"
        popular = httpx.get(f"{server.url}/similar/b9", params={"k": 3}).json()
        assert [found["source"] for found in popular["items"]] == ["category"] * 3
        manifest = httpx.get(f"{server.url}/models/{similar['model_version']}").json()
        assert manifest["imported"]["log_only"] == 1
        assert manifest["training"]["engine"] == "imported"
        # Vectors alone, by force: taken up while it serves. Then nothing is popular.
        bare = ["import", str(tmp_path / "glove.txt"), "--models", str(models), *flags[:2], "--cold-method", "off"]
        assert main([*bare, "--force"]) == 0
        version = Registry(models).current()
        alone = until(server, version)
        assert [found["item_id"][0] for found in alone["items"]] == ["a"] * 5
        answer = httpx.get(f"{server.url}/similar/new", params={"k": 15}).json()  # of the category a
        assert {found["source"] for found in answer["items"]} == {"category"}
        assert (len(answer["items"]), answer["shortfall_reason"]) == (10, "untrained")


def until(server, version):
    """The answer once the version has been taken up."""
    for _ in range(600):
        answer = httpx.get(f"{server.url}/similar/a1", params={"k": 5}).json()
        if answer["model_version"] == version:
            return answer
    raise AssertionError(f"version {version} was not taken up")


def test_a_refused_import_says_why_and_how_to_go_on(tmp_path, capsys):
    log, models = write_log(tmp_path / "log" / "log.csv"), tmp_path / "models"
    quick = ("--no-blend", "--no-baselines", "--prefixes", "300", "--bootstrap", "50")
    assert main(["train", "--events", str(log), "--models", str(models), "--dims", "8", *quick]) == 0
    np.savez(tmp_path / "v.npz", ids=np.array(IDS), vectors=vectors_of(IDS))
    assert main(["import", str(tmp_path / "v.npz"), "--models", str(models)]) == 3
    said = " ".join(capsys.readouterr().out.split())
    assert "was kept but not made current: nothing was measured" in said
    assert "item2vec models activate" in said
    assert main(["train", "--update", "--events", str(log), "--models", str(models)]) == 2  # nothing is later
    assert main(["import", str(tmp_path / "v.npz"), "--models", str(models), "--force"]) == 0
    capsys.readouterr()
    assert main(["train", "--update", "--events", str(log), "--models", str(models)]) == 2
    assert "has imported vectors" in capsys.readouterr().err
    assert main(["evaluate", "--models", str(models)]) == 2
    assert "published without an evaluation" in capsys.readouterr().err


def test_what_is_no_vectors_is_one_line_on_standard_error(tmp_path, capsys):
    (tmp_path / "v.txt").write_text("a 1.5 2\nb 1 2\x1b[31m\n")
    assert main(["import", str(tmp_path / "v.txt"), "--models", str(tmp_path / "models")]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert "in place of a number" in said.err
    assert "\x1b" not in said.err
    assert main(["import", str(tmp_path / "none"), "--models", str(tmp_path / "models")]) == 2
    assert "does not exist" in capsys.readouterr().err
    assert Registry(tmp_path / "models").versions() == []
