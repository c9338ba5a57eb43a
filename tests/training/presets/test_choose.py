"""Which files a preset takes, what it says of them, and the items it makes: on files of each tool's exact shape."""

import gzip
import json
import os
import zipfile
from pathlib import Path

import pytest
from support import foreign
from support.foreign import WRITERS, group, plays, write, write_table

from index.errors import EventsError, EventsMissing
from training.presets.choose import choose
from training.presets.preset import Log
from training.presets.tools.table import PRESETS

LOG = plays(40)
# What is written -> the variant it is, its files, and what the seventh item says.
EXPECTED = {
    "movielens 100K": ("MovieLens 100K", ["u.data"], {"title": "Café 7 (1995)", "genres": ["Comedy"]}),
    "movielens 1M": (
        "MovieLens 1M or 10M",
        ["ratings.dat"],
        {"title": "Café: 7 (1995)", "genres": ["Comedy", "Drama"]},
    ),
    "movielens 20M": (
        "MovieLens 20M, 25M, 32M or latest",
        ["ratings.csv"],
        {"title": "Café, the 7 (1995)", "genres": ["Comedy", "Drama"]},
    ),
    "gorse jsonl": (
        "Gorse's feedback as JSON lines",
        ["feedback.jsonl"],
        {
            "title": "Item 7",
            "categories": ["Comedy", "all"],
            "tags": ["a", "t7"],
            "by.name": "author 7",
            "available": False,
        },
    ),
    "gorse csv": (
        "Gorse's feedback as CSV",
        ["feedback.csv"],
        {"title": "Item 7", "labels": ["a", "t7"], "available": False},
    ),
    "gorse csv with values": ("Gorse's feedback as CSV", ["feedback.csv"], {"title": "Item 7"}),
    "personalize": (
        "Personalize's interactions",
        ["interactions.csv"],
        {"title": "Product 7", "genres": ["Comedy", "x"], "price": 7.5, "creation_timestamp": 1_600_000_000},
    ),
    "metarank": ("Metarank's events", ["events.jsonl"], {"title": "Item 7", "genres": ["Comedy", "x"]}),
    "metarank without sessions": ("Metarank's events", ["events.jsonl"], {"title": "Item 7"}),
    "recbole": (
        "RecBole's interactions",
        ["ml-x.inter"],
        {"title": 'The "Big 7', "class": ["Comedy", "Drama"], "score": 7.5},
    ),
    "yoochoose": ("YooChoose's clicks", ["yoochoose-clicks.dat"], None),
    "retailrocket": ("RetailRocket's events", ["events.csv"], {"category": "Comedy", "available": False}),
    "instacart": (
        "Instacart's orders",
        ["order_products__prior.csv", "order_products__train.csv"],
        {"title": 'Tea, "green" 7', "aisle": "tea", "department": "Comedy"},
    ),
    "lastfm": (
        "Last.fm 1K",
        ["userid-timestamp-artid-artname-traid-traname.tsv"],
        {"title": "Comedys - The \"Big' 7", "category": "Comedys"},
    ),
}

TYPED = "visitor_id:token\tartist_id:token\tweight:float\ttimestamp:float"


def log_of(chosen, **settings):
    found = {**chosen.settings, **settings}
    return Log(chosen.files, chosen.beside, found.get("item", "item_id"), found)


def items_of(chosen, **settings):
    rows = [] if chosen.variant.items is None else chosen.variant.items(log_of(chosen, **settings))
    return {row.pop("item_id"): row for row in rows}


def names(files):
    return sorted(Path(file).name for file in files)


@pytest.mark.parametrize("written", WRITERS)
def test_a_folder_is_known_by_its_files(tmp_path, written):
    preset, writer = WRITERS[written]
    writer(tmp_path, LOG)
    chosen = choose(PRESETS[preset], [str(tmp_path)])
    title, files, item = EXPECTED[written]
    assert (chosen.variant.title, names(chosen.files)) == (title, files)
    items = items_of(chosen)
    if item is None:
        assert items == {}
        return
    found = next(row for item_id, row in items.items() if item_id.endswith("7") and "17" not in item_id)
    assert {name: found[name] for name in item} == item
    assert len(items) == 20
    assert {row["category"].rstrip("s") for row in items.values()} == {"Comedy", "War"}


@pytest.mark.parametrize("written", WRITERS)
def test_no_other_preset_takes_the_files(tmp_path, written):
    own, writer = WRITERS[written]
    writer(tmp_path, LOG)
    for name, preset in PRESETS.items():
        if name != own:
            with pytest.raises(EventsError, match=r"not a file of|no file of"):
                choose(preset, [str(tmp_path)])


@pytest.mark.parametrize("written", WRITERS)
def test_a_file_that_is_named_may_have_any_name(tmp_path, written):
    preset, writer = WRITERS[written]
    writer(tmp_path, LOG)
    (file, *_) = choose(PRESETS[preset], [str(tmp_path)]).files
    own = tmp_path / "my own" / "log [1].txt"
    own.parent.mkdir()
    Path(file).rename(own)
    chosen = choose(PRESETS[preset], [str(own)])
    assert (chosen.files, chosen.variant.title) == ((str(own),), EXPECTED[written][0])


