"""Small logs in the shape of other tools' files: the two groups of support.factories, under their names and columns."""

import csv
import json
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from support.factories import PER_GROUP, two_groups

ITEMS = range(1, 2 * PER_GROUP + 1)
GENRES = ("Comedy", "War")


class Play(NamedTuple):
    """item: a number from 1. time: seconds."""

    user: int
    session: int
    item: int
    time: int


def plays(sessions: int = 60) -> list[Play]:
    corpus = two_groups(sessions)
    return [
        Play(s % 20 + 1, s + 1, token + 1, int(corpus.starts[s]) // 1_000_000 + place)
        for s in range(len(corpus))
        for place, token in enumerate(corpus.session(s).tolist())
    ]


def group(item: int) -> str:
    return GENRES[(item - 1) // PER_GROUP]


def iso(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def write(path: Path, lines: Iterable[str], encoding: str = "utf-8") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes("".join(f"{line}\n" for line in lines).encode(encoding))
    return path


def write_table(path: Path, names: Iterable[str], rows: Iterable[Iterable[Any]]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(names)
        writer.writerows(rows)
    return path


def movielens_100k(folder: Path, log: list[Play]) -> None:
    write(folder / "u.data", (f"{p.user}\t{p.item}\t{p.item % 5 + 1}\t{p.time}" for p in log))
    flags = {"Comedy": 5, "War": 17}
    write(
        folder / "u.item",
        (
            f"{i}|Café {i} (1995)|01-Jan-1995||http://x/{i}|"
            + "|".join(str(int(n == flags[group(i)])) for n in range(19))
            for i in ITEMS
        ),
        "latin-1",
    )
    write(folder / "u.user", ["1|24|M|technician|85711"])


def movielens_1m(folder: Path, log: list[Play]) -> None:
    write(folder / "ratings.dat", (f"{p.user}::{p.item}::{p.item % 5 + 1}::{p.time}" for p in log))
    write(folder / "movies.dat", (f"{i}::Café: {i} (1995)::{group(i)}|Drama" for i in ITEMS), "latin-1")
    write(folder / "users.dat", ["1::F::1::10::48067"])


def movielens_20m(folder: Path, log: list[Play]) -> None:
    write_table(
        folder / "ratings.csv",
        ("userId", "movieId", "rating", "timestamp"),
        ((p.user, p.item, p.item % 5 + 0.5, p.time) for p in log),
    )
    write_table(
        folder / "movies.csv",
        ("movieId", "title", "genres"),
        ((i, f"Café, the {i} (1995)", f"{group(i)}|Drama") for i in ITEMS),
    )
    write_table(folder / "tags.csv", ("userId", "movieId", "tag", "timestamp"), [(1, 1, "fun", 1_700_000_000)])


def gorse_json(folder: Path, log: list[Play]) -> None:
    feedback = (
        {
            "FeedbackType": "read" if p.item % 3 else "like",
            "UserId": f"u{p.user}",
            "ItemId": f"i{p.item}",
            "Value": 1,
            "Timestamp": iso(p.time),
            "Updated": iso(p.time),
            "Comment": "",
        }
        for p in log
    )
    write(folder / "feedback.jsonl", map(json.dumps, feedback))
    items = (
        {
            "ItemId": f"i{i}",
            "IsHidden": i == 7,
            "Categories": [group(i), "all"],
            "Timestamp": iso(1_600_000_000),
            "Labels": {"tags": ["a", f"t{i}"], "price": i * 1.5, "by": {"name": f"author {i}"}},
            "Comment": f"Item {i}",
        }
        for i in ITEMS
    )
    write(folder / "items.jsonl", map(json.dumps, items))
    write(folder / "users.jsonl", [json.dumps({"UserId": "u1", "Labels": {"a": 1}, "Comment": "Ann"})])


def gorse_csv(folder: Path, log: list[Play], value: bool = False) -> None:
    def when(seconds: int) -> str:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S +0000 UTC")

    names = ("feedback_type", "user_id", "item_id", *(("value",) if value else ()), "time_stamp")
    rows = ((("read", f"u{p.user}", f"i{p.item}"), (1,) * value, (when(p.time),)) for p in log)
    write_table(folder / "feedback.csv", names, ((*a, *b, *c) for a, b, c in rows))
    write_table(
        folder / "items.csv",
        ("item_id", "is_hidden", "categories", "time_stamp", "labels", "description"),
        ((f"i{i}", str(i == 7).lower(), f"{group(i)}|all", when(1_600_000_000), f"a|t{i}", f"Item {i}") for i in ITEMS),
    )
    write_table(folder / "users.csv", ("user_id", "labels"), [("u1", "a|b")])


def personalize(folder: Path, log: list[Play]) -> None:
    write_table(
        folder / "interactions.csv",
        ("USER_ID", "ITEM_ID", "TIMESTAMP", "EVENT_TYPE", "EVENT_VALUE", "IMPRESSION"),
        ((p.user, f"p{p.item}", p.time, "View" if p.item % 4 else "Purchase", "", "p1|p2") for p in log),
    )
    write_table(
        folder / "items.csv",
        ("ITEM_ID", "CREATION_TIMESTAMP", "PRICE", "CATEGORY_L1", "GENRES", "PRODUCT_NAME"),
        ((f"p{i}", 1_600_000_000, f"{i}.5", group(i), f"{group(i)}|x", f"Product {i}") for i in ITEMS),
    )
    write_table(folder / "users.csv", ("USER_ID", "AGE"), [("1", "30")])


def metarank(folder: Path, log: list[Play], sessions: bool = True) -> None:
    def events() -> Iterable[dict[str, Any]]:
        for i in ITEMS:
            fields = [{"name": "title", "value": f"Item {i}"}, {"name": "genres", "value": [group(i), "x"]}]
            yield {"event": "item", "id": f"m{i}", "timestamp": "1600000000000", "item": f"i{i}", "fields": fields}
        yield {"event": "user", "id": "u", "timestamp": "1600000000000", "user": "u1", "fields": []}
        for n, p in enumerate(log):
            shown = [{"id": f"i{p.item}", "relevancy": 1.0}, {"id": "i1"}]
            who = {"user": f"u{p.user}", **({"session": f"s{p.session}"} if sessions else {})}
            at = str(p.time * 1000)
            yield {"event": "ranking", "id": f"r{n}", "timestamp": at, **who, "fields": [], "items": shown}
            act = "purchase" if p.item % 4 == 0 else "click"
            yield {"event": "interaction", "id": f"e{n}", "ranking": f"r{n}", "timestamp": at, **who} | {
                "type": act,
                "item": f"i{p.item}",
                "fields": [],
            }

    write(folder / "events.jsonl", map(json.dumps, events()))


def recbole(folder: Path, log: list[Play]) -> None:
    write(
        folder / "ml-x.inter",
        ["user_id:token\titem_id:token\trating:float\ttimestamp:float"]
        + [f"{p.user}\t{p.item}\t{p.item % 5 + 1}\t{float(p.time)}" for p in log],
    )
    write(
        folder / "ml-x.item",
        ["item_id:token\tmovie_title:token_seq\trelease_year:token\tclass:token_seq\tscore:float"]
        + [f'{i}\tThe "Big {i}\t1995\t{group(i)} Drama\t{i}.5' for i in ITEMS],
    )
    write(folder / "ml-x.user", ["user_id:token\tage:token", "1\t24"])


def yoochoose(folder: Path, log: list[Play]) -> None:
    def when(seconds: int) -> str:
        return iso(seconds).replace("Z", ".277Z")

    write(folder / "yoochoose-clicks.dat", (f"{p.session},{when(p.time)},{p.item},{p.item % 3 or 'S'}" for p in log))
    write(folder / "yoochoose-buys.dat", (f"{p.session},{when(p.time)},{p.item},12462,1" for p in log[::5]))
    write(folder / "dataset-README.txt", ["SUMMARY"])


def retailrocket(folder: Path, log: list[Play]) -> None:
    write_table(
        folder / "events.csv",
        ("timestamp", "visitorid", "event", "itemid", "transactionid"),
        (
            (p.time * 1000, p.user, "view" if p.item % 4 else "transaction", p.item, "" if p.item % 4 else p.session)
            for p in log
        ),
    )
    for part, items in (("1", ITEMS[:10]), ("2", ITEMS[10:])):
        rows = [(1_600_000_000_000 + n, i, "categoryid", c) for i in items for n, c in enumerate(("0", group(i)))]
        rows += [(1_600_000_000_000, i, "available", int(i != 7)) for i in items]
        rows += [(1_600_000_000_000, i, "790", "n1234.000") for i in items]
        write_table(folder / f"item_properties_part{part}.csv", ("timestamp", "itemid", "property", "value"), rows)
    write_table(folder / "category_tree.csv", ("categoryid", "parentid"), [(1, 2)])


def instacart(folder: Path, log: list[Play]) -> None:
    orders: dict[int, list[Play]] = {}
    for play in log:
        orders.setdefault(play.session, []).append(play)
    counts: dict[int, int] = {}
    rows = []
    for session, content in orders.items():
        user = content[0].user
        counts[user] = counts.get(user, 0) + 1
        since = "" if counts[user] == 1 else "7.0"
        rows.append((session, user, "prior", counts[user], session % 7, f"{session % 24:02}", since))
    write_table(
        folder / "orders.csv",
        (
            "order_id",
            "user_id",
            "eval_set",
            "order_number",
            "order_dow",
            "order_hour_of_day",
            "days_since_prior_order",
        ),
        rows,
    )
    products = [(s, p.item, n + 1, 0) for s, content in orders.items() for n, p in enumerate(content)]
    half = len(products) // 2
    for name, part in (("prior", products[:half]), ("train", products[half:])):
        write_table(
            folder / f"order_products__{name}.csv", ("order_id", "product_id", "add_to_cart_order", "reordered"), part
        )
    write_table(
        folder / "products.csv",
        ("product_id", "product_name", "aisle_id", "department_id"),
        ((i, f'Tea, "green" {i}', 1, 1 + (i - 1) // PER_GROUP) for i in ITEMS),
    )
    write_table(folder / "aisles.csv", ("aisle_id", "aisle"), [(1, "tea")])
    write_table(folder / "departments.csv", ("department_id", "department"), [(1, "Comedy"), (2, "War")])


def lastfm(folder: Path, log: list[Play]) -> None:
    lines = []
    for n, p in enumerate(log):
        track = "" if n % 9 == 0 else f"mbid-{p.item}"
        name = f"The \"Big' {p.item}"
        lines.append(f"user_{p.user:06}\t{iso(p.time)}\tartist-{group(p.item)}\t{group(p.item)}s\t{track}\t{name}")
    write(folder / "userid-timestamp-artid-artname-traid-traname.tsv", lines)
    write(folder / "userid-profile.tsv", ["#id\tgender\tage\tcountry\tregistered"])


def lastfm_counts(folder: Path, log: list[Play]) -> None:
    lines = (f"{p.user:040x}\tmbid-{p.item}\tartist {p.item}\t{p.time % 99}" for p in log)
    write(folder / "usersha1-artmbid-artname-plays.tsv", lines)


# What is written -> the preset that reads it, and what finds it.
WRITERS: dict[str, tuple[str, Callable[[Path, list[Play]], None]]] = {
    "movielens 100K": ("movielens", movielens_100k),
    "movielens 1M": ("movielens", movielens_1m),
    "movielens 20M": ("movielens", movielens_20m),
    "gorse jsonl": ("gorse", gorse_json),
    "gorse csv": ("gorse", gorse_csv),
    "gorse csv with values": ("gorse", lambda folder, log: gorse_csv(folder, log, value=True)),
    "personalize": ("personalize", personalize),
    "metarank": ("metarank", metarank),
    "metarank without sessions": ("metarank", lambda folder, log: metarank(folder, log, sessions=False)),
    "recbole": ("recbole", recbole),
    "yoochoose": ("yoochoose", yoochoose),
    "retailrocket": ("retailrocket", retailrocket),
    "instacart": ("instacart", instacart),
    "lastfm": ("lastfm", lastfm),
}
