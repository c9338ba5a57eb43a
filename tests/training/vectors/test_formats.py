"""What other tools write comes in with every id and number; what is wrong with it is said by name and place."""

import bz2
import csv
import gzip
import json
import lzma
import pickle
import struct
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet as pq
import pytest
from gensim.models import KeyedVectors

from index.errors import VectorsError
from training.progress import Step
from training.vectors import found
from training.vectors.matrix import Matrix, read_matrix, write_matrix
from training.vectors.source import VectorsFile, open_vectors

IDS = ["plain", "42", "ü😀", "</s>", "a,b", "100%", *(f"i{n}" for n in range(25))]
ROWS = np.random.default_rng(1).normal(size=(len(IDS), 5)).astype(np.float32)
ROWS[7] = 0


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch):
    monkeypatch.setattr(found, "BLOCK_BYTES", 7 * 4 * 5)


def read(path: Path, percent: bool | None = None, **where) -> Matrix:
    folder = path.parent / f".read-{path.name}"
    folder.mkdir(exist_ok=True)
    return read_matrix(folder, write_matrix(open_vectors(VectorsFile(path, **where)), percent, folder, Step()))


def check(path: Path, wanted=IDS, **where) -> Matrix:
    matrix = read(path, **where)
    assert matrix.ids == wanted
    np.testing.assert_array_equal(matrix.vectors, ROWS)
    assert matrix.vectors.dtype == np.float32
    assert matrix.zero == 1
    return matrix


def refused(path: Path, **where) -> str:
    with pytest.raises(VectorsError) as error:
        read(path, **where)
    return str(error.value)


def lines(separator: str = " ", ids=IDS, end: str = "\n") -> str:
    rows = zip(ids, ROWS.tolist(), strict=True)
    return "".join(f"{item}{separator}{separator.join(map(repr, row))}{end}" for item, row in rows)


def gensim(path: Path, ids=IDS, binary: bool = False) -> Path:
    vectors = KeyedVectors(ROWS.shape[1])
    vectors.add_vectors(ids, ROWS)
    vectors.save_word2vec_format(str(path), binary=binary)
    return path


@pytest.mark.parametrize("name", ["v.txt", "v.bin", "v.txt.gz", "v.bin.gz"])
def test_what_gensim_writes(tmp_path, name):
    matrix = check(gensim(tmp_path / name, binary=".bin" in name))
    assert matrix.kind == ("word2vec binary" if ".bin" in name else "word2vec text")


def test_a_name_does_not_decide(tmp_path):
    check(gensim(tmp_path / "v.parquet", binary=True))
    (tmp_path / "v.npy").write_text(lines(), encoding="utf-8")
    assert "without a header" in check(tmp_path / "v.npy").kind


def test_original_binary_without_line_breaks_between_words(tmp_path):
    data = b"".join(item.encode() + b" " + row.tobytes() for item, row in zip(IDS, ROWS, strict=True))
    (tmp_path / "v.bin").write_bytes(b"%d 5\n" % len(IDS) + data)
    check(tmp_path / "v.bin")


@pytest.mark.parametrize(
    ("separator", "end"), [(" ", "\n"), (" ", " \n"), ("\t", "\n"), (" ", "\r\n"), (";", "\n"), ("  ", "\n")]
)
def test_text_without_a_header(tmp_path, separator, end):
    (tmp_path / "glove.txt").write_bytes(lines(separator, end=end).encode())
    check(tmp_path / "glove.txt")


def test_commas_and_no_header(tmp_path):
    ids = [item.replace(",", "_") for item in IDS]
    (tmp_path / "v.csv").write_text(lines(",", ids), encoding="utf-8")
    check(tmp_path / "v.csv", ids)


