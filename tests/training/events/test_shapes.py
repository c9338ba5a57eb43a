"""Rows as tools write them: fields in fields, columns of paths, JSON that is not in lines, ids in bytes."""

import datetime as dt
import gzip
import json
import uuid

import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.orc as orc
import pyarrow.parquet as pq
import pytest
from support.reading import Read

from index.errors import EventsError, EventsMissing

T = 1_700_000_000
MICROS = T * 1_000_000


@pytest.fixture
def read(tmp_path):
    """Writes a file and reads it."""

    def reading(content, name, **config):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, pa.Table):
            pq.write_table(content, path)
        else:
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return Read(tmp_path, (str(path),), **config)

    return reading


def lines(rows):
    return "".join(json.dumps(row) + "\n" for row in rows)


NESTED = [
    {"user": {"id": "a", "geo": {"city": "Ulm"}}, "items": [{"id": 7}, {"id": 8}], "ts": {"at": T}},
    {"user": {"id": None}, "items": [{"id": 7}], "ts": {"at": T}},
    {"user": {"id": "b"}, "items": [], "ts": {"at": T}},
    {"user": {"id": "c"}, "items": [{"id": 9}], "ts": {"at": "no time"}},
    {"user": "flat", "items": [{"id": 9}], "ts": {"at": T}},
    {"user": {"id": {"x": 1}}, "items": [{"id": 9}], "ts": {"at": T}},
]
FOUND = {2: "no_user", 3: "no_item", 4: "bad_time", 5: "no_user", 6: "wrong_type"}


@pytest.mark.parametrize("packed", [False, True])
def test_fields_inside_json_objects_are_named_by_their_path(read, packed):
    text = lines(NESTED).encode() + b"{broken\n"
    name, content = ("log.jsonl.gz", gzip.compress(text)) if packed else ("log.jsonl", text)
    log = read(content, name, user="user.id", item="items.0.id", time="ts.at")
    assert log.items == ["7"]
    assert log.times == [MICROS]
    assert log.reasons() == FOUND | {7: "malformed"}
    assert log.rejects[3]["user_id"] is None
    assert log.rejects[-1]["detail"] == "in: {broken"


def test_a_key_that_holds_a_dot_is_found_before_a_field_inside(read):
    rows = [{"user.id": "a", "user": {"id": "wrong"}, "i": {"d.x": {"y": 5}}, "t": T}]
    log = read(lines(rows), "log.jsonl", user="user.id", item="i.d.x.y", time="t")
    assert (log.items, len(set(log.users))) == (["5"], 1)
    assert log.users == read(lines([{"u": "a", "i": 5, "t": T}]), "b.jsonl").users


@pytest.mark.parametrize("key", ["a/b", "a~b", 'q"q', "it's", "ä ö", "[0]", "$x", "A"])
def test_keys_of_any_kind_can_be_on_the_way(read, key):
    rows = [{"u": {key: {"id": "a"}}, "i": "x", "t": T}]
    assert read(lines(rows), "log.jsonl", user=f"u.{key}.id").items == ["x"]
    table = pa.table({"u": [{key: {"id": "a"}}], "i": ["x"], "t": [T]})
    assert read(table, "log.parquet", user=f"u.{key}.id").items == ["x"]


MONGO = [
    {"_id": {"$oid": "507f1f77bcf86cd799439011"}, "at": {"$date": "2023-11-14T22:13:20Z"}, "n": {"$numberLong": "7"}},
    {
        "_id": {"$oid": "507f1f77bcf86cd799439012"},
        "at": {"$date": {"$numberLong": f"{T}000"}},
        "n": {"$numberInt": "8"},
    },
    {"_id": "plain", "at": T, "n": 9},
    {"_id": {"$oid": "507f1f77bcf86cd799439013"}, "at": {"$date": None}, "n": 9},
]


def test_what_mongodb_wraps_is_unwrapped(read):
    log = read(lines(MONGO), "log.json", user="_id", item="n", time="at")
    assert log.items == ["7", "8", "9"]
    assert log.times == [MICROS] * 3
    assert log.reasons() == {4: "wrong_type"}
    assert read(lines(MONGO[:2]), "log.json", user="_id.$oid", item="n", time="at.$date").items == ["7", "8"]
    nested = [{"doc": row} for row in MONGO[:2]]
    assert read(lines(nested), "log.json", user="doc._id", item="doc.n", time="doc.at").times == [MICROS] * 2


