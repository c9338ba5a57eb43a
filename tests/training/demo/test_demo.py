"""The demo world: the same for a seed, of the size asked for, in time order, with structure to find."""

import hashlib
from pathlib import Path

import duckdb
import numpy as np
import pytest

from index.errors import ConfigError
from training.demo.files import FORMATS
from training.demo.world import World, write_world

READERS = {
    "parquet": "read_parquet('{}/events-*')",
    "csv": "read_csv('{}/events-*', all_varchar=true, ignore_errors=true)",
    "csv.gz": "read_csv('{}/events-*', all_varchar=true, ignore_errors=true)",
    "jsonl": "read_json('{}/events-*', format='newline_delimited', ignore_errors=true)",
}
# A line that is not CSV is passed over, and one that is not JSON is a row of NULLs: neither counts as sound.
TIME = "TRY_CAST(CAST(timestamp AS VARCHAR) AS BIGINT) BETWEEN 1500000000 AND 2000000000"
SOUND = f"user_id <> '' AND item_id <> '' AND {TIME}"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return write_world(tmp_path_factory.mktemp("world"), 50_000, seed=3)


def digests(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


def count(sql: str) -> int:
    return int(duckdb.sql(sql).fetchall()[0][0])


@pytest.mark.parametrize("kind", ["parquet", "csv.gz"])  # gzip would write the time of day
def test_same_seed_writes_same_bytes_and_another_seed_another_log(tmp_path: Path, kind: str) -> None:
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        write_world(tmp_path / name, 1_000, seed=seed, format=kind)
    assert digests(tmp_path / "a") == digests(tmp_path / "b")
    assert not set(digests(tmp_path / "a").values()) & set(digests(tmp_path / "c").values())


@pytest.mark.parametrize("kind", FORMATS)
def test_every_format_is_readable_and_its_broken_rows_are_counted_right(tmp_path: Path, kind: str) -> None:
    world = write_world(tmp_path, 20_000, format=kind)
    log = READERS[kind].format(tmp_path)
    assert count(f"SELECT count(*) FROM {log} WHERE {SOUND}") == world.events == 20_000
    assert world.broken == 10
    # In CSV the malformed lines, a quarter of the broken ones, are not even rows.
    unseen = 2 if kind.startswith("csv") else 0
    assert count(f"SELECT count(*) FROM {log} WHERE ({SOUND}) IS NOT TRUE") == world.broken - unseen
    assert count(f"SELECT count(DISTINCT item_id) FROM '{world.items_file}'") == world.items


def test_small_world_still_has_several_files_both_kinds_and_each_damage(tmp_path: Path) -> None:
    world = write_world(tmp_path, 1_000)
    assert len(world.event_files) == 2
    assert 40 <= world.items <= 80
    assert duckdb.sql(f"SELECT DISTINCT kind FROM '{world.items_file}' ORDER BY 1").fetchall() == [
        ("home",),
        ("track",),
    ]
    log = READERS["parquet"].format(tmp_path)
    broken = f"SELECT count(*) FROM {log} WHERE {{}} IS NULL"
    assert [count(broken.format(column)) for column in ("user_id", "item_id")] == [1, 1]
    assert count(f"SELECT count(*) FROM {log}") == 1_000 + world.broken == 1_003


def test_files_are_in_time_order_and_so_are_their_rows(world: World) -> None:
    times = [
        duckdb.sql(f"SELECT timestamp FROM '{path}' WHERE {SOUND}").fetchnumpy()["timestamp"]
        for path in world.event_files
    ]
    assert len(times) > 1
    assert (np.diff(np.concatenate(times)) >= 0).all()


def test_pauses_are_short_within_a_session_and_long_between_two(world: World) -> None:
    log = READERS["parquet"].format(world.folder)
    gaps = duckdb.sql(
        "SELECT timestamp - lag(timestamp) OVER (PARTITION BY user_id ORDER BY timestamp) AS gap "
        f"FROM {log} WHERE {SOUND} QUALIFY gap IS NOT NULL"
    ).fetchnumpy()["gap"]
    assert gaps.min() > 0
    assert not ((gaps >= 600) & (gaps <= 1800)).any()
    assert 0.03 < (gaps > 1800).mean() < 0.3


def test_progress_rises_to_one(tmp_path: Path) -> None:
    seen: list[float] = []
    write_world(tmp_path, 1_000, progress=seen.append)
    assert seen == sorted(seen)
    assert seen[-1] == 1.0


def test_items_that_meet_in_sessions_share_subgenre_or_city(world: World) -> None:
    """Of the ten items that most often come within three events of an item, nearly all are of its sort."""
    log = READERS["parquet"].format(world.folder)
    nearest = f"""
        WITH e AS (SELECT user_id, item_id, timestamp, row_number() OVER (PARTITION BY user_id ORDER BY timestamp) AS n
                   FROM {log} WHERE {SOUND}),
        pairs AS (SELECT a.item_id AS item, b.item_id AS other, count(*) AS met FROM e a JOIN e b
                  ON a.user_id = b.user_id AND b.n - a.n BETWEEN -3 AND 3 AND a.item_id <> b.item_id
                  AND abs(a.timestamp - b.timestamp) < 1800 GROUP BY ALL),
        best AS (SELECT * FROM pairs QUALIFY row_number() OVER (PARTITION BY item ORDER BY met DESC, other) <= 10)
        SELECT a.kind, avg((coalesce(a.subgenre, a.category) = coalesce(b.subgenre, b.category))::INT) AS same
        FROM best JOIN '{world.items_file}' a ON a.item_id = item JOIN '{world.items_file}' b ON b.item_id = other
        GROUP BY 1"""
    same = dict(duckdb.sql(nearest).fetchall())
    assert same["track"] > 0.75
    assert same["home"] > 0.75


def test_what_comes_next_differs_from_what_is_similar(world: World) -> None:
    """Many tracks that meet often do so in one order: an artist's tracks are heard as they are numbered."""
    log = READERS["parquet"].format(world.folder)
    ordered = f"""
        WITH steps AS (SELECT item_id AS item, lead(item_id) OVER (PARTITION BY user_id ORDER BY timestamp) AS following
                       FROM {log} WHERE {SOUND} AND event_type IN ('play', 'skip') QUALIFY following <> item_id)
        SELECT abs(sum(CASE WHEN item < following THEN 1 ELSE -1 END)) >= 0.8 * count(*) AS leans FROM steps
        GROUP BY least(item, following), greatest(item, following) HAVING count(*) >= 10"""
    assert count(f"SELECT count(*) FROM ({ordered}) WHERE leans") > 50


@pytest.mark.parametrize(("events", "kind"), [(50, "parquet"), (1_000, "xml")])
def test_what_cannot_be_made_is_refused(tmp_path: Path, events: int, kind: str) -> None:
    with pytest.raises(ConfigError):
        write_world(tmp_path, events, format=kind)


def test_folder_with_a_log_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    write_world(tmp_path, 1_000)
    before = digests(tmp_path)
    with pytest.raises(ConfigError, match="already"):
        write_world(tmp_path, 2_000)
    assert digests(tmp_path) == before


def test_people_reject_homes_that_are_far_from_the_price_they_like(world: World) -> None:
    log, items = READERS["parquet"].format(world.folder), world.items_file
    rows = f"""
        SELECT event_type, abs(price / median(price) OVER (PARTITION BY user_id, category) - 1) AS off
        FROM {log} JOIN '{items}' USING (item_id) WHERE kind = 'home' AND {SOUND}
    """
    off = dict(duckdb.sql(f"SELECT event_type, avg(off) FROM ({rows}) GROUP BY 1").fetchall())
    assert set(off) == {"view", "book", "reject"}
    assert off["reject"] > 1.2 * off["view"]
    assert off["book"] < off["view"]
    share = count(f"SELECT round(100 * avg((event_type = 'reject')::INT)) FROM ({rows})")
    assert 5 <= share <= 30
    of_tracks = f"SELECT count(*) FROM {log} JOIN '{items}' USING (item_id) WHERE kind = 'track'"
    assert count(f"{of_tracks} AND event_type = 'reject'") == 0


def test_new_items_come_every_week_and_nobody_meets_one_before(world: World) -> None:
    log, items = READERS["parquet"].format(world.folder), world.items_file
    weeks = duckdb.sql(
        f"SELECT added, count(*) FROM '{items}' WHERE added IS NOT NULL GROUP BY 1 ORDER BY 1"
    ).fetchall()
    assert len(weeks) == 12
    assert 0.08 < sum(n for _, n in weeks) / world.items < 0.16
    met = f"SELECT count(*) FROM {log} JOIN '{items}' USING (item_id) WHERE added IS NOT NULL AND {SOUND}"
    assert count(met) > 0.02 * world.events
    assert count(f"{met} AND timestamp < epoch(added::TIMESTAMP)") == 0


def test_homes_of_one_brand_are_looked_at_together(tmp_path: Path) -> None:
    world = write_world(tmp_path, 200_000, seed=3)  # in a smaller one a city has one brand or two
    log, items = READERS["parquet"].format(world.folder), world.items_file
    both = duckdb.sql(f"""
        WITH seen AS (SELECT * FROM {log} JOIN '{items}' USING (item_id) WHERE kind = 'home' AND {SOUND}),
        steps AS (SELECT category, brand, lag(brand) OVER near AS before, lag(category) OVER near AS city
                  FROM seen WINDOW near AS (PARTITION BY user_id ORDER BY timestamp)),
        share AS (SELECT category, avg((brand = before)::INT) AS together, count(*) AS n FROM steps
                  WHERE city = category GROUP BY 1),
        chance AS (SELECT category, sum(n * n) / sum(n) ** 2 AS chance, count(*) AS brands
                   FROM (SELECT category, brand, count(*) AS n FROM seen GROUP BY ALL) GROUP BY 1)
        SELECT sum(together * n) / sum(n), sum(chance * n) / sum(n) FROM share JOIN chance USING (category)
        WHERE brands > 1""").fetchall()
    ((together, chance),) = both
    assert together > 1.4 * chance > 0.2


def test_people_of_a_country_look_at_homes_there(world: World) -> None:
    log, items = READERS["parquet"].format(world.folder), world.items_file
    rows = f"SELECT country, category FROM {log} JOIN '{items}' USING (item_id) WHERE kind = 'home' AND {SOUND}"
    own, all_of = (
        f"SELECT round(100 * avg((category = 'Paris')::INT)) FROM ({rows}) {who}"
        for who in ("WHERE country = 'FR'", "")
    )
    assert count(own) > 2 * count(all_of) > 0
    assert (
        count(
            f"SELECT max(n) FROM (SELECT count(DISTINCT country) AS n FROM {log} WHERE user_id <> '' GROUP BY user_id)"
        )
        == 1
    )


def test_most_bookings_are_of_the_few_homes_of_a_city_that_are_good_value(world: World) -> None:
    """They are looked at no more than others, so only bookings tell them."""
    log, items = READERS["parquet"].format(world.folder), world.items_file
    seen = f"SELECT category, item_id, event_type = 'book' AS booked FROM {log} JOIN '{items}' USING (item_id)"
    places = f"""
        SELECT category, bookings, views, row_number() OVER (PARTITION BY category ORDER BY bookings DESC) AS place
        FROM (SELECT category, item_id, count(*) FILTER (booked) AS bookings, count(*) FILTER (NOT booked) AS views
              FROM ({seen} WHERE kind = 'home' AND {SOUND}) GROUP BY ALL)
        QUALIFY sum(bookings) OVER (PARTITION BY category) >= 10 AND count(*) OVER (PARTITION BY category) >= 15"""
    few = "sum({0}) FILTER (place <= 5) / sum({0})"
    rows = duckdb.sql(f"SELECT {few.format('bookings')}, {few.format('views')} FROM ({places})").fetchall()
    ((booked, looked),) = rows
    assert booked > 0.6
    assert booked > 1.4 * looked