def test_fasttext_vec_with_a_mark_of_utf8_at_the_beginning(tmp_path):
    (tmp_path / "cc.vec").write_bytes(b"\xef\xbb\xbf" + f"{len(IDS)} 5\n".encode() + lines(end=" \n").encode())
    check(tmp_path / "cc.vec")
    (tmp_path / "glove.txt").write_bytes(b"\xef\xbb\xbf" + lines().encode())
    check(tmp_path / "glove.txt")


def test_words_with_blanks_and_with_numbers_at_their_end(tmp_path):
    ids = [". . .", "Windows 95", *IDS[2:]]
    (tmp_path / "glove.txt").write_text(lines(ids=ids), encoding="utf-8")
    check(tmp_path / "glove.txt", ids)


def zstd(data):
    return pa.compress(data, codec="zstd", asbytes=True)


@pytest.mark.parametrize("packed", [gzip.compress, bz2.compress, lzma.compress, zstd])
def test_packed_text_is_known_by_its_bytes(tmp_path, packed):
    (tmp_path / "v.txt").write_bytes(packed(lines().encode()))
    check(tmp_path / "v.txt")


def test_ids_that_our_export_encoded_are_decoded_and_others_are_not(tmp_path):
    encoded = ["two%20words", "100%25", *IDS[2:5], "x", *IDS[6:]]
    assert check(gensim(tmp_path / "a.txt", encoded), ["two words", "100%", *encoded[2:]]).decoded
    plain = ["two%20words", "100%", *encoded[2:]]
    assert not check(gensim(tmp_path / "b.txt", plain), plain).decoded
    assert read(tmp_path / "a.txt", percent=False).ids[:2] == encoded[:2]


ORDERS = {
    "float32": lambda rows: rows,
    "float64": lambda rows: rows.astype(np.float64),
    "big-endian": lambda rows: rows.astype(">f4"),
    "columns first": np.asfortranarray,
    "packed": None,
}


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("ids", ["txt", "json", "npy", "places", "by place"])
def test_an_array_and_its_ids(tmp_path, order, ids):
    path = tmp_path / "vectors.npy"
    np.save(path, ROWS if order == "packed" else ORDERS[order](ROWS))
    if order == "packed":
        path.write_bytes(gzip.compress(path.read_bytes()))
    file = tmp_path / f"ids.{ids if ids in ('txt', 'npy') else 'json'}"
    if ids == "txt":
        file.write_text("\r\n".join(IDS) + "\r\n", encoding="utf-8", newline="")
    elif ids == "npy":
        np.save(file, np.array(IDS))
    else:
        places = {item: n for n, item in enumerate(IDS)}
        forms = {"json": IDS, "places": places, "by place": {n: item for item, n in places.items()}}
        file.write_text(json.dumps(forms[ids]))
    assert check(path, ids=file).dtype == ("float64" if order == "float64" else "float32")
    check(tmp_path)  # the folder: the two are found in it


def test_half_and_whole_numbers_are_converted_and_said(tmp_path):
    (tmp_path / "ids.json").write_text(json.dumps([1, 2]))
    for dtype in (np.float16, np.int8):
        np.save(tmp_path / "vectors.npy", np.array([[1, 2], [3, -4]], dtype=dtype))
        matrix = read(tmp_path / "vectors.npy", ids=tmp_path / "ids.json")
        assert (matrix.ids, matrix.dtype) == (["1", "2"], np.dtype(dtype).name)
        np.testing.assert_array_equal(matrix.vectors, [[1, 2], [3, -4]])


def test_npz_finds_matrix_and_ids_or_asks(tmp_path):
    np.savez(tmp_path / "a.npz", embeddings=ROWS, names=np.array(IDS))
    check(tmp_path / "a.npz")
    np.savez_compressed(tmp_path / "b.npz", w=ROWS, c=ROWS * 2, names=np.array(IDS))
    assert "--vector-column" in refused(tmp_path / "b.npz")
    check(tmp_path / "b.npz", vector_column="w")
    np.savez(tmp_path / "c.npz", ROWS)
    assert "--ids" in refused(tmp_path / "c.npz")
    np.savez(tmp_path / "d.npz", v=ROWS, ids=np.array(IDS, dtype=object))
    assert "dtype=str" in refused(tmp_path / "d.npz")


