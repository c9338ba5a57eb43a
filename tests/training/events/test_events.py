"""Every row becomes the right event, or is kept with its file, its row and the reason."""

import datetime as dt
import decimal
import gzip
import json
import random
import uuid
from contextlib import suppress
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.reading import Read

from index.errors import ConfigError, EventsError, EventsMissing, EventsRejected

T = 1_700_000_000
MICROS = T * 1_000_000


@pytest.fixture
def read(tmp_path):
    """Writes files and reads them: bytes as they are, lists of dicts as JSON lines, tables as Parquet."""

    def reading(content, name="log.csv", **config):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, pa.Table):
            path = path.with_suffix(".parquet")
            pq.write_table(content, path)
        elif isinstance(content, list):
            path = path.with_suffix(".jsonl")
            path.write_text("".join(json.dumps(row) + "\n" for row in content), encoding="utf-8")
        else:
            path.write_bytes(content)
        return Read(tmp_path, (str(path),), **config)

    return reading


def in_three_formats(rows):
    """The same rows (u, i, t) as CSV, JSON lines and Parquet."""
    text = "u,i,t\n" + "".join(",".join("" if v is None else str(v) for v in row) + "\n" for row in rows)
    yield text.encode()
    yield [dict(zip("uit", row, strict=True)) for row in rows]
    yield pa.table({name: [None if row[n] is None else str(row[n]) for row in rows] for n, name in enumerate("uit")})


def test_all_formats_give_the_same_events(read):
    rows = [("u1", "x", T), ("u2", "ü", T + 1), ("u1", "z z", T + 2)]
    rows += [(None, "x", T), ("u1", None, T), ("u1", "x", None)]
    found = [read(content) for content in in_three_formats(rows)]
    for log in found:
        assert log.items == ["x", "ü", "z z"]
        assert log.times == [MICROS, MICROS + 1_000_000, MICROS + 2_000_000]
        assert log.users == found[0].users
        assert log.users[0] == log.users[2] != log.users[1]
        assert log.reasons() == {4: "no_user", 5: "no_item", 6: "bad_time"}


@pytest.mark.parametrize(
    ("text", "micros"),
    [
        (f"{T}", MICROS),
        (f"{T}.25", MICROS + 250_000),
        (f"{T}.75", MICROS + 750_000),
        (f"{T}000", MICROS),
        (f"{T}000.5", MICROS + 500),
        (f"{T}000001", MICROS + 1),
        (f"{T}000001999", MICROS + 1),
        ("1.7e9", MICROS),
        ("0", 0),
        ("17", 17_000_000),
        ("2023-11-14T22:13:20Z", MICROS),
        ("2023-11-14T22:13:20.000001Z", MICROS + 1),
        ("2023-11-14 22:13:20", MICROS),
        ("2023-11-15T00:13:20+02:00", MICROS),
        ("2023-11-15T00:13:20+0200", MICROS),
        ("2023-11-14T20:13:20-02", MICROS),
        (" 2023-11-14 22:13:20 ", MICROS),
        ("2023-11-14 22:13:20 UTC", MICROS),
        ("2023-11-14", MICROS - 80_000_000_000),
    ],
)
def test_times_of_all_kinds_become_microseconds(read, text, micros):
    assert read(f"u,i,t\na,x,{text}\n".encode()).times == [micros]
    assert read([{"u": "a", "i": "x", "t": text}]).times == [micros]
    assert read(pa.table({"u": ["a"], "i": ["x"], "t": [text]})).times == [micros]


NO_TIMES = ["", "  ", "soon", "-1", "nan", "inf", "-inf", "infinity", "1e400", "2300-01-01", "now", "32.11.2023"]
NO_TIMES += ["99999999999999999999", "9223372036854775807", "-9223372036854775808", "2023-02-30", "1969-12-31", "true"]


