"""Text files as people have them: without names of the columns, with any delimiter, and with lines before the first."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from support.reading import Read

from index.errors import EventsError, EventsMissing
from training.events.delimited.csvfile import Dialect
from training.events.delimited.csvrecords import read_records
from training.events.text.plain import Text
from training.eventsconfig import EventsConfig

NUMBERS = {"user": "1", "item": "2", "time": "3"}
ROWS = b"a,x,1\nbad\n\nb,,2\n"
REASONS = {2: "malformed", 3: "no_item"}


@pytest.mark.parametrize(
    ("content", "config"),
    [
        (ROWS, NUMBERS),
        (ROWS, NUMBERS | {"header": "no"}),
        (ROWS.replace(b",", b"::"), NUMBERS),
        (ROWS.replace(b",", b"\t"), NUMBERS),
        (ROWS.replace(b",", b"|").replace(b"\n", b"\r\n"), NUMBERS),
        (ROWS.replace(b",", b"\x01"), NUMBERS),
        (b"\xef\xbb\xbf" + ROWS, NUMBERS),
        (ROWS, {"columns": ("u", "i", "t")}),
        (ROWS, {"columns": ("u,i,t",)}),
        (b"U,I,T\n" + ROWS, {"columns": ("u", "i", "t")}),
        (b"who,what,when\n" + ROWS, {"columns": ("u", "i", "t"), "header": "yes"}),
        (b"who,what,when\n" + ROWS, NUMBERS),
        (b"who,what,when\n" + ROWS, NUMBERS | {"header": "yes"}),
        (b"1,2,3\n" + ROWS, NUMBERS),
    ],
)
def test_columns_are_known_by_number_or_by_the_names_that_are_given(read_bytes, content, config):
    log = read_bytes(content, **config)
    assert (log.items, log.times, log.reasons()) == (["x"], [1_000_000], REASONS)


def test_a_first_line_that_looks_like_a_row_says_what_to_type(read_bytes):
    rows = b"7,2024-03-01T00:00:36Z,g1,0\n7,2024-03-01T00:01:36Z,g2,0\n"
    with pytest.raises(EventsMissing, match=r"1: '7', 2: '2024.*', 3: 'g1', 4: '0'\), .*--user 1 --item 3 --time 2"):
        read_bytes(rows)
    with pytest.raises(EventsMissing, match=r"--session 1 --item 3 --time 2"):
        read_bytes(rows, session="s")
    assert read_bytes(rows, user="1", item="3", time="2").items == ["g1", "g2"]
    with pytest.raises(EventsMissing) as refused:
        read_bytes(b"who,what,when\na,x,1\n")
    assert "looks like a row" not in str(refused.value)
    with pytest.raises(EventsMissing, match="looks like JSON: --format jsonl"):
        read_bytes(b'{"u":"a","i":"x","t":1}\n')


def test_names_and_numbers_that_do_not_fit_the_file_are_told_apart(read_bytes):
    with pytest.raises(EventsError, match=r"--columns has 2 names, and its first line 3 values: 1: 'a', 2: 'x'"):
        read_bytes(ROWS, columns=("u", "i"))
    with pytest.raises(EventsMissing, match=r"no column '4' for the time; columns found: 1, 2, 3\. .*by their number"):
        read_bytes(ROWS, **NUMBERS | {"time": "4"})
    with pytest.raises(EventsMissing, match=r"no column 'u' .*columns found: 1, 2, 3\. .*--columns names them"):
        read_bytes(ROWS, header="no")
    with pytest.raises(ValidationError, match="a name of its own"):
        EventsConfig(columns=("a", "A"))


@pytest.mark.parametrize("delimiter", ["::", "~~", "|~|", "||||", "§", "😀", " ", "\\t", "tab", "\x01", ":"])
def test_a_delimiter_may_have_up_to_four_characters(read_bytes, delimiter):
    mark = {"\\t": "\t", "tab": "\t"}.get(delimiter, delimiter)
    text = 'u,i,t\na,x!y,1\nb,"q,r",2\nbad\n\nc,"l\nl",3\nd,,4\n'.replace(",", mark)
    log = read_bytes(text.encode(), delimiter=delimiter)
    assert log.items == ["x!y", f"q{mark}r", "l\nl"]
    assert log.reasons() == {3: "malformed", 5: "no_item"}


@pytest.mark.parametrize("delimiter", ['"', "a\n", "\\", "|||||", "", "😀😀"])
def test_what_cannot_be_a_delimiter_is_refused(delimiter):
    with pytest.raises(ValidationError):
        EventsConfig(delimiter=delimiter)


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
@pytest.mark.parametrize("first", [b"sep=;", b'"SEP=;"', b"\xef\xbb\xbfsep=;", b'\xef\xbb\xbf"sep=;"', b"", b" "])
def test_lines_before_the_header_are_passed_over_and_rows_keep_their_numbers(read_bytes, first, end):
    log = read_bytes(end.join([first, b"u;i;t", b"a;x;1", b"bad", b"", b'b;"y;z";2', b"c;;3", b""]))
    assert (log.items, log.reasons()) == (["x", "y;z"], {2: "malformed", 4: "no_item"})


def test_a_stated_delimiter_is_believed(read_bytes):
    assert read_bytes(b"sep=|\nu,v|i|t\na|x|1\n", user="u,v").items == ["x"]
    assert read_bytes(b"sep=,,\nu,i,t\na,x,1\n").items == ["x"]
    assert read_bytes(b"sep=;\na;x;1\nb;y;2\n", **NUMBERS).items == ["x", "y"]
    assert read_bytes("sep=\t\nu\ti\tt\na\tx\t1\n".encode("utf-16")).items == ["x"]


@pytest.mark.parametrize("mark", [", ", "; ", " | ", " ,  "])
def test_blanks_beside_all_delimiters_are_no_part_of_the_values(read_bytes, mark):
    lines = ["u,i,t", "a,x y,1", 'b,"q,  r ",2', "c,,3", "short"]
    log = read_bytes("\n".join(line.replace(",", mark) if n != 2 else f'b{mark}"q,  r "{mark}2' for n, line in
                               enumerate(lines)).encode())  # fmt: skip
    assert (log.items, log.reasons()) == (["x y", "q,  r "], {3: "no_item", 4: "malformed"})


def test_blanks_beside_some_delimiters_belong_to_the_values(read_bytes):
    assert read_bytes(b"u,i,t\na, x,1\nb, y,2\n").items == [" x", " y"]
    # Further down than the first lines the blank may be missing.
    log = read_bytes(b"u, i, t\n" + b"a, x, 1\n" * 60 + b'b,y,2\nc,"z, 1", 3\n')
    assert (log.items[-2:], log.reasons()) == (["y", "z, 1"], {})


QUOTES = b'u\ti\tt\na\t12" Mix\t1\nb\t"Heroes" (live)\t2\nc\t"open\t3\nd\tSay "x"\t4\ne\t""\t5\nbad\nf\t\t6\n'


def test_without_quoting_quotes_are_characters_like_any_other(read_bytes):
    log = read_bytes(QUOTES, quoting="none")
    assert log.items == ['12" Mix', '"Heroes" (live)', '"open', 'Say "x"', '""']
    assert log.reasons() == {6: "malformed", 7: "no_item"}
    assert read_bytes(b'u,i,t\na,"x,1\nb,y"",2\nc,\\"q,3\n', quoting="none").items == ['"x', 'y""', '\\"q']


def test_plain_quotes_between_tabs_are_recognised_and_others_enclose(read_bytes):
    assert read_bytes(b'u\ti\tt\na\t"Heroes" (live)\t1\nb\t12" Mix\t2\n').items == ['"Heroes" (live)', '12" Mix']
    assert read_bytes(b'u\ti\tt\na\t"x ""y"""\t1\nb\t"p\tq"\t2\n').items == ['x "y"', "p\tq"]
    with pytest.raises(EventsError, match="--quoting none"):
        read_bytes(b"u,i,t\n" + b'a,"x,1\n' + b"b,y,2\n" * 9)


