"""A file or a folder of vectors, whatever its format."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from index.errors import VectorsError
from training.vectors import arrays, binary, jsonlines, tables, tensors, words
from training.vectors.files import head_of
from training.vectors.found import Found
from training.vectors.ids import read_ids


@dataclass(frozen=True)
class VectorsFile:
    """Where vectors are. path: a file, or a folder with a matrix and its ids, or with parts of a table. ids: the file
    of the ids, where they are not with the vectors. id_column, vector_column: names in a table or an archive."""

    path: Path
    ids: Path | None = None
    id_column: str | None = None
    vector_column: str | None = None


@dataclass(frozen=True)
class Opened:
    """found: the vectors, not read yet. ids: of all rows, where they are not with the rows. files: what was opened."""

    found: Found
    ids: list[str] | None
    files: tuple[Path, ...]


def open_vectors(file: VectorsFile) -> Opened:
    """Raises VectorsError for whatever is no vectors, with what to do instead."""
    paths, beside = _files(file.path)
    ids = file.ids or beside
    listed = None
    if len(paths) > 1:
        found = tables.open_parquet(paths, file.id_column, file.vector_column)
    else:
        found, listed = _open(paths[0], file, ids is not None)
    if ids is not None and found.ids_inside:
        raise VectorsError(f"is {found.kind}, which has ids of its own: leave out --ids", paths[0])
    if ids is not None:
        listed = _tensorboard_ids(ids) if ids.name == "metadata.tsv" else read_ids(ids)
    if listed is None and not found.ids_inside:
        raise VectorsError(
            "has no ids: name a file with one for each row with --ids (text with one a line, JSON, or .npy of texts); "
            "of gensim's vectors it is `open('ids.txt', 'w').write('\\n'.join(vectors.index_to_key))`",
            paths[0],
        )
    if listed is not None and found.rows is not None and len(listed) != found.rows:
        raise VectorsError(f"has {found.rows:,} vectors, but there are {len(listed):,} ids for them", paths[0])
    return Opened(found, listed, tuple(paths) if ids is None else (*paths, ids))


NUMPY, ZIP = arrays.MAGIC, b"PK\x03\x04"


def _open(path: Path, file: VectorsFile, ids_given: bool) -> tuple[Found, list[str] | None]:
    head = head_of(path)
    names = (file.id_column, file.vector_column)
    if head.startswith(NUMPY):
        return arrays.open_npy(path), None
    if head.startswith(ZIP):
        return arrays.open_npz(path, file.vector_column, file.id_column)
    if head.startswith(tables.PARQUET):
        return tables.open_parquet([path], *names), None
    if head.startswith(tables.ARROW):
        return tables.open_arrow(path, *names), None
    if tensors.is_tensors(head):
        return tensors.open_tensors(path, file.vector_column), None
    if head.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"{"):
        return jsonlines.open_json_lines(path, head, *names), None
    if head.lstrip().startswith(b"["):
        raise VectorsError("is a JSON array: write JSON lines, an object with an id and a vector on each line", path)
    return _open_text(path, head, file, ids_given), None


def _open_text(path: Path, head: bytes, file: VectorsFile, ids_given: bool) -> Found:
    words.refuse_decimal_commas(path, head)
    if ids_given and b"\0" not in head:
        return words.open_numbers(path, head)
    first, _, rest = head.removeprefix(words.BOM).partition(b"\n")
    counts = words.counts_of(first)
    if counts is not None and not (rest and _is_text(rest)):
        return binary.open_binary(path, *counts)
    if counts is not None or words.is_row(first):
        return words.open_text(path, head)
    if b"\0" in head:
        raise VectorsError("is none of the formats that are read: docs/import.md lists them", path)
    return tables.open_csv(path, head, file.id_column, file.vector_column)


def _is_text(rest: bytes) -> bool:
    """Whether the line after the counts is of text: of the binary format the numbers are bytes of any value."""
    line = rest.split(b"\n", 1)[0]
    return b"\0" not in line and (words.is_row(line) or not line.strip())


def _files(path: Path) -> tuple[list[Path], Path | None]:
    """(files of vectors, the file of ids beside them). Raises VectorsError."""
    if path.is_file():
        return [path], None
    if not path.exists():
        raise VectorsError("does not exist", path)
    if not path.is_dir():
        raise VectorsError("is a pipe or a device, and vectors are read more than once: write them to a file", path)
    files = sorted(file for file in path.iterdir() if file.is_file() and not file.name.startswith((".", "_")))
    parts = [file for file in files if file.suffix in (".parquet", ".pq")]
    if parts and len(parts) == len(files):
        return parts, None
    ids = [file for file in files if file.stem == "ids" or file.name == "metadata.tsv"]
    others = [file for file in files if file not in ids]
    vectors = [file for file in others if file.stem == "vectors"] or others
    if len(vectors) != 1 or len(ids) > 1:
        names = ", ".join(file.name for file in files[:5]) or "nothing"
        raise VectorsError(
            f"is a folder with {names}: name the file of the vectors, and that of the ids with --ids", path
        )
    return vectors, ids[0] if ids else None


def _tensorboard_ids(path: Path) -> list[str]:
    """The first column, below the names of the columns where there are several."""
    lines: Sequence[str] = read_ids(path)
    if lines and "\t" in lines[0]:
        return [line.split("\t", 1)[0] for line in lines[1:]]
    return list(lines)
