"""The catalogue is read as a log is: any format, several files, its own columns and form, and nothing lost unsaid."""

import gzip
import json
import zipfile
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from index.errors import EventsError, EventsMissing
from training.eventsconfig import EventsConfig
from training.items.read import read_items, write_rejects


def read(*paths, ids=None, **settings):
    return read_items(EventsConfig(items=tuple(map(str, paths)), memory_mb=500, **settings), ids)


def write(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@pytest.mark.parametrize("kind", ["csv", "csv.gz", "tsv", "parquet", "jsonl"])
def test_metadata_comes_back_from_every_format(tmp_path, kind):
    path = tmp_path / f"items.{kind}"
    if kind == "parquet":
        ids, titles = pa.array([5, None, 7], pa.int64()), ['Ü, "q"\nx', "no id", None]
        pq.write_table(pa.table({"item_id": ids, "title": titles, "price": [1.5, 0.0, None]}), path)
    elif kind == "jsonl":
        rows = [{"item_id": 5, "title": 'Ü, "q"\nx', "price": 1.5}, {"title": "no id"}, {"item_id": 7}]
        write(path, "\n\n".join(map(json.dumps, rows)))
    else:
        text = b'item_id,title,price\n5,"\xc3\x9c, ""q""\nx",1.5\n,no id,\n7,,\n'
        text = text.replace(b",", b"\t").replace(b"\x9c\t", b"\x9c,") if kind == "tsv" else text
        write(path, gzip.compress(text) if kind.endswith("gz") else text)
    found = read(path)
    assert list(found.fields) == ["5", "7"]
    assert [fields.get("title") for fields in found.fields.values()] == ['Ü, "q"\nx', None]
    assert float(found.fields["5"]["price"]) == 1.5
    assert (found.rows, [(r.row, r.reason) for r in found.rejects]) == (3, [(2, "no_item")])


def test_several_files_are_one_catalogue_and_the_later_row_of_an_id_counts(tmp_path):
    write(tmp_path / "shop" / "1.csv", "item_id,title\na,old\nb,B\na,older\n")
    write(tmp_path / "shop" / "2.jsonl", '{"item_id": "a", "title": "new"}\n')
    write(tmp_path / "more.csv", "item_id;title\nc;C\n")
    found = read(tmp_path / "shop", tmp_path / "more.c*")
    assert {item: fields["title"] for item, fields in found.fields.items()} == {"a": "new", "b": "B", "c": "C"}
    assert (found.rows, found.repeated) == (5, 2)


def test_one_path_as_former_settings_have_it_is_understood():
    assert EventsConfig(items="a.csv").items == EventsConfig(items=("a.csv",)).items == ("a.csv",)
    assert EventsConfig(items=None).items == ()


@pytest.mark.parametrize(
    ("header", "item", "taken"),
    [
        ("movieId,title", "item_id", "movieId"),
        ("id,title,category_id", "product", "id"),
        ("title,Product ID,brand_id", "product_id", "Product ID"),
        ("title,sku", "when", "sku"),
        ("item_id:token,movie_title:token_seq", "product", "item_id"),
        ("parent_asin,title,main_category", "itemId", "parent_asin"),
    ],
)
def test_the_column_of_ids_is_found_by_its_name(tmp_path, header, item, taken):
    row = ",".join(f"v{n}" for n in range(header.count(",") + 1))
    found = read(write(tmp_path / "items.csv", f"{header}\n{row}\n"), item=item)
    assert list(found.columns.values()) == [taken]


def test_of_several_columns_of_ids_the_one_whose_values_are_in_the_log_is_taken(tmp_path):
    path = write(tmp_path / "items.csv", "category_id,article_id,brand_id,title\n1,a1,7,x\n1,a2,8,y\n2,a3,7,z\n")
    assert list(read(path, ids=["a3", "a9"]).fields) == ["a1", "a2", "a3"]
    with pytest.raises(EventsMissing, match=r"columns found: category_id, article_id.*--items-id"):
        read(path)  # without a log nothing tells
    assert list(read(path, items_id="title").fields) == ["x", "y", "z"]
    with pytest.raises(EventsMissing, match=r"no column 'nix'.*--items-id"):
        read(path, items_id="nix")


def test_a_column_called_as_in_the_log_gives_way_where_it_holds_other_ids(tmp_path):
    # Some shops call the line of a table `id` in both files.
    path = write(tmp_path / "items.csv", "id,product_id,title\n1,p1,x\n2,p2,y\n")
    assert list(read(path, item="id", ids=["p2", "p3"]).fields) == ["p1", "p2"]
    assert list(read(path, item="id", ids=["2", "3"]).fields) == ["1", "2"]
    assert list(read(path, item="id", ids=["none of it"]).fields) == ["1", "2"]


def test_ids_that_lost_their_zeros_still_tell_their_column(tmp_path):
    path = write(tmp_path / "items.csv", "brand_id,article_id\n1,663713001\n2,663714001\n")
    assert list(read(path, ids=["0663713001"]).columns.values()) == ["article_id"]


@pytest.mark.parametrize("encoding", ["latin-1", "utf-16"])
def test_the_encoding_of_the_log_is_taken_where_it_fits(tmp_path, encoding):
    text = "item_id,title\na,Café\n"
    assert read(write(tmp_path / "a.csv", text.encode(encoding)), encoding=encoding).fields["a"]["title"] == "Café"
    # The log is from one system, the catalogue from another.
    assert read(write(tmp_path / "b.csv", text), encoding=encoding).fields["a"]["title"] == "Café"
    c = write(tmp_path / "c.csv", text.encode(encoding))
    assert read(c, items_encoding=encoding).fields["a"]["title"] == "Café"


def test_the_delimiter_of_the_log_is_taken_where_it_fits(tmp_path):
    caret = write(tmp_path / "a.csv", "item_id^title\na^x,y;z\n")
    assert read(caret, delimiter="^").fields == {"a": {"title": "x,y;z"}}
    comma = write(tmp_path / "b.csv", "item_id,title\na,x^y\n")
    assert read(comma, delimiter="^").fields == {"a": {"title": "x^y"}}
    assert read(caret, delimiter=",", items_delimiter="^").fields == {"a": {"title": "x,y;z"}}
    assert read(write(tmp_path / "c.csv", "item_id\na\nb\n"), delimiter="^").fields == {"a": {}, "b": {}}


def test_the_format_is_told_by_the_name_before_the_log_s_is_taken(tmp_path):
    lines = write(tmp_path / "items.jsonl", '{"item_id": "a", "title": "T"}\n')
    assert read(lines, format="csv").fields == {"a": {"title": "T"}}
    bare = write(tmp_path / "items.dat", "item_id,title\na,T\n")
    assert read(bare, format="csv").fields == read(bare, items_format="csv").fields == {"a": {"title": "T"}}
    assert read(bare).fields == {"a": {"title": "T"}}


def test_every_row_that_is_no_item_is_kept_with_its_number_and_its_reason(tmp_path):
    csv = write(tmp_path / "a.csv", "item_id,title\n1,a\n,b\n2\n\n3,c\n" + "x" * 1025 + ",long\n4,d,e\n  ,f\n5,g\n")
    lines = write(tmp_path / "b.jsonl", '{"item_id":1}\n{bad\n\n{"item_id":[1]}\n{"item_id":true}\n7\n{"title":"no"}\n')
    found = read(csv, lines)
    assert list(found.fields) == ["1", "3", "5"]
    assert found.rejected == {"no_item": 3, "malformed": 4, "too_long": 1, "wrong_type": 2}
    assert [(r.file, r.row, r.reason) for r in found.rejects] == [
        (str(csv), 2, "no_item"),
        (str(csv), 3, "malformed"),
        (str(csv), 5, "too_long"),
        (str(csv), 6, "malformed"),
        (str(csv), 7, "no_item"),
        (str(lines), 2, "malformed"),
        (str(lines), 3, "wrong_type"),
        (str(lines), 4, "wrong_type"),
        (str(lines), 5, "malformed"),
        (str(lines), 6, "no_item"),
    ]
    assert found.rows == 14
    write_rejects(found.rejects, tmp_path / "rejects-items.parquet")
    assert pq.read_table(tmp_path / "rejects-items.parquet").num_rows == 10
    write_rejects([], tmp_path / "rejects-items.parquet")
    assert not (tmp_path / "rejects-items.parquet").exists()


def test_what_cannot_be_read_is_named(tmp_path):
    with pytest.raises(EventsMissing, match="does not exist"):
        read(tmp_path / "none.csv")
    with pytest.raises(EventsError, match="row 2 has a quote that is not closed"):
        read(write(tmp_path / "b.csv", b'item_id,title\n1,a\n2,"b\n3,c\n'))
    pq.write_table(pa.table({"item_id": [True]}), tmp_path / "c.parquet")
    with pytest.raises(EventsError, match="'item_id' is of type BOOLEAN"):
        read(tmp_path / "c.parquet")
    assert read(write(tmp_path / "d.csv", b"")).empty == [str(tmp_path / "d.csv")]


def test_ids_are_written_as_the_log_writes_them(tmp_path):
    pq.write_table(pa.table({"item_id": [5.0, 7.5, float("nan")], "title": ["a", "b", "c"]}), tmp_path / "a.parquet")
    assert list(read(tmp_path / "a.parquet").fields) == ["5", "7.5"]
    write(tmp_path / "b.jsonl", '{"item_id":5.0}\n{"item_id":7}\n{"item_id":NaN}\n')
    assert list(read(tmp_path / "b.jsonl").fields) == ["5", "7"]


def test_a_field_of_any_name_is_a_field(tmp_path):
    path = write(tmp_path / "items.csv", "movieId,item_id,id,title\nm1,9,8,T\n")
    assert read(path, items_id="movieId").fields == {"m1": {"item_id": "9", "id": "8", "title": "T"}}


def test_lists_objects_and_numbers_keep_their_types(tmp_path):
    rows = {
        "item_id": ["a", "b"],
        "genres": [["jazz", "rock"], None],
        "price": pa.array([Decimal("9.50"), None], pa.decimal128(9, 2)),
        "maker": [{"name": "M", "country": {"code": "SE"}}, None],
    }
    pq.write_table(pa.table(rows), tmp_path / "a.parquet")
    assert read(tmp_path / "a.parquet").fields["a"] == {
        "genres": ["jazz", "rock"],
        "price": Decimal("9.50"),
        "maker.name": "M",
        "maker.country.code": "SE",
    }
    line = {"item_id": "a", "genres": [{"id": 28, "name": "Action"}, {"id": 12, "name": "War"}], "tags": ["x"], "n": 1}
    path = write(tmp_path / "b.jsonl", json.dumps(line))
    assert read(path).fields["a"] == {"genres.id": [28, 12], "genres.name": ["Action", "War"], "tags": ["x"], "n": 1}


GENRES = ["Comedy|Drama", "Drama", "Comedy|Romance|Drama", "Romance", "Comedy", "Drama|Romance"]


def test_a_column_that_is_lists_beyond_doubt_is_read_as_lists_and_said(tmp_path):
    rows = "".join(f"m{n},Up | Down | {n},{genres},a|b{n}\n" for n, genres in enumerate(GENRES))
    found = read(write(tmp_path / "movies.csv", f"item_id,title,genres,code\n{rows}"))
    assert [fields["genres"] for fields in found.fields.values()] == [text.split("|") for text in GENRES]
    assert found.fields["m0"]["title"] == "Up | Down | 0"
    assert found.fields["m0"]["code"] == "a|b0"  # nearly every part is another: no list, or not beyond doubt
    assert found.lists == {"genres": "|"}


@pytest.mark.parametrize("cells", [["['jazz', 'rock']", "['jazz']"], ['["jazz", "rock"]', '["jazz"]']])
def test_lists_as_json_and_python_write_them_are_lists(tmp_path, cells):
    quoted = [cell.replace('"', '""') for cell in cells]
    found = read(write(tmp_path / "a.csv", f'item_id,tags\na,"{quoted[0]}"\nb,"{quoted[1]}"\nc,\n'))
    assert [fields.get("tags") for fields in found.fields.values()] == [["jazz", "rock"], ["jazz"], None]


@pytest.mark.parametrize(
    ("cells", "elements"),
    [
        (["a;b, c", "b, c"], [["a", "b, c"], ["b, c"]]),
        (["red, blue", "red"], [["red", "blue"], ["red"]]),
        (["x|y;z", "y;z|x"], [["x", "y;z"], ["y;z", "x"]]),
        (["one", "two"], [["one"], ["two"]]),
        (["[1, 2]", "[3]"], [[1, 2], [3]]),
    ],
)
def test_a_named_field_is_split_at_what_stands_between_its_elements(tmp_path, cells, elements):
    path = write(tmp_path / "a.csv", f'item_id,tags\na,"{cells[0]}"\nb,"{cells[1]}"\nc,\n')
    found = read(path, items_lists=("tags",))
    assert [fields["tags"] for fields in found.fields.values()] == [*elements, None]
    with pytest.raises(EventsMissing, match=r"no field 'genre'; its fields: tags"):
        read(path, items_lists=("genre",))


def test_text_of_json_lines_is_split_only_where_it_is_named(tmp_path):
    lines = "\n".join(json.dumps({"item_id": f"m{n}", "genres": text}) for n, text in enumerate(GENRES))
    path = write(tmp_path / "a.jsonl", lines)
    assert read(path).fields["m0"]["genres"] == "Comedy|Drama"
    assert read(path, items_lists=("genres",)).fields["m0"]["genres"] == ["Comedy", "Drama"]


@pytest.mark.parametrize("words", ["true false", "1 0", "yes no", "TRUE FALSE", "Y N", "1.0 0.0", "12 0"])
def test_available_says_what_it_means_in_many_words(tmp_path, words):
    yes, no = words.split()
    found = read(write(tmp_path / "a.csv", f"item_id,Available\na,{yes}\nb,{no}\nc,\n"))
    assert [fields.get("available") for fields in found.fields.values()] == [True, False, None]
    assert (found.hidden, found.unclear) == (1, {})


def test_stock_in_words_and_unclear_values_are_told_apart(tmp_path):
    cells = ["in stock", "Out of Stock", "OUT_OF_STOCK", "https://schema.org/InStock", "soon", "soon", "-1", "  "]
    rows = "".join(f"i{n},{cell}\n" for n, cell in enumerate(cells))
    found = read(write(tmp_path / "a.csv", f"item_id,available\n{rows}"))
    assert [fields.get("available") for fields in found.fields.values()] == [True, False, False, True, *[None] * 4]
    assert found.unclear == {"soon": 2, "-1": 1}
    booleans = pa.table({"item_id": ["a", "b", "c"], "available": [True, False, None]})
    pq.write_table(booleans, tmp_path / "b.parquet")
    assert read(tmp_path / "b.parquet").hidden == 1


def test_ids_written_as_300_0_are_read_as_300(tmp_path):
    found = read(write(tmp_path / "a.csv", "item_id,title\n300.0,a\n301.0,b\n"))
    assert list(found.fields) == ["300", "301"]
    assert found.whole == [str(tmp_path / "a.csv")]
    mixed = write(tmp_path / "b.csv", "item_id,title\n300.0,a\nx,b\n")
    assert list(read(mixed).fields) == ["300.0", "x"]
    assert list(read(mixed, ids=["300", "5"]).fields) == ["300", "x"]  # the log says what is meant
    assert list(read(mixed, ids=["300.0", "5"]).fields) == ["300.0", "x"]


MOVIES = "1::Toy Story (1995)::Animation|Comedy\n2::Jumanji (1995)::Adventure|Comedy\n3::Android::Comedy|Adventure\n"


def test_a_catalogue_without_names_in_its_first_line_is_read_by_the_number_of_its_columns(tmp_path):
    path = write(tmp_path / "movies.dat", MOVIES.encode("latin-1"))
    log = {"user": "1", "item": "2", "time": "4", "delimiter": "::"}  # user::movie::rating::time
    found = read(path, ids=["2", "1"], **log)
    assert found.columns == {str(path): "1"}
    assert found.fields["2"] == {"2": "Jumanji (1995)", "3": ["Adventure", "Comedy"]}
    named = read(path, items_columns=("movie", "title", "genres"), items_id="movie", delimiter="::")
    assert named.fields["1"] == {"title": "Toy Story (1995)", "genres": ["Animation", "Comedy"]}
    assert read(path, items_id="1").fields == found.fields
    with pytest.raises(EventsMissing, match=r"columns found: 1, Toy Story \(1995\).*by its number"):
        read(path)


def test_a_log_without_names_has_a_catalogue_with_names(tmp_path):
    path = write(tmp_path / "movies.csv", "movieId,title\n1,Toy Story\n2,Jumanji\n")
    for ids in (["2", "9"], None):
        found = read(path, ids=ids, user="1", item="2", time="4", delimiter="\t")
        assert found.fields == {"1": {"title": "Toy Story"}, "2": {"title": "Jumanji"}}


def test_rejects_of_an_archive_have_the_number_in_their_own_file(tmp_path):
    path = tmp_path / "items.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.csv", "item_id,title\na,A\n,no\n")
        archive.writestr("b.csv", "item_id,title\n,no\nb,B,C\nc,C\n")
    found = read(path)
    assert list(found.fields) == ["a", "c"]
    rejects = [(r.file.rpartition("/")[2], r.row, r.reason) for r in found.rejects]
    assert rejects == [("a.csv", 2, "no_item"), ("b.csv", 1, "no_item"), ("b.csv", 2, "malformed")]


@pytest.mark.parametrize(
    ("encoding", "title"),
    [("cp1251", "Война и мир"), ("gb18030", "红楼梦"), ("utf-16-le", "Café"), ("cp1252", "Œuvre")],
)
def test_other_encodings_are_read_by_their_names_and_the_guess_is_kept(tmp_path, encoding, title):
    path = write(tmp_path / "a.csv", f"item_id,title\na,{title}\n".encode(encoding))
    assert read(path, items_encoding=encoding).fields == {"a": {"title": title}}
    assert read(path, encoding=encoding).fields == {"a": {"title": title}}
    assert read(path).guesses