def test_fields_inside_parquet_structs_lists_and_maps_are_named_by_their_path(read):
    struct = pa.struct([("id", pa.string()), ("geo", pa.struct([("city", pa.string())]))])
    users = pa.array([{"id": "a", "geo": {"city": "u1"}}, {"id": None, "geo": None}, None], struct)
    items = pa.array([[{"id": 7}, {"id": 8}], [], None])
    tags = pa.array([[("t", T)]] * 3, pa.map_(pa.string(), pa.int64()))
    table = pa.table({"user": users, "items": items, "tags": tags})
    log = read(table, "log.parquet", user="user.geo.city", item="items.1.id", time="tags.t")
    assert (log.items, log.times) == (["8"], [MICROS])
    assert log.reasons() == {2: "no_user", 3: "no_user"}


def parameter(key, **value):
    return {"key": key, "value": dict.fromkeys(["string_value", "int_value", "float_value", "double_value"]) | value}


GA4 = [
    {
        "event_name": "view_item",
        "event_timestamp": MICROS + n,
        "user_pseudo_id": "1.2",
        "event_params": [parameter("page", string_value="/"), parameter("ga_session_id", int_value=70 + n)][
            : 2 - n // 2
        ],
        "items": [{"item_id": f"i{n}", "price": 2.5}, {"item_id": "other", "price": None}],
    }
    for n in range(3)
]


def without_nulls(value):
    return {key: inner for key, inner in value.items() if inner is not None}


@pytest.mark.parametrize("kind", ["jsonl", "parquet"])
def test_an_export_of_ga4_is_read_with_the_session_of_its_parameters(read, kind):
    """Parameters are a list of keys and values; BigQuery writes whole numbers as text in JSON, and leaves nulls out."""
    text = lines(json.loads(json.dumps(row), object_hook=without_nulls) for row in GA4)
    content = text.replace('"int_value": 70', '"int_value": "70"') if kind == "jsonl" else pa.Table.from_pylist(GA4)
    named = {"user": "user_pseudo_id", "time": "event_timestamp", "session": "event_params.ga_session_id"}
    log = read(content, f"log.{kind}", item="items.0.item_id", **named)
    assert log.items == ["i0", "i1"]
    assert log.reasons() == {3: "no_session"}
    log = read(content, f"log.{kind}", item="items.item_id", rows="sessions", **named)
    assert log.items == ["i0", "other", "i1", "other"]
    same = pa.table({"u": ["a"] * 2, "i": ["x"] * 2, "t": [T] * 2, "s": ["70", "71"]})
    assert log.sessions[::2] == read(same, "same.parquet", session="s").sessions
    named |= {"weight": "event_params.ga_session_id.int_value"}
    assert read(content, f"log.{kind}", item="items.0.item_id", **named).weights == [70.0, 71.0]
    with pytest.raises(
        EventsMissing, match=r"event_params\.ga_session_id" if kind == "jsonl" else r"event_params\.key"
    ):
        read(content, f"log.{kind}", item="item", **named)


@pytest.mark.parametrize("kind", ["jsonl", "parquet"])
def test_a_missing_column_lists_the_paths_that_are_there(read, kind):
    rows = [{"u": "a", "product": {"sku": "x", "price": {"net": 1}}, "lines": [{"item": "y"}], "t": T}]
    content = lines(rows) if kind == "jsonl" else pa.Table.from_pylist(rows)
    with pytest.raises(
        EventsMissing, match=r"inside them: lines\.item, product\.sku, product\.price\.net\. Name the "
    ) as e:
        read(content, f"log.{kind}", item="item")
    assert "--item" in str(e.value)
    with pytest.raises(EventsError, match=r"'lines\.item' is of type \w+\[\].*each row is a session, --rows sessions"):
        read(content, f"log.{kind}", item="lines.item")


def test_a_rare_field_inside_may_come_late(read):
    rows = [{"u": 1, "i": 1, "t": T, "e": {"x": 1}}] * 1500 + [{"u": 1, "i": 1, "t": T, "e": {"type": "buy"}}]
    log = read(lines(rows), "log.jsonl", event_type="e.type", event_types=("buy",))
    assert log.items == ["1"]