def test_types_behind_names_are_no_part_of_them(read_bytes):
    atomic = b"user_id:token\titem_id:token\ttimestamp:float\n1\t5\t881250949\n"
    plain = {"user": "user_id", "item": "item_id", "time": "timestamp"}
    assert read_bytes(atomic, "log.inter", **plain).items == ["5"]
    full = {"user": "user_id:token", "item": "item_id:token", "time": "timestamp:float"}
    assert read_bytes(atomic, "log.inter", **full).items == ["5"]


PIECES = st.sampled_from(["a", ":", "::", '"', '""', "\n", "\r\n", "é", " ", "\\"])


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(PIECES, max_size=30), st.sampled_from(["::", ":", ":a:"]))
def test_without_quotes_the_count_of_records_is_that_of_the_lines(tmp_path, pieces, delimiter):
    file = tmp_path / "log.csv"
    body = "".join(pieces)
    file.write_bytes(f"u{delimiter}i\n{body}".encode())
    found = read_records(Text(str(file), str(file), str(file)), Dialect(delimiter, "", ""))
    lines = body.replace("\r\n", "\n").split("\n")
    assert found.count == sum(line != "" for line in lines)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(["a::x::1", 'b::"q::""r"""::2', '"m\nn"::y::3', "short", "", "c::::4", "d:::z::5"])))
def test_every_record_is_accepted_or_rejected_under_its_number_with_a_long_delimiter(tmp_path, lines):
    (tmp_path / "log.csv").write_text("\n".join(["u::i::t", *lines]), encoding="utf-8")
    log = Read(tmp_path, (str(tmp_path / "log.csv"),))
    records = [line for line in lines if line]
    kinds = {"short": "malformed", "c::::4": "no_item"}
    assert log.reasons() == {n: kinds[line] for n, line in enumerate(records, 1) if line in kinds}
