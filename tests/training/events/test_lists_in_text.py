"""Lists of ids that were written as text: what stands in quotes, what was left out, and what is no list of ids."""

import pytest
from support.reading import Read

from index.errors import EventsError


@pytest.fixture
def read(tmp_path):
    def reading(text, name="log.csv", **config):
        (tmp_path / name).write_text(text)
        own = {"rows": "sessions", "user": "user_id", "item": "items", "time": "timestamp"}
        return Read(tmp_path, (str(tmp_path / name),), **own | config)

    return reading


def cell(text):
    return 'user_id,items\nu1,"' + text.replace('"', '""') + '"\nu2,"' + text.replace('"', '""') + '"\n'


@pytest.mark.parametrize("sign", [",", ", ", ";", "|", "\t", " ", " > "])
def test_an_id_in_quotes_may_hold_what_stands_between_ids(read, sign):
    ids = [f"milk{sign}whole", 'say ""cheese""', "plain"]
    log = read(sign.join(f'"{id}"' if id != "plain" else id for id in ids) + "\nplain" + sign + "x\n", item="item_id")
    assert log.items == [f"milk{sign}whole", 'say "cheese"', "plain", "plain", "x"]


def test_a_separator_of_several_characters_is_kept_inside_quotes(read):
    assert read('"a::b"::c\nc::d\n', item="item_id", separator="::").items == ["a::b", "c", "c", "d"]


def test_a_quote_within_an_id_is_a_part_of_it(read):
    assert read('19" rack,20" rack\na,b\n', item="item_id").items == ['19" rack', '20" rack', "a", "b"]


@pytest.mark.parametrize(
    "text",
    ["""['a, b', "it's"]""", '["a, b", "it\'s"]', "['a, b'\n \"it's\"]", """{"a, b",it's}""", """['a, b', 'it\\'s']"""],
)
def test_ids_in_a_list_with_quotes_stay_whole(read, text):
    assert read(cell(text)).items == ["a, b", "it's"] * 2


@pytest.mark.parametrize("text", ["[1 2 3 ... 7 8]", "['a' 'b' ... 'z']", "[1, 2, ..., 9]", "[1 2 \u2026 9]"])
def test_a_list_that_was_cut_when_it_was_printed_is_refused_wherever_it_stands(read, text):
    rows = "".join(f"u{i},[1 2 3]\n" for i in range(1500))
    with pytest.raises(EventsError, match="left out when the list was printed"):
        read(f'user_id,items\n{rows}u,"{text}"\n')


@pytest.mark.parametrize("text", ["[{'id': 'a'}, {'id': 'b'}]", '[{"id": "a"}]', "[['a', 'b'], ['c']]", "[(1, 2)]"])
def test_a_list_of_objects_or_lists_in_a_text_is_refused(read, text):
    with pytest.raises(EventsError, match=r"objects inside the list.*--item items\.id"):
        read(cell(text))


def test_dots_in_ids_are_no_gap(read):
    assert read(cell("[a...b, wait...]")).items == ["a...b", "wait..."] * 2