ROWS = [{"u": "a", "i": "x", "t": T}, {"u": "b", "i": 'q"]}{[', "t": T + 1}, {"u": "c", "i": "ü\\", "t": T + 2}]
MARK = "\ufeff"


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(ROWS),
        json.dumps(ROWS, indent=2),
        MARK + json.dumps(ROWS, indent="\t", ensure_ascii=False),
        "\r\n [\r\n" + ",\r\n".join(map(json.dumps, ROWS)) + "\r\n]\r\n",
        "".join(map(json.dumps, ROWS)),
        " ".join(map(json.dumps, ROWS)),
        MARK + "\n\n".join(json.dumps(row, indent=1) for row in ROWS),
        json.dumps(ROWS[:1]) + "\n" + json.dumps(ROWS[1:]),
    ],
    ids=["array", "indented", "tabs", "crlf", "nothing between", "blanks between", "objects indented", "two arrays"],
)
@pytest.mark.parametrize("packed", [False, True])
def test_json_that_is_not_in_lines_is_read_value_by_value(read, text, packed):
    content = text.encode()
    log = read(gzip.compress(content) if packed else content, "log.json.gz" if packed else "log.json")
    assert log.items == [row["i"] for row in ROWS]
    assert log.times == [MICROS, MICROS + 1_000_000, MICROS + 2_000_000]


def test_elements_that_are_no_events_are_rejected_by_their_number(read):
    good = json.dumps(ROWS[0])
    parts = [good, "null", "17", '"text, ] }"', "[1, [2]]", '{"u":}', '{"u": "a\n, 17}', good, '{"u": "\xff"}', good]
    content = ("[" + ",\n".join(parts) + "]").encode("latin-1")
    log = read(content, "log.json", encoding="utf-8")
    assert log.items == ["x"] * 3
    assert set(log.reasons().values()) == {"malformed"}
    assert set(log.reasons()) == {2, 3, 4, 5, 6, 7, 9}
    assert log.rejects[1]["detail"] == "in: 17"


def test_json_that_breaks_off_or_has_a_bracket_too_few_names_the_value(read):
    good, open_string, open_object = json.dumps(ROWS[0]), '{"u": "a}', '{"u": {"id": "a"}'
    for text, value in (
        (f"[{good},\n{good}", 2),
        (f"[{good},\n{good},", 2),
        (f"[{good},\n{good[:-5]}", 2),
        (f"{good}{good}{good[:-5]}", 3),
        (f"[{good},\n{open_string},\n{good},\n{good}]", 2),
        (f"[{good},\n{open_object},\n{good},\n{good}]", 2),
        ("[" + f"{good},\n" * 3000 + open_object + f",\n{good}" * 3000 + "]", 3001),
    ):
        with pytest.raises(
            EventsError, match=rf"log\.json: .* is not closed at the end .* value {value}, which begins"
        ):
            read(text, "log.json")


def test_values_are_cut_alike_wherever_a_block_ends(read, monkeypatch):
    rows = [{"u": f"u{n}", "i": 'ü[{\\"' * (n % 5), "t": T, "more": [[n], {"a": "]"}]} for n in range(1, 200)]
    rows = [row | {"i": row["i"] + "x"} for row in rows]
    text = json.dumps(rows, indent=1, ensure_ascii=False)
    for size in (1, 2, 3, 7, 64, 1000):
        monkeypatch.setattr("training.events.shapes.jsonvalues.BLOCK_BYTES", size)
        assert read(text, "log.json").items == [row["i"] for row in rows]


def test_a_value_that_never_ends_is_named_and_not_kept_in_memory(read, monkeypatch):
    monkeypatch.setattr("training.events.shapes.jsonvalues.MOST_BYTES", 1 << 16)
    monkeypatch.setattr("training.events.shapes.jsonvalues.BLOCK_BYTES", 1 << 12)
    text = "[" + json.dumps(ROWS[0]) + ',{"u": [' + ",".join(map(json.dumps, ROWS * 2000)) + "]"
    with pytest.raises(EventsError, match=r"log\.json: .*value 2 takes up more than .* begins with '{\"u\": \["):
        read(text, "log.json")


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("many", [2, 20_000])
def test_one_object_that_holds_the_rows_says_how_to_take_them_out(read, indent, many):
    whole = {"meta": {"tags": ["a"], "n": 1}, "data": {"next": None, "events": ROWS[:1] * many}}
    with pytest.raises(
        EventsError, match=r"one JSON object, with its rows in the list at 'data\.events'.*'\.data\.eve"
    ):
        read(json.dumps(whole, indent=indent), "log.json")


