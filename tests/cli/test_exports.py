"""What is exported must open in the tools it is made for, with every id and number in its place."""

import csv
import json
import os
import shutil
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote

import numpy as np
import pyarrow.parquet as pq
import pytest
from gensim.models import KeyedVectors
from hypothesis import given
from hypothesis import strategies as st
from support.factories import quick_config, two_groups

from cli import exports
from cli.exports import FORMATS, Format, export
from cli.main import main
from index.artifact.registry import Registry
from index.errors import ConfigError, DiskFull
from index.model import Model
from index.words import word_of
from training.pipeline.run import run
from training.progress import LogReporter

IDS = ["plain", "two words", "tab\there", "line\nbreak", "100%", "%20", "ü😀", "no\u00a0break", 'q"q', "a,b", "\x01"]
NAMES = IDS + [f"i{n}" for n in range(20 - len(IDS))]


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    folder = tmp_path_factory.mktemp("exports")
    corpus = two_groups(150)
    with (folder / "log.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["user_id", "item_id", "timestamp"])
        for i in range(len(corpus)):
            for j, token in enumerate(corpus.session(i).tolist()):
                writer.writerow([i, NAMES[token], corpus.starts[i] // 1_000_000 + j])
    rows = [{"item_id": "plain", "title": "Tab\there", "category": "c"}, {"item_id": "100%", "title": "\ud800"}]
    (folder / "items.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    config = quick_config(folder / "log.csv", blend=False)
    events = config.events.model_copy(update={"items": (str(folder / "items.jsonl"),)})
    run(config.model_copy(update={"events": events}), folder / "models", LogReporter(), force=True)
    return Model(Registry(folder / "models").open())


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch):
    monkeypatch.setattr(exports, "BLOCK_ROWS", 7)


@pytest.mark.parametrize("format", ["word2vec-text", "word2vec-binary"])
@pytest.mark.parametrize("matrix", ["inputs", "outputs"])
def test_gensim_opens_both_word2vec_formats_with_every_id_and_digit(model, tmp_path, format, matrix):
    out = tmp_path / "new folder" / "vectors"
    assert export(model, format, out, matrix, "similar") == [out]
    found = KeyedVectors.load_word2vec_format(str(out), binary=format.endswith("binary"))
    assert [unquote(word) for word in found.index_to_key] == model.vocabulary.ids
    assert np.array_equal(found.vectors, model.artifact.array(matrix))


@given(st.text(min_size=1))
def test_a_word_has_no_white_space_and_gives_its_id_back(item):
    word = word_of(item)
    assert word.isprintable()
    assert " " not in word
    assert unquote(word) == item


def test_words_without_anything_to_encode_stay_as_they_are():
    assert [word_of(i) for i in ("plain", "ü😀", "a/b?c=d+e", "two words", "100%", "a\n")] == [
        "plain", "ü😀", "a/b?c=d+e", "two%20words", "100%25", "a%0A",
    ]  # fmt: skip


def test_npy_is_a_matrix_and_the_ids_of_its_rows(model, tmp_path):
    files = export(model, "npy", tmp_path / "out", "outputs", "similar")
    assert files == [tmp_path / "out" / "vectors.npy", tmp_path / "out" / "ids.json"]
    vectors = np.load(files[0])
    assert vectors.dtype == np.float32
    assert np.array_equal(vectors, model.artifact.array("outputs"))
    assert json.loads(files[1].read_text()) == model.vocabulary.ids


def test_parquet_has_a_row_per_item_with_what_is_known_of_it(model, tmp_path):
    (file,) = export(model, "parquet", tmp_path / "items.parquet", "inputs", "similar")
    table = pq.read_table(file)
    assert table.column_names == ["item_id", "title", "category", "count", "vector"]
    assert table.schema.metadata[b"item2vec.version"].decode() == model.manifest.version
    rows = {row["item_id"]: row for row in table.to_pylist()}
    assert list(rows) == model.vocabulary.ids
    assert (rows["plain"]["title"], rows["plain"]["category"]) == ("Tab\there", "c")
    assert (rows["100%"]["title"], rows["two words"]["title"], rows["100%"]["category"]) == ("?", None, None)
    assert [row["count"] for row in rows.values()] == model.vocabulary.counts.tolist()
    assert np.array_equal(np.array([r["vector"] for r in rows.values()], np.float32), model.artifact.array("inputs"))


def test_tensorboard_files_have_a_line_per_item_and_a_header_for_the_metadata(model, tmp_path):
    vectors, metadata = export(model, "tensorboard", tmp_path / "projector", "inputs", "similar")
    assert np.array_equal(np.loadtxt(vectors, dtype=np.float32, delimiter="\t"), model.artifact.array("inputs"))
    lines = metadata.read_text(encoding="utf-8").split("\n")
    assert lines[0] == "id\ttitle\tcategory\tcount"
    assert lines[-1] == ""
    fields = [line.split("\t") for line in lines[1:-1]]
    assert {len(f) for f in fields} == {4}
    assert [f[0] for f in fields] == [" ".join(i.split()) for i in model.vocabulary.ids]
    assert next(f for f in fields if f[0] == "plain")[1:3] == ["Tab here", "c"]
    assert [int(f[3]) for f in fields] == model.vocabulary.counts.tolist()


@pytest.mark.parametrize("score", ["similar", "next"])
def test_neighbours_are_those_the_model_answers_with(model, tmp_path, score):
    (file,) = export(model, "neighbours", tmp_path / "n.jsonl", "inputs", score)
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    assert [line["item_id"] for line in lines] == model.vocabulary.ids
    for line in lines:
        found = model.neighbours(line["item_id"], len(line["neighbours"]), score)
        assert [n["item_id"] for n in line["neighbours"]] == [r.item for r in found]
        assert [n["score"] for n in line["neighbours"]] == pytest.approx([r.score for r in found], abs=1e-6)
        assert line["item_id"] not in [n["item_id"] for n in line["neighbours"]]


def test_a_short_list_of_neighbours_has_no_padding(model, tmp_path, monkeypatch):
    stored = model.stored["similar"]
    rows = stored.rows.copy()
    rows[0, 2:] = -1
    monkeypatch.setitem(model.stored, "similar", replace(stored, rows=rows))
    (file,) = export(model, "neighbours", tmp_path / "n.jsonl", "inputs", "similar")
    assert len(json.loads(file.read_text().splitlines()[0])["neighbours"]) == 2


@pytest.mark.parametrize("format", FORMATS)
def test_an_export_replaces_what_has_its_name_and_nothing_else(model, tmp_path, format):
    out = tmp_path / "out"
    if FORMATS[format].names:
        out.mkdir()
        (out / "mine.txt").write_text("kept")
    else:
        out.write_text("old")
    first = [file.read_bytes() for file in export(model, format, out, "inputs", "similar")]
    assert first == [file.read_bytes() for file in export(model, format, out, "inputs", "similar")]
    assert b"old" not in first
    assert not list(tmp_path.rglob("*.writing"))
    assert not out.is_dir() or (out / "mine.txt").read_text() == "kept"


@pytest.mark.parametrize("format", FORMATS)
def test_an_export_that_fails_leaves_the_old_one_and_no_half_of_a_new_one(model, tmp_path, format, monkeypatch):
    files = export(model, format, tmp_path / "out", "inputs", "similar")
    before = [file.read_bytes() for file in files]

    def full(*_):
        raise OSError(28, "No space left on device")

    names, write = FORMATS[format]
    monkeypatch.setitem(FORMATS, format, Format(names, lambda *a: (write(*a), full())))
    with pytest.raises(DiskFull, match="out cannot be written: No space left on device"):
        export(model, format, tmp_path / "out", "outputs", "next")
    assert [file.read_bytes() for file in files] == before
    assert not list(tmp_path.rglob("*.writing"))


def test_places_and_choices_that_cannot_be_are_refused(model, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="is a folder, but parquet is one file"):
        export(model, "parquet", tmp_path, "inputs", "similar")
    with pytest.raises(ConfigError, match=r"is a file, but npy is vectors\.npy and ids\.json"):
        export(model, "npy", tmp_path / "file", "inputs", "similar")
    with pytest.raises(ConfigError, match="cannot be written"):
        export(model, "parquet", tmp_path / "file" / "below", "inputs", "similar")
    for format, matrix, score in (("csv", "inputs", "next"), ("npy", "both", "next"), ("npy", "inputs", "near")):
        with pytest.raises(ConfigError, match="is not one of"):
            export(model, format, Path("unused"), matrix, score)


@pytest.mark.parametrize("name", ["current.json", "versions/mine.txt", "../models/current.json", "link"])
def test_no_export_takes_the_place_of_a_file_of_the_models(model, tmp_path, name, capsys):
    models = tmp_path / "models"
    shutil.copytree(model.artifact.directory.parent.parent, models)
    (models / "link").symlink_to("current.json")
    before = (models / "current.json").read_bytes()
    assert main(["export", "word2vec-text", "--out", str(models / name), "--models", str(models)]) == 2
    assert "is among the models' own files" in capsys.readouterr().err
    assert (models / "current.json").read_bytes() == before
    assert main(["export", "word2vec-text", "--out", str(models / "mine.txt"), "--models", str(models)]) == 0


def test_a_pipe_gets_the_export_and_a_link_is_followed(model, tmp_path):
    pipe, got = tmp_path / "pipe", []
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: got.append(pipe.read_bytes()))
    reader.start()
    assert export(model, "neighbours", pipe, "inputs", "similar") == [pipe]
    reader.join()
    plain = tmp_path / "plain"
    export(model, "neighbours", plain, "inputs", "similar")
    assert got == [plain.read_bytes()]
    assert pipe.is_fifo()

    target, link = tmp_path / "far" / "target", tmp_path / "link"
    target.parent.mkdir()
    target.write_text("before")
    link.symlink_to(target)
    export(model, "neighbours", link, "inputs", "similar")
    assert link.is_symlink()
    assert target.read_bytes() == plain.read_bytes()
    assert sorted(path.name for path in target.parent.iterdir()) == ["target"]
    gone = tmp_path / "dangling"
    gone.symlink_to(tmp_path / "new" / "made")
    export(model, "word2vec-text", gone, "inputs", "similar")
    assert gone.is_symlink()
    assert (tmp_path / "new" / "made").is_file()
    assert export(model, "parquet", Path("/dev/null"), "inputs", "similar") == [Path("/dev/null")]
    assert Path("/dev/null").is_char_device()


ONE_FILE = [format for format, made in FORMATS.items() if not made.names]


@pytest.mark.parametrize("format", ONE_FILE)
def test_every_format_of_one_file_goes_through_a_pipe(model, tmp_path, format):
    plain, pipe, got = tmp_path / "plain", tmp_path / "pipe", []
    export(model, format, plain, "inputs", "similar")
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: got.append(pipe.read_bytes()))
    reader.start()
    export(model, format, pipe, "inputs", "similar")
    reader.join()
    assert got == [plain.read_bytes()]


@pytest.mark.parametrize("out", ["-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"])
def test_the_standard_output_gets_the_export_alone_and_what_is_in_it_stays(model, tmp_path, out):
    """Whether it is a terminal, a pipe or a file that somebody appends to."""
    plain, said = tmp_path / "plain", tmp_path / "said"
    export(model, "word2vec-binary", plain, "inputs", "similar")
    said.write_bytes(b"before\n")
    folder = model.artifact.directory.parent.parent
    command = [sys.executable, "-c", "from item2vec import main; raise SystemExit(main())", "export", "word2vec-binary"]
    command += ["--models", str(folder), "--out", out]
    piped = subprocess.run(command, capture_output=True, check=True)
    assert (piped.stdout, piped.stderr) == (plain.read_bytes(), b"")
    with said.open("ab") as file:
        subprocess.run(command, stdout=file, check=True)
    assert said.read_bytes() == b"before\n" + plain.read_bytes()
    assert Path("/dev/stdout").is_symlink()


def test_links_to_links_and_to_folders_stay_links(model, tmp_path):
    (tmp_path / "real").write_text("before")
    (tmp_path / "folder").mkdir()
    for name, target in (("first", "real"), ("second", "first"), ("to folder", "folder")):
        (tmp_path / name).symlink_to(target)
    export(model, "neighbours", tmp_path / "second", "inputs", "similar")
    export(model, "npy", tmp_path / "to folder", "inputs", "similar")
    assert all((tmp_path / name).is_symlink() for name in ("first", "second", "to folder"))
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(ConfigError, match="loop cannot be written"):
        export(model, "neighbours", tmp_path / "loop", "inputs", "similar")
    assert (tmp_path / "real").read_bytes().startswith(b'{"item_id"')
    assert sorted(path.name for path in (tmp_path / "folder").iterdir()) == ["ids.json", "vectors.npy"]


def test_an_export_that_fails_gives_a_pipe_nothing(model, tmp_path, monkeypatch):
    def broken(*_):
        raise OSError(5, "no more")

    monkeypatch.setitem(exports.FORMATS, "neighbours", Format((), broken))
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(ConfigError, match="no more"):
        export(model, "neighbours", pipe, "inputs", "similar")
    assert pipe.is_fifo()
    assert [path.name for path in tmp_path.iterdir()] == ["pipe"]
