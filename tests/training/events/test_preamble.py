"""Lines in front of a table, and headers that are one name short."""

import pytest

from index.errors import EventsError, EventsMissing, EventsRejected
from training.eventsconfig import EventsConfig

ROWS = b"a,x,1\nb,y,2\nc,z,3\n"
TABLE = b"u,i,t\n" + ROWS


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_comments_in_front_of_a_table_are_left_out_and_said(read_bytes, caplog, mark, end):
    front = b"# -----\n# Acme, of, all\n#20240301\n\n"
    log = read_bytes(mark + (front + TABLE + b"bad\n").replace(b"\n", end))
    assert (log.items, log.reasons()) == (["x", "y", "z"], {4: "malformed"})
    assert "4 lines in front that begin with # are left out" in caplog.text


def test_comments_in_front_of_rows_without_names_are_left_out(read_bytes):
    assert read_bytes(b"# made by hand\n" + ROWS, columns=("u", "i", "t")).items == ["x", "y", "z"]


@pytest.mark.parametrize("config", [{"columns": ("u", "i", "t")}, {"user": "1", "item": "2", "time": "3"}])
def test_a_first_row_whose_id_begins_with_a_hash_is_a_row(read_bytes, config):
    assert read_bytes(b"#1,x,1\n1,y,2\n", **config).items == ["x", "y"]


FRONTS = [
    (b"Report of May\nall users\n\n" + TABLE, r"Line 4 names columns.*tail -n \+4"),
    (b"+---+---+---+\n| u | i | t |\n+---+---+---+\n| a | x | 1 |\n| b | x | 2 |\n", "mysql --batch"),
    (b"--\n-- PostgreSQL database dump\n--\nCOPY public.log (u, i, t) FROM stdin;\na\tx\t1\nb\tx\t1\n", "copy"),
    (b"INSERT INTO log VALUES ('a','x',1);\nINSERT INTO log VALUES ('b','x',1);\n", "holds SQL statements"),
    (b"# ----\n# GA4\n# ----\n\nwho,what,when\n" + ROWS * 9, "columns found: who, what, when"),
]


@pytest.mark.parametrize(("content", "said"), FRONTS)
def test_what_stands_before_a_table_is_named_and_never_taken_for_sessions(read_bytes, content, said):
    with pytest.raises(EventsMissing, match=said) as found:
        read_bytes(content, "log.txt", user="u", item="i", time="t")
    assert "--rows sessions" not in str(found.value)


@pytest.mark.parametrize(("content", "said"), FRONTS[:1] + FRONTS[3:4])
def test_rows_of_sessions_do_not_begin_with_something_else(read_bytes, content, said):
    with pytest.raises(EventsError, match=f"does not begin with a session.*{said}"):
        read_bytes(content, "log.txt", user="u", item="i", time="t", rows="sessions")


def test_hashtags_are_ids(read_bytes):
    log = read_bytes(b"#a #b #c\n#b #a\n", "log.txt", rows="sessions", time="timestamp")
    assert log.items == ["#a", "#b", "#c", "#b", "#a"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b'"u","i","t"\n"1","a","x",1\n"2","b",,2\n"3","c","z",3\n', "R's names of the rows"),
        (b"u,i,t\na,x,1,\nb,,2,\nc,z,3,\n", "a delimiter ends each row"),
    ],
)
def test_a_header_that_is_one_name_short_is_understood(read_bytes, caplog, content, said):
    log = read_bytes(content)
    assert (log.items, log.reasons()) == (["x", "z"], {2: "no_item"})
    assert said in caplog.text


def test_a_row_with_a_value_too_many_is_malformed_as_ever(read_bytes):
    assert read_bytes(b"u,i,t\na,x,1,9\nb,y,2\nc,z,3\n").reasons() == {1: "malformed"}


def test_quotes_that_are_characters_are_named_as_a_cause(read_bytes):
    with pytest.raises(EventsRejected, match="--quoting none"):
        read_bytes(b'u,i,t,title\na,x,1,"19" rack\nb,y,2,"20" rack\n', max_bad_share=0.1)


@pytest.mark.parametrize("typed", ["\\x01", "\\001", "\\u0001", "^A", "\x01"])
def test_a_delimiter_without_a_key_is_understood_as_it_is_typed(typed):
    assert EventsConfig(delimiter=typed).delimiter == "\x01"