def hive(tmp_path, **more):
    for day, item in (("2024-03-01", "x"), ("2024-03-02", "y"), ("__HIVE_DEFAULT_PARTITION__", "z")):
        for hour in (0, 1):
            folder = tmp_path / "log" / f"event_date={day}" / f"user_id=7/hour={hour}"
            folder.mkdir(parents=True)
            pq.write_table(pa.table({"user_id": ["a"], "item_id": [item], **more}), folder / "part [0].parquet")
    return (str(tmp_path / "log"),)


def test_a_column_of_the_path_can_be_named_and_is_null_in_the_default_folder(tmp_path):
    log = Read(tmp_path, hive(tmp_path), user="user_id", item="item_id", time="event_date")
    assert log.items == ["x", "x", "y", "y"]
    assert log.times == [1_709_251_200_000_000] * 2 + [1_709_337_600_000_000] * 2
    assert {row["reason"] for row in log.rejects} == {"bad_time"}
    assert {row["row"] for row in log.rejects} == {1}


def test_a_column_of_the_file_comes_before_that_of_the_path(tmp_path):
    paths = hive(tmp_path, hour=[T])
    log = Read(tmp_path, paths, user="user_id", item="item_id", time="hour")
    assert log.times == [MICROS] * 6
    assert len(set(log.users)) == 1  # 'a' of the file, not 7 of the folder


@pytest.mark.parametrize("kind", ["csv", "jsonl", "json", "parquet", "arrow", "orc"])
def test_columns_of_paths_are_read_beside_every_format(tmp_path, kind):
    for day, shop in (("2023-11-14", "a%20b%3Dc"), ("2023-11-15", "é")):
        folder = tmp_path / "log" / f"day={day}" / f"shop={shop}"
        folder.mkdir(parents=True)
        path, table = folder / f"part.{kind}", pa.table({"u": ["a"], "i": ["x"]})
        match kind:
            case "csv":
                path.write_text("u,i\na,x\n")
            case "jsonl":
                path.write_bytes(b'\xef\xbb\xbf{"u":"a","i":"x"}\n')
            case "json":
                path.write_text('[{"u":"a","i":"x"}]')
            case "parquet":
                pq.write_table(table, path)
            case "arrow":
                feather.write_feather(table, path)
            case "orc":
                orc.write_table(table, path)
    log = Read(tmp_path, (str(tmp_path / "log"),), time="day", session="shop")
    assert log.times == [1_699_920_000_000_000, 1_700_006_400_000_000]
    told = pa.table({"u": ["a", "a"], "i": ["x", "x"], "t": [T, T], "s": ["a b=c", "é"]})
    pq.write_table(told, tmp_path / "told.parquet")
    assert log.sessions == Read(tmp_path, (str(tmp_path / "told.parquet"),), session="s").sessions


@pytest.mark.parametrize(
    ("kind", "encoding"), [("csv", "utf-16"), ("csv", "cp1252"), ("jsonl", "utf-16"), ("json", "utf-16")]
)
def test_columns_of_paths_are_those_of_the_file_itself_where_a_copy_is_read(tmp_path, kind, encoding):
    texts = {"csv": "u,i\na,\u00fcber\n", "jsonl": '{"u":"a","i":"\u00fcber"}\n', "json": '[{"u":"a","i":"\u00fcber"}]'}
    for day in (14, 15):
        path = tmp_path / "log" / f"day=2023-11-{day}" / f"part.{kind}"
        path.parent.mkdir(parents=True)
        path.write_bytes(texts[kind].encode(encoding))
    log = Read(tmp_path, (str(tmp_path / "log"),), time="day", encoding=encoding)
    assert log.items == ["\u00fcber"] * 2
    assert log.times == [1_699_920_000_000_000, 1_700_006_400_000_000]


def columnar(table, path, kind):
    if kind == "orc":
        orc.write_table(table, path)
    elif kind == "arrows":
        with pa.ipc.new_stream(path, table.schema) as stream:
            stream.write_table(table, max_chunksize=2)
    else:
        feather.write_feather(table, path, compression=None if kind == "arrow" else "zstd", chunksize=2)


