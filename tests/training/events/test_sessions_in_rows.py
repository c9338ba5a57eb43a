"""A row that is a session: its ids in a list, or in a text."""

import gzip
import io
import json
import zipfile

import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.parquet as pq
import pytest
from support.reading import CONNECTION, Read

from index.errors import ConfigError, EventsError, EventsMissing
from training.configfile import load_config
from training.events.sources import known_rows, open_sources
from training.eventsconfig import EventsConfig

T = 1_700_000_000
MICROS = T * 1_000_000
BASKETS = [["a", "b", "c"], ["d"], ["b", "a"]]


@pytest.fixture
def read(tmp_path):
    """Writes a file and reads its rows as sessions; columns are those that a log has by default."""

    def reading(content, name, **config):
        path = tmp_path / name
        if isinstance(content, pa.Table):
            (feather.write_feather if name.endswith("feather") else pq.write_table)(content, path)
        else:
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
        own = {"rows": "sessions", "user": "user_id", "item": "item_id", "time": "timestamp"}
        return Read(tmp_path, (str(path),), **own | config)

    return reading


def sessions(log):
    """The items of each session, in the order of their times."""
    found = {}
    for session, _time, item in sorted(zip(log.sessions, log.times, log.items, strict=True), key=lambda e: e[1]):
        found.setdefault(session, []).append(item)
    return sorted(found.values())


def together(sign, baskets=BASKETS):
    return "".join(sign.join(basket) + "\n" for basket in baskets)


@pytest.mark.parametrize("sign", [" ", "\t", ",", ", ", "|", ";", " > ", "  "])
@pytest.mark.parametrize("name", ["log.txt", "log.csv", "log.txt.gz"])
def test_a_line_of_ids_is_a_session_whatever_stands_between_them(read, caplog, sign, name):
    text = together(sign).encode()
    log = read(gzip.compress(text) if name.endswith("gz") else text, name)
    assert sessions(log) == sorted(BASKETS)
    assert log.counts.rows == 6
    assert "a line is read as one session of ids" in caplog.text
    assert "the order of the ids in a row is their order in time" in caplog.text


@pytest.mark.parametrize(
    "text",
    [
        together(" ").rstrip("\n"),
        "\n\n" + together(" ").replace("\n", "\n \n\n"),
        together("  ").replace("\n", "  \r\n "),
    ],
    ids=["no last line break", "blank lines", "blanks around"],
)
def test_blank_lines_and_blanks_around_a_line_are_nothing(read, text):
    log = read("\ufeff" + text, "log.txt")
    assert sessions(log) == sorted(BASKETS)
    assert log.rejects == []


@pytest.mark.parametrize("encoding", ["utf-16", "cp1252", "gbk"])
def test_lines_of_ids_may_be_in_any_encoding(read, encoding):
    baskets = [["\u00fc", "b"], ["b", "c"]] if encoding != "gbk" else [["\u65e5\u672c", "b"], ["b", "\u4e2d"]]
    log = read(together(" ", baskets).encode(encoding), "log.txt", encoding=encoding)
    assert sessions(log) == sorted(baskets)


def test_several_files_of_sessions_in_one_archive_are_to_be_unpacked(read):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("1.txt", "a b\n")
        archive.writestr("2.txt", "c d\n")
    with pytest.raises(EventsError, match="are not alike; unpack it"):
        read(packed.getvalue(), "log.zip")


def test_ids_between_signs_may_hold_blanks_quotes_and_any_letters(read):
    baskets = [['5" pipe', "it's", "Müller & Co"], ["c:\\x", "(d)", "日本 語"]]
    assert sessions(read(together(",", baskets), "log.txt")) == sorted(baskets)


def test_the_separator_can_be_named(read):
    for sign, typed in (("::", "::"), ("\t", "\\t"), (" ", " "), ("->", "->"), (".", ".")):
        baskets = [["a|1", "b,2"], ["b,2", "c;3"]]
        assert sessions(read(together(sign, baskets), "log.txt", separator=typed)) == sorted(baskets)
    with pytest.raises(ConfigError, match="separator needs rows = sessions"):
        load_config(None, {"events": {"separator": ","}})


def test_an_empty_id_is_a_reject_with_the_number_of_its_line(read):
    log = read("a,b\n,c\n\nd,,e,\n", "log.txt")
    assert sessions(log) == [["a", "b"], ["c"], ["d", "e"]]
    assert [(row["row"], row["reason"]) for row in log.rejects] == [(2, "no_item"), (3, "no_item"), (3, "no_item")]