def tensors(path: Path, **arrays) -> Path:
    header, data = {"__metadata__": {"format": "pt"}}, b""
    names = {"<f4": "F32", "<f2": "F16", "<u2": "BF16", "<i8": "I64"}
    for name, array in arrays.items():
        place = [len(data), len(data) + array.nbytes]
        header[name] = {"dtype": names[array.dtype.str], "shape": list(array.shape), "data_offsets": place}
        data += array.tobytes()
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)
    return path


def test_safetensors_in_single_and_in_half_precision(tmp_path):
    ids = tmp_path / "ids.txt"
    ids.write_text("\n".join(IDS), encoding="utf-8")
    check(tensors(tmp_path / "a.safetensors", step=np.arange(3), emb=ROWS), ids=ids)
    upper = (ROWS.view("<u4") >> 16).astype("<u2")
    matrix = read(tensors(tmp_path / "b.safetensors", emb=upper), ids=ids)
    assert matrix.dtype == "bfloat16"
    np.testing.assert_allclose(matrix.vectors, ROWS, rtol=1e-2)
    two = tensors(tmp_path / "c.safetensors", a=ROWS, b=ROWS)
    assert "--vector-column" in refused(two, ids=ids)
    check(two, ids=ids, vector_column="a")


LISTS = {
    "list": pa.list_(pa.float32()),
    "large": pa.large_list(pa.float64()),
    "fixed": pa.list_(pa.float32(), 5),
}


@pytest.mark.parametrize("kind", LISTS)
@pytest.mark.parametrize("write", [pq.write_table, pyarrow.feather.write_feather])
def test_a_table_with_lists(tmp_path, kind, write):
    table = pa.table({"title": IDS, "id": IDS, "emb": pa.array(ROWS.tolist(), LISTS[kind])})
    write(table, tmp_path / "v")
    assert check(tmp_path / "v").dtype == ("float64" if kind == "large" else "float32")


@pytest.mark.parametrize("first", [0, 1])
@pytest.mark.parametrize("name", ["v{}", "dim_{}", "{}"])
@pytest.mark.parametrize("format", ["parquet", "csv", "tsv", "jsonl"])
def test_a_table_with_a_column_for_each_number_in_any_order(tmp_path, first, name, format):
    # More than ten, so that the order by name is not that of the numbers.
    ids, rows = ["a", "b", "c"], np.arange(36, dtype=np.float32).reshape(3, 12) / 8
    columns = {name.format(n + first): rows[:, n].tolist() for n in reversed(range(12))}
    if (name, format) == ("{}", "csv"):
        columns = dict(reversed(columns.items()))  # as pandas writes it
    path = write_table(tmp_path / f"t.{format}", {"item_id": ids, "price": [1.5, 2.0, 3.0], **columns}, format)
    matrix = read(path)
    assert matrix.ids == ids
    np.testing.assert_array_equal(matrix.vectors, rows)


def write_table(path: Path, columns: dict, format: str) -> Path:
    if format == "parquet":
        pq.write_table(pa.table(columns), path)
    elif format == "jsonl":
        records = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
        path.write_text("\n".join(map(json.dumps, records)) + "\n", encoding="utf-8")
    else:
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, delimiter="," if format == "csv" else "\t")
            writer.writerow(columns)
            writer.writerows(zip(*columns.values(), strict=True))
    return path


@pytest.mark.parametrize("shape", ["[{}]", "{}", "({})"])
@pytest.mark.parametrize("between", [", ", " ", "|"])
def test_csv_with_lists_written_as_text(tmp_path, shape, between):
    texts = [shape.format(between.join(map(repr, row))) for row in ROWS.tolist()]
    check(write_table(tmp_path / "v.csv", {"item_id": IDS, "embedding": texts}, "csv"))
    shortened = ["[0.1 0.2 ... 0.3]" if n == 3 else text for n, text in enumerate(texts)]
    assert "shortened with ..." in refused(write_table(tmp_path / "w.csv", {"id": IDS, "e": shortened}, "csv"))