def test_what_is_no_time_is_rejected_with_the_text(read):
    csv = "u,i,t\n" + "".join(f"a,x,{text}\n" for text in NO_TIMES)
    for content in (csv.encode(), [{"u": "a", "i": "x", "t": text} for text in NO_TIMES]):
        log = read(content)
        assert log.reasons() == dict.fromkeys(range(1, len(NO_TIMES) + 1), "bad_time")
        assert [r["time"] or "" for r in log.rejects] == NO_TIMES
        assert {(r["user_id"], r["item_id"]) for r in log.rejects} == {("a", "x")}


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_a_given_unit_is_kept_to_whatever_the_magnitude(read, unit):
    factor = {"s": 1_000_000, "ms": 1000, "us": 1, "ns": 0.001}[unit]
    values = [0, 5000, int(4e15 / factor)]
    log = read(pa.table({"u": ["a"] * 3, "i": ["x"] * 3, "t": values}), time_unit=unit)
    assert log.times == [0, int(5000 * factor), 4 * 10**15]
    too_late = read(pa.table({"u": ["a"] * 2, "i": ["x"] * 2, "t": [2**62, -(2**63)]}), time_unit=unit)
    assert too_late.reasons()[2] == "bad_time"
    assert unit == "ns" or too_late.reasons()[1] == "bad_time"


MOMENT = dt.datetime(2023, 11, 14, 22, 13, 20, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    "times",
    [
        pa.array([T], pa.int32()),
        pa.array([T], pa.uint32()),
        pa.array([T * 10**9], pa.uint64()),
        pa.array([float(T)], pa.float64()),
        pa.array([decimal.Decimal(f"{T}.000")]),
        pa.array([decimal.Decimal(f"{T}.000000000")], pa.decimal128(38, 9)),
        pa.array([MOMENT], pa.timestamp("s")),
        pa.array([MOMENT], pa.timestamp("ms", "UTC")),
        pa.array([MOMENT], pa.timestamp("us", "Asia/Tokyo")),
        pa.array([MOMENT], pa.timestamp("ns")),
        pa.array([MOMENT], pa.timestamp("ns", "Europe/Berlin")),
        pa.array([b"2023-11-14T22:13:20Z"]),
        pa.array(["2023-11-14T22:13:20Z"]).dictionary_encode(),
        pa.array(["2023-11-14T22:13:20Z"], pa.large_string()),
    ],
    ids=lambda a: str(a.type),
)
def test_typed_times_are_read_whatever_their_width_and_zone(read, times):
    assert read(pa.table({"u": ["a"], "i": ["x"], "t": times})).times == [MICROS]


def test_dates_and_odd_numbers_as_times_are_right_or_rejected(read):
    dates = read(pa.table({"u": ["a"], "i": ["x"], "t": [dt.date(2023, 11, 14)]}))
    assert dates.times == [MICROS - 80_000_000_000]
    numbers = [float("nan"), float("inf"), -float("inf"), None, -1.0, 1e300, float(T)]
    log = read(pa.table({"u": ["a"] * 7, "i": ["x"] * 7, "t": numbers}))
    assert log.times == [MICROS]
    assert set(log.reasons().values()) == {"bad_time"}
    big = read(pa.table({"u": ["a"] * 2, "i": ["x"] * 2, "t": pa.array([2**64 - 1, T], pa.uint64())}))
    assert (big.times, big.reasons()) == ([MICROS], {1: "bad_time"})


@pytest.mark.parametrize(
    ("values", "ids"),
    [
        (pa.array([5.0, 7.5, None, float("nan"), float("inf")]), ["5", "7.5"]),
        (pa.array([1, 2**64 - 1], pa.uint64()), ["1", str(2**64 - 1)]),
        (pa.array([1, -5], pa.int8()), ["1", "-5"]),
        (pa.array([decimal.Decimal("5.00"), decimal.Decimal("5.50")]), ["5", "5.50"]),
        (pa.array([decimal.Decimal(10**30)]), [str(10**30)]),
        (pa.array(["x", None, ""]).dictionary_encode(), ["x"]),
        (pa.array([b"caf\xc3\xa9", b"\xff\xfe"]), ["café"]),
        (pa.array([uuid.UUID(int=7).bytes], pa.uuid()), [str(uuid.UUID(int=7))]),
        (pa.array([dt.date(2024, 1, 2)]), ["2024-01-02"]),
    ],
    ids=lambda v: str(getattr(v, "type", "")),
)
def test_ids_of_any_plain_type_become_text(read, values, ids):
    log = read(pa.table({"u": ["a"] * len(values), "i": values, "t": [T] * len(values)}))
    assert log.items == ids
    assert set(log.reasons().values()) <= {"no_item"}