def test_a_compressed_file_is_looked_into(tmp_path):
    foreign.movielens_20m(tmp_path, LOG)
    plain = tmp_path / "ratings.csv"
    (tmp_path / "ratings.csv.gz").write_bytes(gzip.compress(plain.read_bytes()))
    plain.unlink()
    assert names(choose(PRESETS["movielens"], [str(tmp_path)]).files) == ["ratings.csv.gz"]


@pytest.mark.parametrize(
    ("log", "items"), [("rating.csv", "movie.csv"), ("ratings_small.csv", "movies.csv"), ("ratings.csv", "movies.csv")]
)
def test_names_of_other_copies_of_movielens_are_known_and_a_part_beside_the_whole_is_left(tmp_path, log, items):
    foreign.movielens_20m(tmp_path, LOG)
    whole = (tmp_path / "ratings.csv").read_text()
    (tmp_path / "ratings.csv").rename(tmp_path / log)
    (tmp_path / "movies.csv").rename(tmp_path / items)
    if log == "ratings.csv":
        (tmp_path / "ratings_small.csv").write_text("".join(whole.splitlines(keepends=True)[:20]))
    chosen = choose(PRESETS["movielens"], [str(tmp_path)])
    assert names(chosen.files) == [log]
    assert len(items_of(chosen)) == 20


def test_two_generations_in_a_folder_are_not_mixed(tmp_path):
    foreign.movielens_20m(tmp_path / "ml-20m", LOG)
    foreign.movielens_20m(tmp_path / "ml-25m", LOG)
    with pytest.raises(EventsError, match=r"MovieLens is there more than once, in .*ml-20m and in .*ml-25m"):
        choose(PRESETS["movielens"], [str(tmp_path)])


@pytest.mark.parametrize(
    ("preset", "content", "said"),
    [
        ("movielens", b"\x89PNG\r\n\x1a\n\x00\x01ratings", r"it is an image \(PNG\)"),
        ("movielens", b"\x00\x01\x02ratings", "it is a file of bytes that are no text"),
        ("movielens", b"<!DOCTYPE html><p>404", r"it is a web page \(HTML\)"),
        ("movielens", b"a,b\n1,2\n", r"it begins with 'a,b'"),
        ("movielens", b"1\t2\t9\t1700000000\n", "not a file of MovieLens"),  # no rating is 9
        ("movielens", b"", "it is empty"),
        ("gorse", b'{"UserId": "u"}\n', "not a file of Gorse"),
        ("gorse", b"[1, 2]\n", "not a file of Gorse"),
        ("metarank", b'{"event": "interaction"}\n', "not a file of Metarank"),
        ("personalize", b"USER_ID,ITEM_ID\nu,i\n", "not a file of Amazon Personalize"),
        ("recbole", b"user_id\titem_id\n", "not a file of RecBole"),
        ("recbole", b"user_id:token\titem_id:token\trating:float\nu\ti\t1\n", "it has no times"),
        ("recbole", b"session_id:token\titem_id_list:token_seq\titem_id:token\ns\ta b\tc\n", "it holds prefixes"),
        ("yoochoose", b"1,2014-04-07,214536502\n", "not a file of YooChoose"),
        (
            "lastfm",
            b"userID\tartistID\tweight\n2\t51\t13883\n",
            "how often each person played each artist",
        ),
        ("instacart", b"order_id,user_id\n1,2\n", "not a file of Instacart"),
        ("retailrocket", b"timestamp,visitorid,event\n1,2,view\n", "not a file of RetailRocket"),
    ],
)
def test_a_wrong_file_is_a_sentence(tmp_path, preset, content, said):
    file = tmp_path / "file.dat"
    file.write_bytes(content)
    with pytest.raises(EventsError, match=said) as caught:
        choose(PRESETS[preset], [str(file)])
    assert str(caught.value).isprintable()
    assert "file.dat" in str(caught.value)


def test_counts_of_plays_are_refused_with_the_reason(tmp_path):
    foreign.lastfm_counts(tmp_path, LOG)
    with pytest.raises(EventsError, match=r"Last\.fm with counts.*and not when: take the plays themselves"):
        choose(PRESETS["lastfm"], [str(tmp_path)])


def test_what_is_not_there_is_said_with_the_names_that_would_be(tmp_path):
    with pytest.raises(EventsMissing, match=r"has no files"):
        choose(PRESETS["gorse"], [str(tmp_path)])
    write(tmp_path / "notes.txt", ["x"])
    with pytest.raises(EventsMissing, match=r"no file of Gorse .*; there are notes\.txt"):
        choose(PRESETS["gorse"], [str(tmp_path)])
    with pytest.raises(EventsMissing, match="does not exist"):
        choose(PRESETS["gorse"], [str(tmp_path / "nowhere")])


def test_a_second_file_that_is_another_s_is_named(tmp_path):
    foreign.gorse_json(tmp_path, LOG)
    other = write_table(tmp_path / "orders.csv", ("a", "b"), [(1, 2)])
    with pytest.raises(EventsError, match=r"orders\.csv: not a file of Gorse"):
        choose(PRESETS["gorse"], [str(tmp_path / "feedback.jsonl"), str(other)])