@pytest.mark.parametrize("kind", ["arrow", "feather", "arrows", "orc"])
def test_arrow_and_orc_give_the_events_that_parquet_gives(tmp_path, kind):
    moments = [dt.datetime.fromtimestamp(T + n, dt.UTC) for n in range(5)]
    table = pa.table(
        {
            "u": pa.array(["a", "b", None, "a", "é"]),
            "i": pa.array([1, None, 3, 4, 5], pa.int64()),
            "t": pa.array(moments, pa.timestamp("ms", "UTC")),
            "w": pa.array([1.0, 2.0, 3.0, -4.0, 5.0]),
            "deep": [{"id": n} for n in "vwxyz"],
        }
    )
    if kind != "orc":
        table = table.set_column(0, "u", table["u"].dictionary_encode())
    columnar(table, tmp_path / f"log.{kind}", kind)
    pq.write_table(table, tmp_path / "log.parquet")
    for config in ({}, {"weight": "w"}, {"item": "deep.id"}):
        log = Read(tmp_path, (str(tmp_path / f"log.{kind}"),), **config)
        same = Read(tmp_path, (str(tmp_path / "log.parquet"),), **config)
        assert (log.items, log.times, log.users) == (same.items, same.times, same.users)
        assert log.reasons() == same.reasons()
        assert len(log.items) > 1


def test_a_long_arrow_file_keeps_its_order(tmp_path):
    rows = 700_000
    table = pa.table({"u": ["a"] * rows, "i": [str(n) for n in range(rows)], "t": range(T, T + rows)})
    feather.write_feather(table, tmp_path / "log.feather", chunksize=10_000)
    log = Read(tmp_path, (str(tmp_path / "log.feather"),))
    assert log.times == [(T + n) * 1_000_000 for n in range(rows)]


@pytest.mark.parametrize("kind", ["arrow", "arrows", "orc", "parquet"])
@pytest.mark.parametrize("damage", ["cut", "other"])
def test_a_damaged_typed_file_is_named(tmp_path, kind, damage):
    table = pa.table({"u": ["a"] * 1000, "i": ["x"] * 1000, "t": [T] * 1000})
    path = tmp_path / f"log.{kind}"
    if kind == "parquet":
        pq.write_table(table, path)
    else:
        columnar(table, path, kind)
    path.write_bytes(path.read_bytes()[:-60] if damage == "cut" else b"u,i,t\na,x,1\n" * 20)
    with pytest.raises(EventsError, match=rf"log\.{kind}: .*(not a complete|reading stopped)"):
        Read(tmp_path, (str(path),))


UUIDS = [uuid.UUID(int=n * 0x0123456789ABCDEF0123456789ABCD & (1 << 128) - 1) for n in range(1, 40)]


@pytest.mark.parametrize("setting", ["user", "item", "session"])
def test_uuids_in_sixteen_bytes_are_the_same_ids_as_uuids_in_text(tmp_path, setting, caplog):
    ids = pa.array([u.bytes for u in UUIDS], pa.binary(16))
    column = {"user": "u", "item": "i", "session": "s"}[setting]
    base = {"u": ["a"] * len(UUIDS), "i": ["x"] * len(UUIDS), "s": ["s"] * len(UUIDS), "t": [T] * len(UUIDS)}
    pq.write_table(pa.table(base | {column: ids}), tmp_path / "bytes.parquet")
    pq.write_table(pa.table(base | {column: [str(u) for u in UUIDS]}), tmp_path / "text.parquet")
    found, same = (Read(tmp_path, (str(tmp_path / f"{f}.parquet"),), session="s") for f in ("bytes", "text"))
    assert (found.items, found.users, found.sessions) == (same.items, same.users, same.sessions)
    assert f"column '{column}' holds 16 bytes in each row, read as UUIDs" in caplog.text


@pytest.mark.parametrize(
    ("values", "kind", "said"),
    [
        ([u.bytes for u in UUIDS], pa.binary(), "16 bytes each, which are probably UUIDs"),
        ([bytes([200, n] + [255] * 10) for n in range(9)], pa.binary(12), "12 bytes each, .* ObjectIds of MongoDB"),
        ([bytes([n, 0, 0, 0, 0, 0, 0, 0]) for n in range(9)], pa.binary(), "8 bytes each, .* numbers"),
        ([b"\xff" * n for n in range(1, 9)], pa.binary(), "1 to 8 bytes each"),
    ],
)
def test_bytes_that_are_no_text_are_refused_by_what_they_are(read, values, kind, said):
    ids = pa.array(values, kind)
    table = pa.table({"u": ["a"] * len(ids), "i": ids, "t": [T] * len(ids)})
    with pytest.raises(EventsError, match=rf"column 'i' is of type BLOB and holds no text, but {said}.*--item"):
        read(table, "log.parquet")