def test_whole_floats_in_json_are_the_ids_they_were(read):
    log = read(b'{"u":1.0,"i":5.0,"t":%d}\n{"u":1,"i":"5.0","t":%d}\n{"u":1,"i":NaN,"t":1}\n' % (T, T), "log.jsonl")
    assert log.items == ["5", "5.0"]
    assert log.users[0] == log.users[1]
    assert log.reasons() == {3: "no_item"}


MAP = pa.array([[("a", 1)]], pa.map_(pa.string(), pa.int64()))


@pytest.mark.parametrize("values", [[True], [{"a": 1}], [[1]], MAP, pa.array([1], pa.time64("us"))], ids=str)
@pytest.mark.parametrize("setting", ["u", "i", "t"])
def test_a_column_that_cannot_be_what_it_is_named_is_refused_by_name_and_type(read, setting, values):
    columns = {"u": ["a"], "i": ["x"], "t": [T]} | {setting: values}
    with pytest.raises(EventsError, match=rf"log\.parquet: column '{setting}' is of type .*Name another column with"):
        read(pa.table(columns))


def test_objects_lists_and_booleans_in_json_are_of_the_wrong_type(read):
    wrong = [{"u": True}, {"u": {}}, {"i": [1]}, {"i": False}, {"t": True}, {"t": {"date": 1}}]
    log = read([{"u": "a", "i": "x", "t": T} | w for w in [{}, *wrong]])
    assert log.items == ["x"]
    assert log.reasons() == dict.fromkeys(range(2, 8), "wrong_type")
    assert log.rejects[1]["user_id"] == "{}"


BLANK = ["", " ", "\t", "\u00a0", "\u3000", "\u2028 \r\n", "\x1c", "\x85"]
SOLID = ["\x00", "\x01", "~", "-", "a\x00b", " a", "\u200b", "😀", "x" * 1024, "é" * 1024, "a,b", 'q"q', "a\r\nb"]


def test_ids_of_white_space_are_none_and_any_other_unicode_is_one(read):
    rows = [{"u": "a", "i": i, "t": T} for i in BLANK + SOLID]
    for content in (rows, pa.Table.from_pylist(rows)):
        log = read(content)
        assert log.items == SOLID
        assert log.reasons() == dict.fromkeys(range(1, len(BLANK) + 1), "no_item")
    assert read([{"u": u, "i": "x", "t": T} for u in BLANK]).counts.rejected == {"no_user": len(BLANK)}


def test_where_a_session_is_given_it_stands_for_a_user_that_is_not_known(read):
    unknown = [*BLANK, None, "NA", "null", " Guest ", "anonymous", "0", "\\N", "(not set)"]
    rows = [{"u": u, "s": f"s{n % 3}", "i": f"i{n}", "t": T + n} for n, u in enumerate(unknown)]
    known = [{"u": "ann", "s": "s0", "i": "x", "t": T}, {"u": "bob", "s": "s0", "i": "y", "t": T}]
    for content in (rows + known, pa.Table.from_pylist(rows + known)):
        log = read(content, session="s")
        assert log.counts.rejected == {}
        assert len(log.items) == len(rows) + 2
        users = log.users[: len(rows)]
        # The same session, the same person; and neither is one of the users that are known.
        assert [users[n] == users[0] for n in range(len(rows))] == [n % 3 == 0 for n in range(len(rows))]
        assert len({*users, *log.users[len(rows) :]}) == 5
    assert read([{"u": "a", "s": s, "i": "x", "t": T} for s in BLANK], session="s").counts.rejected == {
        "no_session": len(BLANK)
    }