def test_json_lines_with_a_list(tmp_path):
    check(write_table(tmp_path / "v.jsonl", {"item_id": IDS, "vector": ROWS.tolist()}, "jsonl"))
    whole = write_table(tmp_path / "w.jsonl", {"id": [7, 8.0], "v": [[1, 2], [3, 4]]}, "jsonl")
    assert read(whole).ids == ["7", "8"]


def test_a_folder_of_parts_is_one_table(tmp_path):
    for number, part in enumerate((slice(0, 10), slice(10, None))):
        pq.write_table(pa.table({"id": IDS[part], "v": ROWS[part].tolist()}), tmp_path / f"part-{number}.parquet")
    (tmp_path / "_SUCCESS").touch()
    check(tmp_path)


def test_whole_numbers_as_ids_whatever_a_tool_made_of_them(tmp_path):
    for number, ids in enumerate(([300, 4], [300.0, 4.0], pa.array(["300", "4"]).dictionary_encode())):
        pq.write_table(pa.table({"item_id": ids, "v": [[1.0, 2.0], [3.0, 4.0]]}), tmp_path / f"{number}.parquet")
        assert read(tmp_path / f"{number}.parquet").ids == ["300", "4"]


def test_whole_numbers_with_a_point_in_text(tmp_path):
    whole = write_table(tmp_path / "a.csv", {"item_id": ["300.0", "4.0"], "v0": [1, 2], "v1": [1, 2]}, "csv")
    assert read(whole).ids == ["300", "4"]
    releases = write_table(tmp_path / "b.csv", {"item_id": ["3.0", "4.1"], "v0": [1, 2], "v1": [1, 2]}, "csv")
    assert read(releases).ids == ["3.0", "4.1"]


def test_columns_are_asked_for_where_they_cannot_be_found(tmp_path):
    path = tmp_path / "v.parquet"
    pq.write_table(pa.table({"sku": IDS, "name": IDS, "a": ROWS.tolist(), "b": (ROWS * 2).tolist()}), path)
    assert "lists of numbers in a and b" in refused(path)
    assert "sku, name" in refused(path, vector_column="a")
    check(path, vector_column="a", id_column="sku")
    assert "no column 'x'; it has sku, name, a, b" in refused(path, vector_column="x")
    pq.write_table(pa.table({"id": IDS, "price": ROWS[:, 0]}), path)
    assert "no list of numbers" in refused(path)


WRONG_TEXT = {
    "a line that is short": ("a 1 2 3\nb 1 2\n", "line 2 has 2 numbers, the others have"),
    "a line that is long": ("a 1.5 2.5\nb 1.5 2.5 3.5\n", "line 2 has 3 numbers, the others have 2"),
    "not a number": ("a 1 2\nb 1 2\nc 1 x\n", "line 3 has 'x' in place of a number"),
    "NaN": ("a 1 2\nb 1 nan\n", "no number (NaN) in the vector of item 'b'"),
    "infinite": ("a 1 2\nb -inf 2\n", "infinite value in the vector of item 'b'"),
    "too large": ("a 1 2\nb 1e300 2\n", "vector of item 'b'"),
    "twice": ("a 1 2\nb 1 2\na 3 4\n", "the id 'a' twice, in rows 1 and 3"),
    "too long": (f"a 1 2\n{'x' * 1025} 1 2\n", "row 2 has an id of 1,025 characters"),
    "fewer than it says": ("3 2\na 1 2\nb 1 2\n", "in its first line that it has 3 vectors, and has 2"),
    "more than it says": ("1 2\na 1 2\nb 1 2\n", "has 1 vectors, and has 2"),
    "other dims than it says": ("2 3\na 1 2\nb 1 2\n", "line 2 has 2 numbers, the others have 3"),
    "prose": ("Once upon a time\nthere was a vector\n", "columns"),
    "nothing": ("", "is empty"),
    "counts alone": ("2 3\n", "ends after 0"),
    "one number": ("a 1\nb 2\n", "vectors of 1 numbers"),
}


