"""Vectors and neighbours for other tools: written in blocks, under a temporary name, and renamed when complete.

An existing file of that name is replaced: the user chose the name, and an export can be made again. A link stays, and
the file that it leads to is replaced; a pipe or a device is written to, once all is made: Parquet cannot be written
without going back, and half an export goes nowhere.
"""

import errno
import json
import os
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from index.artifact.directory import LOCK_NAME
from index.artifact.files import os_errors_as
from index.catalogue.values import first_text
from index.errors import ConfigError
from index.model import Model
from index.words import word_of

BLOCK_ROWS = 10_000
BLOCK_BYTES = 1 << 20
OWN = ("versions", "current.json", "runs", LOCK_NAME)  # of a folder of models
MOST_LINKS = 40  # that Linux follows, one from the other
STANDARD_OUTPUT = Path("/dev/stdout")
DESCRIPTORS = re.compile(r"/dev/fd|/proc/(self|[0-9]+|thread-self)(/task/[0-9]+)?/fd")  # folders of open files
Float = NDArray[np.float32]


def export(model: Model, format: str, out: Path, matrix: str, score: str) -> list[Path]:
    """The files written: `out`, or for npy and tensorboard those in the folder `out`. `-` is the standard output.

    matrix: "inputs" or "outputs", for all but neighbours. score: "similar" or "next", for neighbours. Raises
    ConfigError for an unknown format, matrix or score, and for a place that cannot be written.
    """
    for choice, known in ((format, FORMATS), (matrix, ("inputs", "outputs")), (score, ("similar", "next"))):
        if choice not in known:
            raise ConfigError(f"export: {choice!r} is not one of {', '.join(known)}")
    names, write = FORMATS[format]
    out = STANDARD_OUTPUT if str(out) == "-" else out
    files = [out / name for name in names] or [out]
    if not names and out.is_dir():
        raise ConfigError(f"--out {out} is a folder, but {format} is one file: give its name")
    if names and out.exists() and not out.is_dir():
        raise ConfigError(f"--out {out} is a file, but {format} is {' and '.join(names)}: give the name of a folder")
    with os_errors_as(ConfigError, f"{out} cannot be written"), ExitStack() as stack:
        aside = Path(stack.enter_context(TemporaryDirectory(prefix="item2vec-export-")))
        unfinished = [aside / file.name if passes_on(file) else _beside(file) for file in files]
        for path in unfinished:
            path.parent.mkdir(parents=True, exist_ok=True)
            stack.callback(path.unlink, missing_ok=True)
        write(model, unfinished, score if format == "neighbours" else matrix)
        for path, file in zip(unfinished, files, strict=True):
            if path.parent == aside:
                # Appended: where the standard output is a file, what is in it stays.
                with path.open("rb") as made, file.open("ab") as open_file:
                    shutil.copyfileobj(made, open_file, BLOCK_BYTES)
            else:
                os.replace(path, os.path.realpath(file))
    return files


def refuse_own(out: Path, models: Path) -> None:
    """Raises ConfigError for a place among the files of the models themselves: an export would take the place of what
    says which model serves, or of a part of one."""
    place, root = Path(os.path.realpath(out)), Path(os.path.realpath(models))
    if place.is_relative_to(root) and place.parts[len(root.parts) :][:1] in {(name,) for name in OWN}:
        raise ConfigError(f"--out {out} is among the models' own files in {models}: write it elsewhere")


def passes_on(file: Path) -> bool:
    """Whether it is a pipe, a socket, a device or an open file of this process: what is written to it is handed on."""
    if file.exists() and not file.is_file() and not file.is_dir():
        return True
    for _ in range(MOST_LINKS):
        if DESCRIPTORS.fullmatch(str(file.parent)):
            return True
        if not file.is_symlink():
            return False
        file = file.parent / file.readlink()
    return False


def is_standard_output(file: Path) -> bool:
    """Whether whoever reads the standard output reads this file."""
    try:
        return os.path.samestat(os.stat(file), os.fstat(1))
    except OSError:
        return False


def _beside(file: Path) -> Path:
    """A temporary name where the file is, or where its link leads. Raises OSError for links that lead to each other."""
    file = Path(os.path.realpath(file))
    if file.is_symlink():
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
    return file.with_name(f".{file.name}.writing")


def word2vec_text(model: Model, files: list[Path], matrix: str) -> None:
    """A line "items dims", then a line per item: its id as `word_of` writes it, and its numbers with every bit."""
    vectors = model.artifact.array(matrix)
    line = "%s" + " %.9g" * vectors.shape[1] + "\n"
    with files[0].open("w", encoding="utf-8", newline="\n") as file:
        file.write(f"{len(vectors)} {vectors.shape[1]}\n")
        for items, block in _blocks(model, vectors):
            file.writelines(line % (word_of(item), *row) for item, row in zip(items, block.tolist(), strict=True))