def test_ids_longer_than_the_limit_are_rejected_with_their_length(read):
    log = read([{"u": "a" * 5000, "i": "é" * n, "t": T} for n in (1024, 1025)])
    assert [len(i) for i in log.items] == [1024]
    assert log.reasons() == {2: "too_long"}
    assert log.rejects[0]["detail"] == "1025 characters"


def test_weights_and_dwell_are_numbers_from_zero_or_missing(read):
    values = ["", "1.5", "0", "-1", "x", "nan", "inf", "1e10"]
    rows = [{"u": "a", "i": f"w{v}", "t": T, "w": v, "d": 1} for v in values]
    rows += [{"u": "a", "i": f"d{v}", "t": T, "w": 2, "d": v} for v in [*values[:-1], "1e13", None]]
    log = read(rows, weight="w", dwell="d")
    assert log.items == ["w", "w1.5", "w0", "d", "d1.5", "d0", "dNone"]
    assert log.weights == [1.0, 1.5, 0.0, 2.0, 2.0, 2.0, 2.0]
    assert log.counts.rejected == {"bad_dwell": 5, "bad_weight": 5}
    assert log.rejects[0]["detail"] == "weight -1"
    typed = pa.table({"u": ["a"] * 4, "i": ["x"] * 4, "t": [T] * 4, "w": [1.0, float("nan"), float("inf"), None]})
    assert read(typed, weight="w").weights == [1.0, 1.0]


def test_short_dwell_is_left_out_by_a_rule_and_needs_its_column(read, tmp_path):
    rows = [{"u": "a", "i": f"d{d}", "t": T, "d": d} for d in (1, 5, None)]
    log = read(rows, dwell="d", min_dwell=2.0)
    assert log.items == ["d5", "dNone"]
    assert log.counts.dropped == {"short_dwell": 1}
    with pytest.raises(ConfigError, match="--dwell"):
        read(rows, min_dwell=2.0)


def test_what_is_disliked_is_read_beside_the_types_that_are_kept_however_short_it_was(read):
    rows = [{"u": "a", "i": kind, "t": T, "e": kind, "d": 1} for kind in ("play", "skip", "search", "it's no")]
    rows.append({"u": "a", "i": "long", "t": T, "e": "play", "d": 50})
    log = read(
        rows, min_dwell=30.0, event_type="e", event_types=("play",), dislike_types=("skip", "it's no"), dwell="d"
    )
    assert log.items == ["skip", "it's no", "long"]
    assert log.disliked == [True, True, False]
    assert log.counts.dropped == {"other_type": 1, "short_dwell": 1}
    assert read(rows, event_type="e").disliked == []


def test_an_event_weighs_what_its_type_and_its_row_say(read):
    rows = [{"u": "a", "i": "x", "t": T, "e": kind, "w": w} for kind, w in (("buy", 2), ("it's", 3), ("view", None))]
    rows.append({"u": "a", "i": "x", "t": T})
    types = {"buy": 5, "it's": 0.5, "never": 7}
    assert read(rows, event_type="e", type_weights=types).weights == [5, 0.5, 1, 1]
    assert read(rows, event_type="e", type_weights=types, weight="w").weights == [10, 1.5, 1, 1]
    assert read(rows, event_type="e").weights == []


def test_other_event_types_are_left_out_whatever_else_is_wrong_with_them(read):
    rows = [
        {"u": "a", "i": "x", "t": T, "e": "view"},
        {"u": "a", "t": T, "e": "search"},
        {"u": "a", "i": "y", "t": T, "e": "buy"},
        {"u": "a", "i": "z", "t": T},
        {"u": "a", "t": T, "e": "buy"},
    ]
    log = read(rows, event_type="e", event_types=("view", "buy"), conversion_types=("buy",))
    assert log.items == ["x", "y"]
    assert log.converted == [False, True]
    assert log.counts.dropped == {"other_type": 2}
    assert log.reasons() == {5: "no_item"}