@pytest.mark.parametrize("wrong", WRONG_TEXT)
def test_text_that_is_wrong(tmp_path, wrong):
    text, said = WRONG_TEXT[wrong]
    (tmp_path / "v.txt").write_text(text)
    assert said in refused(tmp_path / "v.txt")


def test_a_blank_id(tmp_path):
    assert "row 2 has a blank id" in refused(
        write_table(tmp_path / "v.jsonl", {"id": ["a", " "], "v": [[1, 2], [3, 4]]}, "jsonl")
    )


def test_ids_that_are_not_utf8(tmp_path):
    (tmp_path / "v.txt").write_bytes("a 1 2\nü 1 2\n".encode("latin-1"))
    assert "line 2 has an id that is not UTF-8" in refused(tmp_path / "v.txt")


@pytest.mark.parametrize("cut", [1, 30, 300])
def test_a_binary_file_that_is_cut_off(tmp_path, cut):
    whole = gensim(tmp_path / "v.bin", binary=True).read_bytes()
    (tmp_path / "v.bin").write_bytes(whole[:-cut])
    if cut > 1:  # the last line break is no part of a vector
        assert "cut off" in refused(tmp_path / "v.bin")


def test_binary_whose_first_line_lies(tmp_path):
    whole = gensim(tmp_path / "v.bin", binary=True).read_bytes().partition(b"\n")[2]
    (tmp_path / "v.bin").write_bytes(b"%d 5\n" % (len(IDS) - 1) + whole)
    assert "goes on after" in refused(tmp_path / "v.bin")
    for dims in (4, 6):
        (tmp_path / "v.bin").write_bytes(b"%d %d\n" % (len(IDS), dims) + whole)
        refused(tmp_path / "v.bin")


def test_binary_in_the_other_order_of_bytes(tmp_path):
    rows = b"".join(item.encode() + b" " + row.astype(">f4").tobytes() for item, row in zip(IDS, ROWS, strict=True))
    (tmp_path / "v.bin").write_bytes(b"%d 5\n" % len(IDS) + rows)
    assert "big-endian" in refused(tmp_path / "v.bin")


def test_arrays_that_are_wrong(tmp_path):
    path, ids = tmp_path / "v.npy", tmp_path / "i.txt"
    ids.write_text("\n".join(IDS), encoding="utf-8")
    for array, said in (
        (ROWS[:, 0], "has 1 dimensions"),
        (ROWS.astype(np.complex64), "complex64"),
        (ROWS[:, :1], "vectors of 1 numbers"),
        (ROWS[:3], "3 vectors, but there are 31 ids"),
        (ROWS[:0], "0 vectors"),
        (np.where(ROWS[3, 2] == ROWS, np.nan, ROWS), "(NaN) in the vector of item '</s>'"),
        (ROWS.astype(np.float64) * 1e300, "too large for float32"),
    ):
        np.save(path, array)
        assert said in refused(path, ids=ids)
    np.save(path, ROWS)
    assert "--ids" in refused(path)
    path.write_bytes(path.read_bytes()[:-9])
    assert "cut off" in refused(path, ids=ids)
    path.write_bytes(path.read_bytes()[:40])
    assert "numpy array" in refused(path, ids=ids)


