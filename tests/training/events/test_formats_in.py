"""docs/formats-in.md: each of its lines reads a small log of the shape it is for."""

import json
import re
import shlex
from pathlib import Path

import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.parquet as pq
import pytest

from cli.main import main

PAGE = Path(__file__).parents[3] / "docs" / "formats-in.md"
DAY = "2024-03-01"
SECONDS = 1_709_251_200  # its first
# user, item, minute of the day
EVENTS = [("u1", "a", 0), ("u1", "b", 1), ("u2", "a", 2), ("u2", "c", 3), ("u3", "b", 4), ("u3", "a", 5)]


def clock(minute):
    return f"{minute // 60:02d}:{minute % 60:02d}"


def rows(row, first=""):
    return first + "".join(row(*event) + "\n" for event in EVENTS)


def objects(row):
    return rows(lambda *event: json.dumps(row(*event)))


def by_user(row):
    found = {}
    for user, item, minute in EVENTS:
        found.setdefault(user, []).append((item, minute))
    return "".join(row(user, events) + "\n" for user, events in found.items())


def table(folder, write, name):
    users, items, minutes = zip(*EVENTS, strict=True)
    times = [f"{DAY}T{clock(minute)}:00Z" for minute in minutes]
    write(pa.table({"user_id": users, "item_id": items, "timestamp": times}), folder / name)


def partitions(folder):
    part = folder / f"day={DAY}"
    part.mkdir()
    users, items, _ = zip(*EVENTS, strict=True)
    pq.write_table(pa.table({"user_id": users, "item_id": items}), part / "part-0.parquet")


def text(name, content, encoding="utf-8"):
    return lambda folder: (folder / name).write_text(content, encoding=encoding)