def test_a_given_session_id_is_carried_and_makes_users_optional(read):
    rows = b"s,i,t\n1,x,1\n1,y,2\n2,x,3\n,x,4\n"
    log = read(rows, session="s")
    assert log.sessions[0] == log.sessions[1] != log.sessions[2]
    assert log.users == log.sessions
    assert log.reasons() == {4: "no_session"}


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("suffix", [".csv", ".csv.gz", ".tsv"])
def test_malformed_csv_lines_are_kept_with_their_record_number(read, end, suffix):
    lines = ["u,i,t", "a,x,1", '"b', 'c",x,2', "", "short", "d,x,3,4", 'e,"q"q,4', "f,,5", "", "g,x,6", "h", "", "i,x"]
    text = end.join(lines) + end
    data = (text.replace(",", "\t") if suffix == ".tsv" else text).encode()
    log = read(gzip.compress(data) if suffix.endswith(".gz") else data, "log" + suffix)
    assert log.items == ["x", "x", "x"]
    assert log.times == [1_000_000, 2_000_000, 6_000_000]
    malformed = "malformed"
    assert log.reasons() == {3: malformed, 4: malformed, 5: malformed, 6: "no_item", 8: malformed, 9: malformed}
    assert [r["row"] for r in log.rejects] == sorted(log.reasons())
    assert log.rejects[0]["detail"].endswith("in: short")


def test_malformed_json_lines_are_kept_with_their_number_and_text(read):
    lines = [
        b'{"u":"\xc3\xa9","i":"x","t":1}',
        b"",
        b"{oops",
        b"[1,2]",
        b"3",
        b"null",
        b'{"u":"\xe9","i":"x","t":2}',
        b"  ",
    ]
    lines += [b'{"u":"b","i":"y","t":3},', b'{"u":"b","i":"y","t":4}', b'{"u":"b","i":null,"t":4}', b"{}"]
    log = read(b"\r\n".join(lines), "log.ndjson")
    assert log.items == ["x", "y"]
    assert log.reasons() == dict.fromkeys((2, 3, 4, 5, 6, 7, 10), "malformed") | {9: "no_item"}
    assert log.rejects[0]["detail"] == "in: {oops"
    assert log.rejects[4]["detail"] == 'in: {"u":"\ufffd","i":"x","t":2}'


@pytest.mark.parametrize("name", ["log.csv", "log.jsonl"])
def test_a_byte_order_mark_costs_no_event(read, name):
    csv, jsonl = b"u,i,t\na,x,1\nb,,2\n", b'{"u":"a","i":"x","t":1}\n{"u":"b","i":null,"t":2}\n'
    log = read(b"\xef\xbb\xbf" + (csv if name.endswith("csv") else jsonl), name)
    assert (log.items, log.reasons()) == (["x"], {2: "no_item"})


def test_latin_1_bytes_in_a_utf_8_file_are_rejected_and_readable_when_the_encoding_is_named(read):
    data = "u,i,t\na,x,1\nb,caf\u00e9,2\nc,z,3\n".encode("latin-1")
    log = read(data, encoding="utf-8")
    assert (log.items, log.reasons()) == (["x", "z"], {2: "malformed"})
    assert "utf-8" in log.rejects[0]["detail"]
    assert read(data, encoding="latin-1").items == ["x", "café", "z"]


def test_a_quote_that_is_never_closed_stops_the_job_with_its_row(read):
    lines = ["u,i,t", *(f"user,item,{n}" for n in range(1, 1000))]
    lines[301] = '"oops,x,1'
    with pytest.raises(EventsError, match=r"log\.csv: row 301 has a quote that is not closed.*takes up 699 lines"):
        read("\n".join(lines).encode())
    lines[601] = '"oops,x,1'
    with pytest.raises(EventsError, match=r"row 301 .* takes up 301 lines"):
        read(("\n".join(lines) + "\n").encode())
    assert read(("\n".join(lines[:302])).encode()).reasons() == {301: "malformed"}