def test_tables_that_are_wrong(tmp_path):
    path = tmp_path / "v.parquet"
    for rows, said in (([[1.0, 2.0], [3.0]], "item 'b' has 1 numbers"), ([[1.0, 2.0], None], "item 'b' has no vector")):
        pq.write_table(pa.table({"id": ["a", "b"], "v": rows}), path)
        assert said in refused(path)
    pq.write_table(pa.table({"id": ["a", "b"], "v": [[1.0, 2.0], [3.0, None]]}), path)
    assert "(NaN) in the vector of item 'b'" in refused(path)
    pq.write_table(pa.table({"id": ["a", None], "v": [[1.0, 2.0], [3.0, 4.0]]}), path)
    assert "1 rows without an id" in refused(path)
    path.write_bytes(path.read_bytes()[:-20])
    assert "cannot be read" in refused(path)
    (tmp_path / "v.csv").write_text("item_id,v0,v1\na,1,2\nb,1\n")
    assert "cannot be read" in refused(tmp_path / "v.csv")
    (tmp_path / "v.jsonl").write_text('{"id": "a", "v": [1, 2]}\n{"id": "b", "v": [1]}\n')
    assert "line 2 does not have 2 numbers" in refused(tmp_path / "v.jsonl")
    (tmp_path / "v.jsonl").write_text('{"id": "a", "v": [1, 2]}\n{"id": \n')
    assert "line 2 is not JSON" in refused(tmp_path / "v.jsonl")
    (tmp_path / "v.json").write_text('[{"id": "a", "v": [1, 2]}]')
    assert "JSON lines" in refused(tmp_path / "v.json")


class Ran:
    def __reduce__(self):
        return (Path.touch, (Path("ran"),))


def test_nothing_is_unpickled(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for protocol in (2, 3, 4, 5):
        (tmp_path / "model.kv").write_bytes(pickle.dumps(Ran(), protocol))
        assert "save_word2vec_format" in refused(tmp_path / "model.kv")
    with (tmp_path / "v.npy").open("wb") as file:
        np.save(file, np.array([Ran()], dtype=object), allow_pickle=True)
    (tmp_path / "i.txt").write_text("a\n")
    assert "Python objects" in refused(tmp_path / "v.npy", ids=tmp_path / "i.txt")
    np.save(tmp_path / "v.npy", ROWS)
    with (tmp_path / "i.npy").open("wb") as file:
        np.save(file, np.array([Ran()], dtype=object), allow_pickle=True)
    assert "Python objects" in refused(tmp_path / "v.npy", ids=tmp_path / "i.npy")
    np.savez(tmp_path / "v.npz", v=ROWS, ids=np.array([Ran()] * len(IDS), dtype=object))
    assert "Python objects" in refused(tmp_path / "v.npz")
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"\xba\x16\x4f\x2f\x0c\0\0\0" + b"\0" * 60, "fastText"),
        (b"\x89HDF\r\n\x1a\n" + b"\0" * 60, "HDF5"),
        (b"\x28\xb5\x2f\xfd" + b"\0" * 60, "cut off or damaged"),
        (b"\x7fELF" + bytes(range(256)), "none of the formats"),
        (gzip.compress(lines().encode())[:-20], "cut off or damaged"),
        (b"PK\x03\x04" + b"\0" * 60, "cut off or damaged"),
    ],
)
def test_what_is_no_vectors_is_told_apart_and_never_printed(tmp_path, data, said):
    (tmp_path / "v").write_bytes(data)
    found = refused(tmp_path / "v")
    assert said in found
    assert "\0" not in found


def test_places_that_hold_no_vectors(tmp_path):
    assert "does not exist" in refused(tmp_path / "none")
    (tmp_path / "folder").mkdir()
    assert "a folder with nothing" in refused(tmp_path / "folder")
    for name in ("a.txt", "b.txt"):
        (tmp_path / "folder" / name).write_text("a 1 2\n")
    assert "a folder with a.txt, b.txt: name the file" in refused(tmp_path / "folder")


def test_ids_beside_a_file_that_has_its_own_are_refused(tmp_path):
    pq.write_table(pa.table({"id": IDS, "v": ROWS.tolist()}), tmp_path / "v.parquet")
    (tmp_path / "i.txt").write_text("\n".join(IDS))
    assert "leave out --ids" in refused(tmp_path / "v.parquet", ids=tmp_path / "i.txt")