SAMPLES = {
    "anything with": text("log.csv", rows(lambda u, i, m: f"{u},{i},{DAY} {clock(m)}", "user_id,item_id,timestamp\n")),
    "REES46": text(
        "2024-Mar.csv",
        rows(
            lambda u, i, m: f"{DAY} {clock(m)}:00 UTC,view,{i},2053013555631882655,,,35.79,{u},72d76fde-8bb3-{u}",
            "event_time,event_type,product_id,category_id,category_code,brand,price,user_id,user_session\n",
        ),
    ),
    "Online Retail": text(
        "retail.csv",
        rows(
            lambda u, i, m: f'53636{u[1]},{i},"HEART, WHITE",6,3/13/2024 0:{m:02d},2.55,{u},United Kingdom',
            "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n",
        ),
    ),
    "Excel in German": text(
        "Bestellungen.csv",
        rows(lambda u, i, m: f"{u}ä;{i}ü;01.03.2024 {clock(m)}", "sep=;\nKunde;Artikel;Datum\n"),
        "cp1252",
    ),
    "H&M": text(
        "transactions_train.csv",
        rows(lambda u, i, m: f"{DAY},{u},{i},0.0508,2", "t_dat,customer_id,article_id,price,sales_channel_id\n"),
    ),
    "a file without names": text("clicks.dat", rows(lambda u, i, m: f"{u[1]},{DAY}T{clock(m)}:09.277Z,{i},0")),
    "the same, with names": text("clicks.dat", rows(lambda u, i, m: f"{u[1]},{DAY}T{clock(m)}:09.277Z,{i},0")),
    "MovieLens 1M": text("ratings.dat", rows(lambda u, i, m: f"{u[1]}::{ord(i)}::5::{SECONDS + 60 * m}")),
    "Last.fm 1K": text(
        "plays.tsv", rows(lambda u, i, m: f'user_{u}\t{DAY}T{clock(m)}:57Z\tf1\tThe "Artist\t{i}\t12" Mix')
    ),
    "RecBole": text(
        "shop.inter",
        rows(lambda u, i, m: f"{u}\t{i}\t{SECONDS + 60 * m}", "user_id:token\titem_id:token\ttimestamp:float\n"),
    ),
    "Amazon reviews": text(
        "reviews.jsonl",
        objects(lambda u, i, m: {"user_id": u, "parent_asin": i, "timestamp": (SECONDS + 60 * m) * 1000, "text": "ok"}),
    ),
    "OTTO": text(
        "otto.jsonl",
        by_user(
            lambda u, events: json.dumps(
                {
                    "session": int(u[1]),
                    "events": [{"aid": ord(i), "ts": (SECONDS + 60 * m) * 1000, "type": "clicks"} for i, m in events],
                }
            )
        ),
    ),
    "GA4": text(
        "ga4.jsonl",
        objects(
            lambda u, i, m: {
                "user_pseudo_id": u,
                "event_timestamp": str((SECONDS + 60 * m) * 1_000_000),
                "event_params": [
                    {"key": "page", "value": {"string_value": "x"}},
                    {"key": "ga_session_id", "value": {"int_value": "17"}},
                ],
                "items": [{"item_id": i}],
            }
        ),
    ),
    "Segment": text(
        "segment.jsonl",
        objects(
            lambda u, i, m: {
                "type": "track",
                "userId": u,
                "timestamp": f"{DAY}T{clock(m)}:00.123Z",
                "properties": {"product_id": i},
            }
        ),
    ),
    "Mixpanel": text(
        "mixpanel.jsonl",
        objects(
            lambda u, i, m: {
                "event": "view",
                "properties": {"distinct_id": u, "time": SECONDS + 60 * m, "product_id": i},
            }
        ),
    ),
    "MongoDB": text(
        "mongo.json",
        objects(
            lambda u, i, m: {
                "_id": {"$oid": "65e1"},
                "user": u,
                "item": i,
                "at": {"$date": f"{DAY}T{clock(m)}:00Z"},
            }
        ),
    ),
    "Elasticsearch": text(
        "dump.json",
        objects(
            lambda u, i, m: {
                "_index": "events",
                "_source": {"user": u, "item": i, "@timestamp": f"{DAY}T{clock(m)}:00Z"},
            }
        ),
    ),
    "Spark": partitions,
    "a web server": text(
        "access.csv",
        rows(lambda u, i, m: f"{u},{i},01/Mar/2024:{clock(m)}:36 +0000", "user_id,item_id,timestamp\n"),
    ),
    "a warehouse": text("dates.csv", rows(lambda u, i, m: f"{u},{i},20240301", "user_id,item_id,timestamp\n")),
    "gensim": text("sessions.txt", by_user(lambda u, events: " ".join(i for i, _ in events))),
    "pandas": text("sessions.csv", "items\n" + by_user(lambda u, events: f'"{[i for i, _ in events]}"')),
    "polars": lambda folder: table(folder, feather.write_feather, "log.feather"),
}
UNTIMED = {"gensim", "pandas"}


def lines():
    """(what it is a log of, the flags) of the page's table."""
    rows = re.findall(r"^\| ([^|]+) \| [^|]* \| (nothing else|`--[^|]*`) \|$", PAGE.read_text("utf-8"), re.M)
    return {what: [] if flags == "nothing else" else shlex.split(flags.strip("`")) for what, flags in rows}


def test_every_line_has_a_sample():
    assert all(sum(what.startswith(name) for name in SAMPLES) == 1 for what in lines())
    assert len(lines()) == len(SAMPLES)


@pytest.mark.parametrize("name", SAMPLES)
def test_a_line_of_the_page_reads_the_log_it_is_for(tmp_path, capsys, name):
    (flags,) = [flags for what, flags in lines().items() if what.startswith(name)]
    SAMPLES[name](tmp_path)
    main(["check", "--events", str(tmp_path), "--json", "--models", str(tmp_path / "models"), *flags])
    found = json.loads(capsys.readouterr().out)
    assert found["rows"]["rejected"] == {}
    assert (found["events"], found["items"]) == (6, 3)
    if name not in UNTIMED:
        assert found["time"]["first"].startswith("2024-03-")
