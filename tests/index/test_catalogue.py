"""Metadata by id, and ids by title."""

import datetime as dt
import json
import math
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.catalogue.catalogue import Catalogue
from index.catalogue.file import packed, unpacked
from index.catalogue.lists import Lists
from index.catalogue.texts import Texts
from index.errors import ItemUnknown
from index.vocabulary import Vocabulary

ROWS = [
    {"item_id": "1", "title": "Blue Train", "category": "jazz", "year": 1957},
    {"item_id": "2", "title": "Blue", "category": "folk"},
    {"item_id": "3", "title": "Kind of Blue", "category": None},
    {"item_id": "4", "title": None, "year": 2001},
    {"item_id": "5", "title": "Straße", "category": 7},
    {"item_id": "6", "title": "blue", "category": "pop"},
]


def stored(catalogue, ids=()):
    """As an artifact keeps it, of a model that knows these ids."""
    vocabulary = Vocabulary(ids, np.ones(len(ids), dtype=np.int64))
    content, arrays = packed(catalogue, vocabulary)
    return unpacked(json.loads(json.dumps(content, allow_nan=False)), arrays, vocabulary)


@pytest.fixture(params=["in memory", "stored", "stored, some in the model"])
def catalogue(request):
    given = Catalogue.from_rows(ROWS)
    return given if request.param == "in memory" else stored(given, ["1", "2", "x"] if "model" in request.param else [])


def test_what_the_model_knows_and_the_catalogue_does_not_stays_so():
    catalogue = stored(Catalogue.from_rows(ROWS), ["6", "x", "1"])
    assert ("x" in catalogue, catalogue.metadata("x"), catalogue.field("x", "title")) == (False, {}, None)
    assert sorted(catalogue) == ["1", "2", "3", "4", "5", "6"]
    again = stored(catalogue, ["x", "5"])  # an update hands on the catalogue of the model that it begins with
    assert {item: again.metadata(item) for item in again} == {i: catalogue.metadata(i) for i in catalogue}
    assert "x" not in again


@pytest.mark.parametrize("known", [["6", "x", "1"], ["1", "2", "3"], []])
def test_a_field_of_some_rows_is_that_of_each_of_their_items(known):
    vocabulary = Vocabulary(known, np.ones(len(known), dtype=np.int64))
    other = Vocabulary(["5", "x", "3"], np.ones(3, dtype=np.int64))
    content, arrays = packed(Catalogue.from_rows(ROWS), vocabulary)
    catalogue = unpacked(json.loads(json.dumps(content)), arrays, vocabulary)
    for asked in (vocabulary, other):
        rows = [*range(len(asked) - 1, -1, -1), *range(len(asked))]
        for name in ("title", "category", "year", "nothing"):
            wanted = [catalogue.field(asked.ids[row], name) for row in rows]
            assert catalogue.at_rows(name, asked, rows) == wanted


def test_a_catalogue_of_release_0_1_is_read_as_it_was_written():
    content = {"ids": ["b", "a"], "columns": {"title": ["B", None]}}
    found = unpacked(content, {}, Vocabulary(["a"], np.ones(1, dtype=np.int64)))
    assert (found.title("b"), found.title("a"), found.ids) == ("B", "a", ["b", "a"])


def test_fields_are_there_by_item_and_missing_ones_are_nothing(catalogue):
    assert sorted(catalogue) == ["1", "2", "3", "4", "5", "6"]
    assert catalogue.metadata("1") == {"title": "Blue Train", "category": "jazz", "year": 1957}
    assert catalogue.metadata("4") == {"year": 2001}
    assert catalogue.metadata("nobody") == {}
    assert catalogue.field("2", "year") is None
    assert catalogue.field("2", "no such field") is None
    assert ("3" in catalogue, "nobody" in catalogue) == (True, False)


def test_a_title_is_the_id_where_there_is_none_and_a_category_is_text(catalogue):
    assert [catalogue.title(i) for i in ("1", "4", "nobody")] == ["Blue Train", "4", "nobody"]
    assert [catalogue.category(i) for i in ("1", "3", "5", "nobody")] == ["jazz", None, "7", None]


def test_of_two_rows_with_one_id_the_later_counts():
    catalogue = Catalogue.from_rows([{"item_id": "1", "title": "old", "a": 1}, {"item_id": "1", "title": "new"}])
    assert (catalogue.ids, catalogue.metadata("1")) == (["1"], {"title": "new"})