def test_text_of_sixteen_bytes_stays_text(read):
    table = pa.table(
        {"u": ["a"] * 2, "i": pa.array([b"0123456789abcdef", b"item-0000000-002"], pa.binary(16)), "t": [T] * 2}
    )
    assert read(table, "log.parquet").items == ["0123456789abcdef", "item-0000000-002"]


def test_categories_and_enums_are_ids(read):
    items = pa.array(["x", "y", None, "x"]).dictionary_encode()
    log = read(pa.table({"u": ["a"] * 4, "i": items, "t": [T] * 4}), "log.parquet")
    assert log.items == ["x", "y", "x"]
    assert log.reasons() == {3: "no_item"}


@pytest.mark.parametrize("name", ["log.csv", "log.jsonl", "log.parquet"])
def test_fields_of_json_that_a_column_holds_as_text_are_read(read, caplog, name):
    texts = [json.dumps({"who": {"id": "u"}, "item": i, "at": T}) for i in ("a", "b")] + ["{broken", "{}"]
    if name == "log.csv":
        content = "topic,value\n" + "".join('e,"' + text.replace('"', '""') + '"\n' for text in texts)
    elif name == "log.jsonl":
        content = lines([{"topic": "e", "value": text} for text in texts])
    else:
        content = pa.table({"topic": ["e"] * 4, "value": texts})
    log = read(content, name, user="value.who.id", item="value.item", time="value.at")
    assert (log.items, log.times) == (["a", "b"], [MICROS] * 2)
    assert set(log.reasons()) == {3, 4}
    assert "column 'value' holds JSON as text, and 'value.item' is read from within" in caplog.text


def test_a_path_into_text_that_is_no_json_is_a_column_that_is_not_there(read):
    with pytest.raises(EventsMissing, match=r"no column 'value\.who'"):
        read("value,i,t\nx,a,1\n", "log.csv", user="value.who", item="i", time="t")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"user_id": {"0": "u", "1": "v"}, "item_id": {"0": "a", "1": "b"}}', r"orient='records', lines=True"),
        ('{\n  "user_id":{\n    "0":"u"\n  }\n}', r"orient='records', lines=True"),
        ('{"0":{"user_id":"u"},"1":{"user_id":"v"}}', r"orient='records', lines=True"),
        ('{"columns":["user_id","item_id"],"index":[0],"data":[["u","a"]]}', r"orient='records', lines=True"),
        ('{"index":{"_index":"log"}}\n{"user_id":"u","item_id":"a"}\n', "bulk file of Elasticsearch"),
        ('{"create":{}}\n{"user_id":"u","item_id":"a"}\n', "bulk file of Elasticsearch"),
    ],
)
def test_json_that_is_no_rows_is_called_by_its_name(read, text, said):
    with pytest.raises(EventsError, match=said):
        read(text, "log.json")


def test_events_with_numbered_keys_are_no_table_of_pandas(read):
    log = read(lines([{"u": {"0": "a"}, "i": "x", "t": T}] * 2), "log.jsonl", user="u.0", item="i", time="t")
    assert log.items == ["x", "x"]


def test_half_of_a_character_is_named(read):
    text = '{"u":"a","i":"\\ud83d","t":1}\n{"u":"a","i":"\\ud83d\\ude00","t":1}\n{"u":"a","i":"\\ude00","t":1}\n'
    log = read(text, "log.jsonl", user="u", item="i", time="t")
    assert log.items == ["\U0001f600"]
    assert log.reasons() == {1: "malformed", 3: "malformed"}
    assert log.rejects[1]["detail"].startswith("half of a character")


@pytest.mark.parametrize(
    ("note", "kind"),
    [("_delta_log/0.json", "Delta"), (".hoodie/hoodie.properties", "Hudi"), ("metadata/v1.metadata.json", "Iceberg")],
)
def test_a_table_of_a_lakehouse_is_not_read_as_plain_files(tmp_path, note, kind):
    table = tmp_path / "tables" / "log"
    (table / note).parent.mkdir(parents=True)
    (table / note).write_text("{}")
    pq.write_table(pa.table({"u": ["a"], "i": ["x"], "t": [1]}), table / "part.parquet")
    for folder in (table, table.parent):
        with pytest.raises(EventsError, match=f"log: is a table of {kind}"):
            Read(tmp_path, (str(folder),), user="u", item="i", time="t")
    assert Read(tmp_path, (str(table / "*.parquet"),), user="u", item="i", time="t").items == ["x"]