def lists(kind):
    table = pa.table({"user_id": ["u", "v", "u"], "item_id": BASKETS, "timestamp": [T, T + 60, T + 120]})
    match kind:
        case "list":
            return table
        case "large list":
            return table.set_column(1, "item_id", pa.array(BASKETS, pa.large_list(pa.string())))
        case "structs":
            return table.set_column(1, "lines", pa.array([[{"item": i, "n": 1} for i in b] for b in BASKETS]))


@pytest.mark.parametrize("kind", ["list", "large list", "structs"])
@pytest.mark.parametrize("name", ["log.parquet", "log.feather"])
def test_a_list_of_a_typed_file_is_a_session(read, kind, name):
    log = read(lists(kind), name, item="lines.item" if kind == "structs" else "item_id")
    assert sessions(log) == sorted(BASKETS)
    assert len(set(log.users)) == 2
    # A microsecond apart, so that their order holds.
    assert log.times == [
        MICROS,
        MICROS + 1,
        MICROS + 2,
        MICROS + 60_000_000,
        MICROS + 120_000_000,
        MICROS + 120_000_001,
    ]


@pytest.mark.parametrize("form", ["lines", "array", "objects"])
def test_a_list_in_json_is_a_session(read, form):
    rows = [
        {"user_id": "u", "item_id": [{"id": i} for i in basket] if form == "objects" else basket} for basket in BASKETS
    ]
    text = json.dumps(rows) if form == "array" else "".join(json.dumps(row) + "\n" for row in rows)
    log = read(text, "log.json", item="item_id.id" if form == "objects" else "item_id")
    assert sessions(log) == sorted(BASKETS)
    assert len(set(log.users)) == 1


def test_numbers_in_lists_are_ids_as_elsewhere(read):
    table = pa.table({"item_id": [[1.0, 2.5], [1.0, float("nan"), None]]})
    assert sorted(read(table, "log.parquet").items) == ["1", "1", "2.5"]
    log = read('{"item_id": [1.0, 2.5]}\n{"item_id": [1, null, {"x": 1}, [2], true]}\n', "log.jsonl")
    assert sorted(log.items) == ["1", "1", "2.5"]
    assert [row["reason"] for row in log.rejects] == ["no_item", "wrong_type", "wrong_type", "wrong_type"]


def test_lists_beside_each_other_give_each_item_its_own_time_type_and_weight(read):
    table = pa.table(
        {
            "item_id": [["a", "b"], ["c", "d", "e"], ["f"]],
            "timestamp": [[T + 9, T], [T, T + 1], [T, T + 1]],
            "kind": [["view", "buy"], ["view", "view", "buy"], ["buy"]],
            "n": [2.0, 3.0, 4.0],
        }
    )
    log = read(table, "log.parquet", event_type="kind", conversion_types=("buy",), weight="n")
    assert list(zip(log.items, log.times, log.converted, log.weights, strict=True)) == [
        ("a", MICROS + 9_000_000, False, 2.0),
        ("b", MICROS, True, 2.0),
        ("c", MICROS, False, 3.0),
        ("d", MICROS + 1_000_000, False, 3.0),
        ("f", MICROS, True, 4.0),
    ]
    # A time too few, and one too many.
    assert [(row["row"], row["reason"]) for row in log.rejects] == [(2, "bad_time"), (3, "no_item")]


def test_rows_without_ids_and_malformed_rows_are_one_reject_each(read):
    rows = ['{"item_id": ["a", "b"]}', '{"item_id": []}', '{"user_id": "u"}', "{broken", '{"item_id": ["c", null]}']
    log = read("\n".join(rows) + "\n", "log.jsonl")
    assert [(row["row"], row["reason"]) for row in log.rejects] == [
        (2, "no_item"), (3, "no_item"), (4, "malformed"), (5, "no_item"),
    ]  # fmt: skip
    assert log.rejects[2]["detail"] == "in: {broken"
    log = read(pa.table({"item_id": [["a", "b"], [], None, ["c", None, " "]]}), "log.parquet")
    assert [(row["row"], row["reason"]) for row in log.rejects] == [(2, "no_item"), (3, "no_item")] + [
        (4, "no_item")
    ] * 2


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ("a b c", "blanks"),
        ("a|b|c", "'|'"),
        ('"a, b,c"', "','"),
        ("\"['a', 'b', 'c']\"", "',' in brackets"),
        ('"[""a"",""b"", ""c""]"', "',' in brackets"),
        ("['a' 'b' 'c']", "blanks in brackets"),
        ('"{a,b,c}"', "',' in brackets"),
    ],
)
def test_ids_in_a_column_of_a_csv_file_are_a_session(read, caplog, form, said):
    """As basket exports, pandas, JSON, numpy and PostgreSQL write lists."""
    text = f"user_id,item_id,timestamp\nu,{form},{T}\nv,{form},{T + 60}\nw,,{T}\nx,{form}\n"
    log = read(text, "log.csv")
    assert sessions(log) == [["a", "b", "c"]] * 2
    assert f"column 'item_id' is read as one session of ids with {said} between them" in caplog.text
    assert [(row["row"], row["reason"]) for row in log.rejects] == [(3, "no_item"), (4, "malformed")]
    assert log.counts.records == 4