def test_backslashes_before_quotes_are_understood_where_they_are_used(read):
    log = read(b'u,i,t\na,"x \\"big\\", y",1\nb,"z\\\\",2\n')
    assert log.items == ['x "big", y', "z\\"]
    assert read(b'u,i,t\na,"C:\\",1\nb,"q""q",2\n').items == ["C:\\", 'q"q']


def test_mixed_line_ends_stop_the_job_and_say_so(read):
    with pytest.raises(EventsError, match=r"some lines end in \\r\\n"):
        read(b"u,i,t\na,x,1\r\nb,y,2\nc,z,3\r\n")


def test_old_mac_line_ends_are_read(read):
    log = read(b"u,i,t\ra,x,1\rbad\rb,,2\rc,z,3\r")
    assert (log.items, log.reasons()) == (["x", "z"], {2: "malformed", 3: "no_item"})


def test_damaged_files_stop_the_job_by_name(read, tmp_path):
    rows = b"u,i,t\n" + b"".join(b"user%d,item%d,%d\n" % (n, n, n) for n in range(50_000))
    with pytest.raises(EventsError, match=r"cut\.csv\.gz: damaged gzip"):
        read(gzip.compress(rows)[:-2000], "cut.csv.gz")
    objects = b"".join(b'{"u":"user%d","i":"x","t":1}\n' % n for n in range(50_000))
    with pytest.raises(EventsError, match=r"cut\.jsonl\.gz: damaged gzip"):
        read(gzip.compress(objects)[:-2000], "cut.jsonl.gz")
    pq.write_table(pa.table({"u": ["a"] * 9, "i": ["x"] * 9, "t": list(range(9))}), tmp_path / "good.parquet")
    with pytest.raises(EventsError, match=r"cut\.parquet: not a complete Parquet file"):
        read((tmp_path / "good.parquet").read_bytes()[:-20], "cut.parquet")


def test_too_large_a_share_of_bad_rows_stops_the_job_with_the_first_of_them(read, tmp_path):
    data = b"u,i,t\n" + b"a,x,1\n" * 6 + b"a,x,late\n" * 4
    assert len(read(data, max_bad_share=0.4).items) == 6
    (tmp_path / "rejects.parquet").unlink()
    said = r"4 of 10 rows .*4 bad_time.*first is row 7 of .*log\.csv: bad_time \(time late"
    with pytest.raises(EventsRejected, match=said):
        read(data, max_bad_share=0.39)
    assert len(pq.read_table(tmp_path / "rejects.parquet")) == 4


def test_rejects_of_an_earlier_run_do_not_stay(read, tmp_path):
    read(b"u,i,t\na,x,late\n")
    assert read(b"u,i,t\na,x,1\n").rejects == []
    assert not (tmp_path / "rejects.parquet").exists()


def test_rejects_of_many_files_name_each(tmp_path):
    folder = tmp_path / "it's [a] *log* ?"
    folder.mkdir()
    for name in ("a[1].csv", "a1.csv", 'q"q.csv', "s p,x.csv", "100%.csv", "ü.csv"):
        (folder / name).write_bytes(b"u,i,t\na,%s,1\nbad\nb,,2\n" % name.encode().replace(b'"', b"").replace(b",", b""))
    (folder / "b*.jsonl").write_bytes(b'{"u":"a","i":"j","t":1}\n{"u":"a","i":"","t":1}\n{bad\n')
    (folder / "b2.jsonl").write_bytes(b'{"u":"a","i":"k","t":1}\n')
    pq.write_table(pa.table({"u": ["a", "b"], "i": ["p", None], "t": [1, 2]}), folder / "p?.parquet")
    log = Read(tmp_path, (str(folder),))
    assert sorted(log.items) == sorted(["a[1].csv", "a1.csv", "qq.csv", "s px.csv", "100%.csv", "ü.csv", "j", "k", "p"])
    assert {Path(r["file"]).name: None for r in log.rejects} == dict.fromkeys(
        ["100%.csv", "a1.csv", "a[1].csv", "b*.jsonl", "p?.parquet", 'q"q.csv', "s p,x.csv", "ü.csv"]
    )
    assert [r["row"] for r in log.rejects if r["file"].endswith(".csv")] == [2, 3] * 6