def test_parts_of_a_data_set_of_recbole_are_one_log_and_two_data_sets_are_not(tmp_path):
    for part in ("train", "test"):
        write(tmp_path / f"x.{part}.inter", [TYPED, "1\t2\t3\t4"])
    assert names(choose(PRESETS["recbole"], [str(tmp_path)]).files) == ["x.test.inter", "x.train.inter"]
    write(tmp_path / "y.inter", [TYPED, "1\t2\t3\t4"])
    with pytest.raises(EventsError, match="RecBole is there more than once"):
        choose(PRESETS["recbole"], [str(tmp_path)])


def test_an_archive_of_several_files_is_to_be_unpacked(tmp_path):
    foreign.movielens_20m(tmp_path / "ml-20m", LOG)
    with zipfile.ZipFile(tmp_path / "ml-20m.zip", "w") as archive:
        for file in sorted((tmp_path / "ml-20m").iterdir()):
            archive.write(file, f"ml-20m/{file.name}")
            file.unlink()
    with pytest.raises(EventsError, match=r"ml-20m\.zip: is an archive of 3 files .*unpack it, and name the folder"):
        choose(PRESETS["movielens"], [str(tmp_path / "ml-20m.zip")])
    with pytest.raises(EventsMissing, match=r"there are ml-20m\.zip; unpack the archive first"):
        choose(PRESETS["movielens"], [str(tmp_path)])
    with zipfile.ZipFile(tmp_path / "one.zip", "w") as archive:
        archive.writestr("u.data", "1\t2\t3\t1700000000\n")
    assert choose(PRESETS["movielens"], [str(tmp_path / "one.zip")]).variant.title == "MovieLens 100K"


def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(EventsError, match="is a pipe"):
        choose(PRESETS["gorse"], [str(tmp_path / "pipe")])


def test_broken_rows_of_metadata_are_left_for_its_reader_to_count(tmp_path):
    foreign.movielens_20m(tmp_path, LOG)
    foreign.movielens_100k(tmp_path / "old", LOG)
    with (tmp_path / "movies.csv").open("a") as file:
        file.write("99,too,many,fields\n")
    with (tmp_path / "old" / "u.item").open("a") as file:
        file.write("99\n")
    for folder in (tmp_path / "ratings.csv", tmp_path / "old"):
        chosen = choose(PRESETS["movielens"], [str(folder)])
        rows = list(chosen.variant.items(log_of(chosen)))
        assert (len(rows), rows[-1]) in ((21, {}), (21, {"item_id": "99"}))


def test_columns_of_recbole_are_found_by_their_types(tmp_path):
    file = write(
        tmp_path / "x.inter", ["visitor_id:token\tartist_id:token\tweight:float\ttimestamp:float", "1\t2\t3\t4"]
    )
    settings = choose(PRESETS["recbole"], [str(file)]).settings
    assert (settings["user"], settings["item"], settings["time"]) == (
        "visitor_id:token",
        "artist_id:token",
        "timestamp:float",
    )
    file = write(tmp_path / "y.inter", ["session_id:token\titem_id:token\ttimestamp:float", "1\t2\t4"])
    settings = choose(PRESETS["recbole"], [str(file)]).settings
    assert (settings.get("user"), settings["session"]) == (None, "session_id:token")


def test_columns_of_personalize_go_by_any_letter_case_and_its_schema_tells_lists_from_texts(tmp_path):
    write_table(tmp_path / "a.csv", ("user_id", "item_id", "timestamp"), [("u", "i", 1_700_000_000)])
    write_table(tmp_path / "b.csv", ("ITEM_ID", "GENRES", "DESCRIPTION"), [("i", "a|b", "one | two")])
    fields = [
        {"name": "ITEM_ID", "type": "string"},
        {"name": "GENRES", "type": ["null", "string"], "categorical": True},
        {"name": "DESCRIPTION", "type": ["null", "string"], "textual": True},
    ]
    schema = {"type": "record", "name": "Items", "fields": fields}
    (tmp_path / "items-schema.json").write_text(json.dumps(schema, indent=2))
    chosen = choose(PRESETS["personalize"], [str(tmp_path)])
    assert (chosen.settings["user"], "event_type" in chosen.settings) == ("user_id", False)
    foreign.personalize(tmp_path / "typed", LOG)
    typed = choose(PRESETS["personalize"], [str(tmp_path / "typed")]).settings
    assert (typed["event_type"], typed["conversion_types"]) == ("EVENT_TYPE", ("Purchase",))
    assert items_of(chosen)["i"] == {"genres": ["a", "b"], "description": "one | two", "category": "a"}


def test_artists_can_be_the_items_of_lastfm(tmp_path):
    foreign.lastfm(tmp_path, LOG)
    items = items_of(choose(PRESETS["lastfm"], [str(tmp_path)]), item="artist_id")
    assert items == {f"artist-{group(i)}": {"title": f"{group(i)}s", "category": f"{group(i)}s"} for i in (1, 20)}