def test_values_keep_their_types_as_far_as_json_has_them():
    row = {
        "item_id": "1",
        "day": dt.date(2024, 1, 2),
        "at": dt.datetime(2024, 1, 2, 3, 4, tzinfo=dt.UTC),
        "price": Decimal("12.50"),
        "pieces": Decimal("12.00"),
        "genres": ["jazz", "be bop"],
        "sizes": (1, 2.5, None, math.nan),
        "nothing": [],
        "nested": [["a"]],
        "maker": {"name": "Blå"},
        "nan": math.nan,
        "inf": math.inf,
        "bytes": b"caf\xc3\xa9",
        "flag": True,
    }
    kept = {
        "day": "2024-01-02",
        "at": "2024-01-02T03:04:00+00:00",
        "price": 12.5,
        "pieces": 12,
        "genres": ["jazz", "be bop"],
        "sizes": [1, 2.5],
        "nested": ['["a"]'],
        "maker": '{"name": "Blå"}',
        "bytes": "café",
        "flag": True,
    }
    catalogue = Catalogue.from_rows([row])
    assert catalogue.metadata("1") == kept
    assert stored(catalogue).metadata("1") == catalogue.metadata("1")


def test_lists_of_texts_are_kept_packed_and_come_back_as_lists():
    genres = [["jazz", "rock"], ["jazz"], None, ["", "ä"]]
    rows = [{"item_id": str(n), "genres": value} for n, value in enumerate(genres)]
    catalogue = stored(Catalogue.from_rows(rows), ["2", "0"])
    assert isinstance(catalogue.columns["genres"], Lists)
    assert [catalogue.field(str(n), "genres") for n in range(4)] == genres
    assert catalogue.columns["genres"].is_sound()
    for members, ends in (([9], [1]), ([-1], [1]), ([0], [2]), ([0, 0], [2, 1])):
        torn = Lists(Texts.of(["a"]), np.array(members, dtype=np.int32), np.array(ends, dtype=np.int64))
        assert not torn.is_sound()


def test_of_several_titles_or_categories_the_first_is_shown():
    catalogue = stored(Catalogue.from_rows([{"item_id": "1", "title": ["A", "B"], "category": ["x", "y"]}]))
    assert (catalogue.title("1"), catalogue.category("1"), catalogue.find("a")) == ("A", "x", ["1"])


def test_only_items_of_which_it_is_said_are_hidden():
    said = {"a": False, "b": True, "c": None, "d": "false"}
    catalogue = stored(Catalogue.from_rows([{"item_id": i, "available": v} for i, v in said.items()]), ["x", "d", "a"])
    assert [catalogue.is_available(item) for item in ("a", "b", "c", "d", "x")] == [False, True, True, True, True]
    assert catalogue.hidden_rows(Vocabulary(["x", "d", "a"], np.ones(3, dtype=np.int64))).tolist() == [2]


def test_titles_are_found_whole_then_by_their_beginning_then_anywhere(catalogue):
    assert catalogue.find("blue") == ["2", "6"]
    assert catalogue.find(" BLUE T") == ["1"]
    assert catalogue.find("of") == ["3"]
    assert catalogue.find("STRASSE") == ["5"]
    assert catalogue.find("none of it") == catalogue.find("  ") == Catalogue([], {}).find("blue") == []
    assert Catalogue.from_rows([{"item_id": str(i), "title": "x"} for i in range(99)]).find("x", most=3) == [
        "0",
        "1",
        "2",
    ]


def test_an_id_goes_before_a_title_and_two_titles_are_a_question(catalogue):
    assert catalogue.resolve("1") == "1"
    assert catalogue.resolve("kind of") == "3"
    with pytest.raises(ItemUnknown, match=r"2 items could be meant by 'blue': Blue \(2\); blue \(6\)"):
        catalogue.resolve("blue")
    with pytest.raises(ItemUnknown, match="no item has the id or the title 'nothing'"):
        catalogue.resolve("nothing")


TEXT = st.text(st.characters(codec=None, categories=("L", "N", "P", "S", "Z", "C")))  # lone surrogates too


@given(st.dictionaries(TEXT, TEXT | st.none(), max_size=20), st.randoms())
def test_ids_and_titles_of_any_unicode_come_back(titles, random):
    rows = [{"item_id": item, "title": title} for item, title in titles.items()]
    catalogue = stored(Catalogue.from_rows(rows), random.sample(list(titles), len(titles) // 2))
    assert {item: catalogue.field(item, "title") for item in catalogue} == titles