def test_parquet_rows_are_numbered_across_row_groups(tmp_path):
    items = [None if n % 1000 == 7 else "x" for n in range(20_000)]
    table = pa.table({"u": ["a"] * 20_000, "i": items, "t": list(range(20_000))})
    pq.write_table(table, tmp_path / "log.parquet", row_group_size=777)
    log = Read(tmp_path, (str(tmp_path / "log.parquet"),))
    assert [r["row"] for r in log.rejects] == [n + 1 for n in range(7, 20_000, 1000)]
    assert log.times == [n * 1_000_000 for n in range(20_000) if n % 1000 != 7]


def test_nothing_is_lost_in_files_larger_than_one_buffer(tmp_path):
    """DuckDB reads a large CSV in pieces of 32 MB by several threads: rows and their numbers must not depend on it."""
    bad, empty, n, filler = [], [], 0, "f" * 400
    with (tmp_path / "log.csv").open("w") as file:
        file.write("u,i,t,title\n")
        for n in range(1, 180_001):
            if n % 40_003 == 7:
                file.write("bad\n")
                bad.append(n)
            elif n % 50_021 == 9:
                file.write(f'a,,{n},"two\n\nlines"\n\n')
                empty.append(n)
            else:
                file.write(f"a,x,{n},{filler}\n")
    log = Read(tmp_path, (str(tmp_path / "log.csv"),))
    assert log.counts.rows == n
    assert log.reasons() == dict.fromkeys(bad, "malformed") | dict.fromkeys(empty, "no_item")
    assert log.times == [t * 1_000_000 for t in range(1, n + 1) if t not in {*bad, *empty}]


LINES = ["a,x,1", "b,y,2", '"q,q",z,3', '"l\nl",z,3', "short", "a,b,c,d", "", "c,,4", "d,x,late", 'e,"f"g,5', "  "]
LINE = st.sampled_from([*LINES, 'h,i"j,6'])


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(LINE, max_size=30), st.sampled_from(["\n", "\r\n"]))
def test_every_record_of_any_csv_is_accepted_or_rejected_under_its_number(tmp_path, lines, end):
    (tmp_path / "log.csv").write_bytes(end.join(["u,i,t", *(line.replace("\n", end) for line in lines)]).encode())
    log = Read(tmp_path, (str(tmp_path / "log.csv"),))
    kinds = {"short": "malformed", "a,b,c,d": "malformed", "c,,4": "no_item", "d,x,late": "bad_time"}
    kinds |= {'e,"f"g,5': "malformed", "  ": "malformed"}
    records = [line for line in lines if line]
    assert log.counts.rows == len(records)
    assert log.reasons() == {n: kinds[line] for n, line in enumerate(records, 1) if line in kinds}


def test_random_bytes_never_lose_a_row_in_silence(tmp_path):
    """Either every line is accounted for, or the job stops with our own message."""
    rng = random.Random(5)
    for _ in range(25):
        body = bytes(rng.choice(b'ab,,,12\n\n\n"\r\xe9\x00 ') for _ in range(rng.randrange(200)))
        (tmp_path / "log.csv").write_bytes(b"u,i,t\n" + body)
        (tmp_path / "log.jsonl").write_bytes(b'{"u":"a","i":"x","t":1}\n' + body)
        with suppress(EventsError):
            Read(tmp_path, (str(tmp_path / "log.csv"),))
        with suppress(EventsError):
            log = Read(tmp_path, (str(tmp_path / "log.jsonl"),))
            assert log.counts.rows == 1 + sum(1 for line in body.split(b"\n") if line.strip(b" \t\r"))


def test_an_empty_log_gives_no_events_and_no_complaint_of_its_own(read):
    assert read(b"u,i,t\n").counts.rows == 0
    with pytest.raises(EventsMissing, match="empty"):
        read(b"")