def word2vec_binary(model: Model, files: list[Path], matrix: str) -> None:
    """The same, but the numbers are little-endian float32."""
    vectors = model.artifact.array(matrix)
    with files[0].open("wb") as file:
        file.write(b"%d %d\n" % vectors.shape)
        for items, block in _blocks(model, vectors):
            for item, row in zip(items, block.astype("<f4", copy=False), strict=True):
                file.write(word_of(item).encode() + b" " + row.tobytes() + b"\n")


def npy(model: Model, files: list[Path], matrix: str) -> None:
    with files[0].open("wb") as file:
        np.save(file, model.artifact.array(matrix), allow_pickle=False)
    with files[1].open("w", encoding="ascii") as file:
        for place, item in enumerate(model.vocabulary.ids):
            file.write(f"{',' if place else '['}\n{json.dumps(item)}")
        file.write("\n]\n")


def parquet(model: Model, files: list[Path], matrix: str) -> None:
    vectors = model.artifact.array(matrix)
    names = ("item_id", "title", "category", "count", "vector")
    kinds = (pa.string(), pa.string(), pa.string(), pa.int64(), pa.list_(pa.float32()))
    made = {"item2vec.version": model.manifest.version, "item2vec.matrix": matrix}
    schema = pa.schema(zip(names, kinds, strict=True), metadata=made)
    done = 0
    with pq.ParquetWriter(files[0], schema) as writer:
        for items, block in _blocks(model, vectors):
            ends = np.arange(0, block.size + 1, block.shape[1], dtype=np.int32)
            titles = [first_text(model.catalogue.field(item, "title")) for item in items]
            columns = [
                pa.array(map(_encodable, items), pa.string()),
                pa.array((None if title is None else _encodable(title) for title in titles), pa.string()),
                pa.array((_category(model, item) for item in items), pa.string()),
                pa.array(model.vocabulary.counts[done : done + len(items)]),
                pa.ListArray.from_arrays(pa.array(ends), pa.array(block.ravel())),
            ]
            writer.write_batch(pa.RecordBatch.from_arrays(columns, schema=schema))
            done += len(items)


def tensorboard(model: Model, files: list[Path], matrix: str) -> None:
    """For the Embedding Projector. Tabs and line breaks end its fields and lines: in texts they become spaces."""
    vectors = model.artifact.array(matrix)
    line = "\t".join(["%.9g"] * vectors.shape[1]) + "\n"
    counts = iter(model.vocabulary.counts.tolist())
    with _text(files[0]) as numbers, _text(files[1]) as metadata:
        metadata.write("id\ttitle\tcategory\tcount\n")
        for items, block in _blocks(model, vectors):
            numbers.writelines(line % tuple(row) for row in block.tolist())
            for item, count in zip(items, counts, strict=False):
                fields = (item, model.catalogue.title(item), _category(model, item) or "")
                metadata.write("\t".join(" ".join(_encodable(f).split()) for f in fields) + f"\t{count}\n")


def neighbours(model: Model, files: list[Path], score: str) -> None:
    """A line per item: the list that is stored with the model, without what the catalogue calls unavailable."""
    stored, ids = model.stored[score], model.vocabulary.ids
    left_out = {-1, *model.hidden.tolist()}
    scores = _blocks(model, stored.scores)
    with files[0].open("w", encoding="ascii", newline="\n") as file:
        for (items, rows), (_, values) in zip(_blocks(model, stored.rows), scores, strict=True):
            for item, found, near in zip(items, rows.tolist(), values.tolist(), strict=True):
                pairs = [pair for pair in zip(found, near, strict=True) if pair[0] not in left_out]
                listed = [{"item_id": ids[row], "score": round(value, 6)} for row, value in pairs]
                file.write(json.dumps({"item_id": item, "neighbours": listed}) + "\n")


class Format(NamedTuple):
    """names: of the files in the folder; none for a format that is one file. write: called with the model, the files
    and the matrix, or for neighbours the score."""

    names: tuple[str, ...]
    write: Callable[[Model, list[Path], str], None]


FORMATS = {
    "word2vec-text": Format((), word2vec_text),
    "word2vec-binary": Format((), word2vec_binary),
    "npy": Format(("vectors.npy", "ids.json"), npy),
    "parquet": Format((), parquet),
    "tensorboard": Format(("vectors.tsv", "metadata.tsv"), tensorboard),
    "neighbours": Format((), neighbours),
}


def _blocks(model: Model, array: NDArray[Any]) -> Iterator[tuple[list[str], NDArray[Any]]]:
    """(ids, rows) of a memory map, a block at a time."""
    for at in range(0, len(array), BLOCK_ROWS):
        yield model.vocabulary.ids[at : at + BLOCK_ROWS], np.asarray(array[at : at + BLOCK_ROWS])


def _category(model: Model, item: str) -> str | None:
    found = model.catalogue.category(item)
    return None if found is None else _encodable(found)


def _encodable(text: str) -> str:
    """Half of a surrogate pair, which JSON can hold and UTF-8 cannot, becomes a question mark."""
    return text.encode("utf-8", "replace").decode()


def _text(path: Path) -> IO[str]:
    return path.open("w", encoding="utf-8", newline="\n")
