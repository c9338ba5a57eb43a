"""Ids of a log and of a catalogue: how many meet, and in which writing the others would."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.items.meeting import WRITINGS, loose, meet


def both(write, count=20):
    return [write(n)[0] for n in range(count)], [write(n)[1] for n in range(count)]


UUID = "0f8fad5b-d9cb-469f-a165-7086772895"
NFC, NFD = (lambda n, form=form: unicodedata.normalize(form, f"Café {n}") for form in ("NFC", "NFD"))


@pytest.mark.parametrize(
    ("cause", "write"),
    [
        ("zeros", lambda n: (f"0{663713001 + n}", f"{663713001 + n}")),
        ("zeros", lambda n: (f"{n + 1}", f"{n + 1:010}")),
        ("float", lambda n: (f"{n}.0", f"{n}")),
        ("float", lambda n: (f"{n}", f"{n}.00")),
        ("blanks", lambda n: (f" i{n}", f"i{n}")),
        ("blanks", lambda n: (f"i{n}", f"i{n}\u00a0")),
        ("blanks", lambda n: (f"\ufeffi{n}", f"i{n}\t")),
        ("case", lambda n: (f"SKU-a{n}", f"sku-A{n}")),
        ("case", lambda n: (f"straße{n}", f"STRASSE{n}")),
        ("unicode", lambda n: (NFC(n), NFD(n))),
        ("unicode", lambda n: (f"{n}".translate({48 + d: 0xFF10 + d for d in range(10)}), f"{n}")),
        ("quotes", lambda n: (f'"i{n}"', f"i{n}")),
        ("quotes", lambda n: (f"i{n}", f"'i{n}'")),
        ("dashes", lambda n: (f"{UUID}{n:02x}", f"{UUID}{n:02x}".replace("-", ""))),
        (
            "dashes",
            lambda n: (f"{{{UUID.upper()}{n:02X}}}", f"{UUID}{n:02x}"),
        ),
        ("dashes", lambda n: (f"978-0-306-40615-{n}", f"978030640615{n}")),
        ("exponent", lambda n: (f"{1 + n / 100:.2f}e+05", f"{100_000 + n * 1000}")),
        ("front", lambda n: (f"tt{n}", f"{n}")),
        ("front", lambda n: (f"item_{n}", f"product:{n}")),
        ("several", lambda n: (f' "0A{n}" ', f"0a{n}")),
    ],
)
def test_the_writing_in_which_ids_would_meet_is_named_with_an_example_of_each_side(cause, write):
    log, catalogue = both(write)
    found = meet(log, [*catalogue, "other"])
    assert (found.cause, found.would, found.pair) == (cause, 20, write(0))
    assert (found.log, found.in_catalogue, found.catalogue, found.in_log, found.share) == (20, 0, 21, 0, 0.0)
    assert found.is_poor
    assert repr(log[0]) in found.advice
    assert repr(catalogue[0]) in found.advice
    assert found.found == "Of 20 items of the log 0 are in the metadata; of the 21 items there 0 are in the log."


def test_where_nothing_would_meet_an_example_of_each_side_is_shown_and_the_columns_are_asked_about():
    found = meet(["p1", "p2"], ["Red Shoe", "Hat"])
    assert (found.cause, found.would, found.pair) == ("", 0, ("p1", "Red Shoe"))
    assert "--items-id" in found.advice


def test_ids_that_meet_are_no_word_worth():
    found = meet(["a", "b"], ["b", "a", "c"])
    assert (found.in_catalogue, found.in_log, found.share, found.is_poor) == (2, 2, 1.0, False)
    nearly = meet([f"i{n}" for n in range(100)], [f"i{n}" for n in range(95)])
    assert (nearly.share, nearly.is_poor) == (0.95, False)
    assert meet([f"i{n}" for n in range(100)], [f"i{n}" for n in range(50)]).is_poor
    # A few that would meet are worth one, however many do.
    assert meet([f"i{n}" for n in range(100)], [f"i{n}" for n in range(99)] + ["I99"]).cause == "case"


def test_a_catalogue_without_items_and_a_log_without_items():
    assert meet(["a"], []).advice == "Is the file complete?"
    assert (meet([], ["a"]).share, meet([], []).would) == (0.0, 0)


@given(st.text(max_size=12))
def test_each_writing_changes_nothing_the_second_time(text):
    for write, _ in WRITINGS.values():
        if write is not WRITINGS["quotes"][0]:
            assert write(write(text)) == write(text)
    assert isinstance(loose(text), str)