def test_a_first_row_without_a_vector_is_named(tmp_path):
    for write, name in ((pq.write_table, "v.parquet"), (pyarrow.feather.write_feather, "v.arrow")):
        kind = pa.list_(pa.float32())
        write(pa.table({"id": ["a", "b"], "v": pa.array([None, [1.0, 2.0]], kind)}), tmp_path / name)
        assert "item 'a' has no vector, the others have 2" in refused(tmp_path / name)
        write(pa.table({"id": ["a", "b"], "v": pa.array([None, None], kind)}), tmp_path / name)
        assert "none has a vector" in refused(tmp_path / name)


def test_rows_of_arrow_that_point_outside_of_the_file_are_damage(tmp_path):
    path = tmp_path / "v.arrow"
    table = pa.table({"id": IDS, "v": ROWS.tolist()})
    pyarrow.feather.write_feather(table, path, compression="uncompressed")
    offsets = table["id"].chunk(0).buffers()[1].to_pybytes()[: 4 * len(IDS)]
    path.write_bytes(path.read_bytes().replace(offsets[8:], b"\x55" * (len(offsets) - 8)))
    assert "cannot be read" in refused(path)


@pytest.mark.parametrize("separator", [";", "\t", " "])
@pytest.mark.parametrize("first", ["", "id", "2 3"])
def test_decimal_commas_are_said(tmp_path, separator, first):
    header = separator.join(["id", "v0", "v1", "v2"]) + "\n" if first == "id" else f"{first}\n" if first else ""
    rows = [separator.join([item, "0,25", "-1,5", "1"]) for item in ("a", "b")]
    (tmp_path / "v.txt").write_text(header + "\n".join(rows))
    assert "decimal comma, as 0,25" in refused(tmp_path / "v.txt")


def test_an_object_keyed_by_id_is_said_with_what_turns_it_into_lines(tmp_path):
    path = tmp_path / "v.json"
    for indent in (None, 1):
        path.write_text(json.dumps(dict(zip(IDS, ROWS.tolist(), strict=True)), indent=indent))
        assert "keyed by id" in refused(path)
    path.write_text(json.dumps({"id": "a", **{f"list{n}": [1, 2] for n in range(80)}}))
    assert "list4 and 75 more" in refused(path)


@pytest.mark.parametrize("begin", [0, 1])
@pytest.mark.parametrize("mark", [",", ";", "\t"])
def test_ids_beside_their_numbers_are_no_ids(tmp_path, begin, mark):
    np.save(tmp_path / "v.npy", ROWS)
    ids = tmp_path / "ids.txt"
    ids.write_text("".join(f"{n}{mark}{item}\n" for n, item in enumerate(IDS, begin)), encoding="utf-8")
    assert "a number before each id" in refused(tmp_path / "v.npy", ids=ids)
    # Ids that look so, and are not the rows in their order.
    ids.write_text("".join(f"{7 * n}{mark}x\n" for n in range(len(IDS))), encoding="utf-8")
    assert read(tmp_path / "v.npy", ids=ids).ids[1] == f"7{mark}x"


@pytest.mark.parametrize("offsets", [[0, 99999], [0], None, ["0", "1"], [-4, 616]])
def test_tensors_that_do_not_lie_where_their_header_says(tmp_path, offsets):
    ids = tmp_path / "ids.txt"
    ids.write_text("\n".join(IDS), encoding="utf-8")
    text = json.dumps({"emb": {"dtype": "F32", "shape": list(ROWS.shape), "data_offsets": offsets}}).encode()
    (tmp_path / "v.safetensors").write_bytes(struct.pack("<Q", len(text)) + text + ROWS.tobytes())
    assert "is damaged" in refused(tmp_path / "v.safetensors", ids=ids)