def test_a_given_session_is_kept_and_rows_of_several_files_are_sessions_of_their_own(read, tmp_path):
    table = pa.table({"item_id": [["a"], ["b"], ["c"]], "timestamp": [T, T + 1, T + 2], "visit": ["s", "s", "t"]})
    assert sessions(read(table, "log.parquet", session="visit")) == [["a", "b"], ["c"]]
    for name in ("1.txt", "2.txt"):
        (tmp_path / name).write_text("a b\nc d\n")
    paths = (str(tmp_path / "1.txt"), str(tmp_path / "2.txt"))
    assert len(set(Read(tmp_path, paths, rows="sessions", time="timestamp").sessions)) == 4


def test_a_log_of_events_says_by_which_line_its_sessions_are_read(read):
    events = {"rows": "events"}
    with pytest.raises(EventsMissing, match=r"lines look like sessions, .*: --rows sessions reads them"):
        read("a b c\nb a\nc a b\n", "log.txt", **events)
    with pytest.raises(EventsError, match=r"'item_id' is of type VARCHAR\[\], .* --rows sessions reads the list"):
        read(lists("list"), "log.parquet", **events)
    with pytest.raises(EventsMissing, match="its items in the list 'lines': --rows sessions --item lines"):
        read(pa.table({"user_id": ["u"], "lines": [["a"]]}), "log.parquet", **events)
    with pytest.raises(EventsError, match=r"'item_id' is of type JSON\[\], .* --rows sessions reads the list"):
        read('{"user_id": 1, "item_id": ["a", "b"], "timestamp": 1}\n', "log.jsonl", **events)
    with pytest.raises(EventsMissing, match=r"columns found: u1, i1, 17\. ") as error:
        read("u1,i1,17\nu1,i2,18\nu2,i1,19\n", "log.csv", **events)
    assert "sessions" not in str(error.value)


def test_rows_that_are_no_sessions_say_so(read):
    with pytest.raises(EventsError, match="'item_id' is of type BIGINT, neither a list of ids nor a text"):
        read(pa.table({"user_id": ["u"], "item_id": [1], "timestamp": [T]}), "log.parquet")
    with pytest.raises(EventsMissing, match="no column 'item_id' for the item; columns found: user_id, products"):
        read("user_id,products\nu,a b\n", "log.csv")
    with pytest.raises(EventsMissing, match="no column 'when' for the time"):
        read("a b\nb c\n", "log.txt", time="when")
    with pytest.raises(EventsError, match=r"never holds two ids .* --separator"):
        read("a-b-c\n" * 1500, "log.txt")


def test_sessions_are_given_wherever_that_is_asked_and_rows_are_not_known_before(tmp_path):
    config = EventsConfig(rows="sessions", item="item_id")
    assert config.session is not None
    assert EventsConfig(**config.model_dump()) == config
    assert EventsConfig(**config.model_dump() | {"rows": "events"}).session is None
    pq.write_table(lists("list"), tmp_path / "log.parquet")
    sources = open_sources(config.model_copy(update={"paths": (str(tmp_path),)}), CONNECTION)
    assert known_rows(sources, CONNECTION) is None


def test_events_that_the_service_stored_are_read_beside_rows_of_sessions(read):
    """They are written with one event a row, and a column for the session that a row is elsewhere."""
    stored = pa.table(
        {"item_id": ["a b", "c"], "timestamp": [T, T + 1], "(session)": ["s", "s"], "user_id": ["u", None]}
    )
    log = read(stored, "stored.parquet")
    assert sessions(log) == [["a b", "c"]]
