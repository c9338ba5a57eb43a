"""Types learnt from a log whose users go for the city of their country, and for rooms by their device."""

import json

import numpy as np
import pytest
from support.typed import CITIES, COUNTRIES, DEVICES, HOMES, ROOMS, START, home, typed_config, write_typed

from index.errors import ConfigError
from index.ranking.readings import normalised
from index.types.buckets import Buckets
from index.types.types import Kinds, Types, Weights
from training.config import TrainConfig
from training.pipeline.prepare import prepare, read_catalogue
from training.progress import LogReporter
from training.types.learn import first_users, learn_types
from training.types.meetings import read_meetings
from training.types.sequences import corpus_of
from training.types.weights import choose, pairs_of
from training.workspace import Workspace


@pytest.fixture(scope="module")
def log(tmp_path_factory):
    return write_typed(tmp_path_factory.mktemp("typed"))


def learnt(config, folder):
    with Workspace(folder, {}, LogReporter()) as work:
        log = prepare(config, work)
        items, log = read_catalogue(log, config, work)
        return learn_types(log.vocabulary, log.rare, items, config, work), log


def with_trainer(config, **settings):
    return config.model_copy(update={"trainer": config.trainer.model_copy(update=settings)})


@pytest.mark.parametrize("engine", ["spectral", "sgns"])
def test_a_user_type_is_nearest_to_the_item_type_it_goes_for(log, tmp_path, engine):
    config = with_trainer(typed_config(log, dims=16), engine=engine, epochs=10, learning_rate=None)
    types, _ = learnt(config, tmp_path)
    assert sorted(types.items.labels) == sorted(f"city={c} · room={r}" for c in CITIES for r in ROOMS)
    assert len(types.users) == 6
    for country, city in zip(COUNTRIES, CITIES, strict=True):
        for device, room in zip(DEVICES, ROOMS, strict=True):
            user = types.user(f"country={country} · device={device}")
            wanted = types.items.find(f"city={city} · room={room}")
            assert np.argmax(types.affinities(user)) == wanted
            assert np.argmax(types.shares(user)) == wanted


def test_every_item_has_the_type_that_its_metadata_says(log, tmp_path):
    types, log = learnt(typed_config(log, item=("city", "price")), tmp_path)
    for row, item in enumerate(log.vocabulary.ids):
        city, number = next((c, int(item[len(c) :])) for c in (c.lower() for c in CITIES) if item.startswith(c))
        label = types.items.labels[types.rows[row]]
        assert label.startswith(f"city={city.capitalize()} · price=")
        assert label.endswith(str(20 + 100 * (number % 5) + [c.lower() for c in CITIES].index(city)))


def test_a_user_is_what_most_of_its_events_say_and_users_come_one_after_the_other(log, tmp_path):
    place = {home(c, n): (c, n) for c in range(3) for n in range(HOMES)}
    met = read_meetings(typed_config(log), place, tmp_path)
    assert len(met.items) == 240 * 8
    assert (np.diff(met.users) >= 0).all()
    assert len(set(met.users.tolist())) == 240
    # The first event of each user says another country.
    for user in range(240):
        assert len(set(met.kinds[met.users == user].tolist())) == 1
    assert sorted(np.bincount(met.kinds).tolist()) == [320] * 6


@pytest.mark.parametrize("form", ["parquet", "jsonl"])
def test_other_forms_of_the_log_say_the_same(log, tmp_path, form):
    import duckdb

    path = tmp_path / f"log.{form}"
    kind = "PARQUET" if form == "parquet" else "JSON"
    duckdb.execute(f"COPY (SELECT * FROM read_csv('{log}')) TO '{path}' (FORMAT {kind})")
    place = {home(c, n): (c, n) for c in range(3) for n in range(HOMES)}
    config = typed_config(log)
    other = config.model_copy(update={"events": config.events.model_copy(update={"paths": (str(path),)})})
    here, there = read_meetings(config, place, tmp_path), read_meetings(other, place, tmp_path)
    assert here.labels == there.labels
    assert np.array_equal(here.items, there.items)
    assert np.array_equal(here.kinds, there.kinds)


def test_a_log_in_another_encoding_is_read_as_well(log, tmp_path):
    path = tmp_path / "log.csv"
    path.write_text(log.read_text(encoding="utf-8").replace(",fr,", ",françe,"), encoding="utf-16")
    config = typed_config(log)
    config = config.model_copy(update={"events": config.events.model_copy(update={"paths": (str(path),)})})
    met = read_meetings(config, {"paris1": (0, -1)}, tmp_path)
    assert "country=françe · device=ios" in met.labels
    assert len(met.items) == len(read_meetings(typed_config(log), {"paris1": (0, -1)}, tmp_path).items)


def test_rows_may_be_sessions_and_values_of_users_numbers(tmp_path):
    path = tmp_path / "log.jsonl"
    rows = [
        {"user_id": f"u{user}", "items": [home(user % 3, n) for n in range(4)], "timestamp": START + user, "age": user}
        for user in range(60)
    ]
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    config = typed_config(path, user=("age",))
    events = config.events.model_copy(update={"rows": "sessions", "item": "items", "session": "(session)"})
    place = {home(c, n): (c, n) for c in range(3) for n in range(HOMES)}
    met = read_meetings(config.model_copy(update={"events": events}), place, tmp_path)
    assert sorted(met.labels) == [f"age={n}/5" for n in range(1, 6)]
    assert len(met.items) == 240


def test_rejected_rows_bots_and_unknown_users_are_no_meetings(tmp_path):
    log = write_typed(tmp_path, users=30)
    with log.open("a", encoding="utf-8") as file:
        file.write("u1,paris1,no time,fr,ios\r\n")
        file.write("null,paris1,1700000000,fr,ios\r\n")
        file.writelines(f"bot,paris1,{1_700_000_000 + i},fr,ios\r\n" for i in range(50))
        file.write("plain,paris1,1700000000,,\r\n")
    config = typed_config(log)
    config = config.model_copy(update={"sessions": config.sessions.model_copy(update={"max_user_events": 40})})
    met = read_meetings(config, {"paris1": (0, -1)}, tmp_path)
    known = read_meetings(typed_config(write_typed(tmp_path / "plain", users=30)), {"paris1": (0, -1)}, tmp_path)
    assert len(met.items) == len(known.items) + 1
    assert (met.kinds == -1).sum() == 1


def test_a_session_is_pairs_of_user_type_and_item_type():
    users, kinds, items = np.array([0, 0, 2, 3, 3, 4]), np.array([1, 1, 0, -1, -1, -1]), np.array([2, 0, 1, 2, 2, 0])
    corpus = corpus_of(users, kinds, items, item_types=3, user_types=2)
    assert [corpus.session(i).tolist() for i in range(len(corpus))] == [[4, 2, 4, 0], [3, 1], [2, 2]]
    assert corpus.items == 5


def test_skip_gram_gets_a_sample_of_whole_users():
    users = np.repeat(np.arange(100), 4)
    corpus = corpus_of(users, users % 3, users % 5, item_types=5, user_types=3)
    some = first_users(corpus, 80)
    assert len(some) == 10
    assert [some.session(i).tolist() for i in range(10)] == [corpus.session(i).tolist() for i in range(10)]
    assert first_users(corpus, 10_000) is corpus


def test_only_conversions_where_that_is_asked_for(log, tmp_path):
    path = tmp_path / "log.csv"
    lines = log.read_text(encoding="utf-8").splitlines()
    rows = [f"{line},{'book' if number % 4 == 0 else 'view'}" for number, line in enumerate(lines[1:])]
    path.write_text("\n".join([f"{lines[0]},kind", *rows]), encoding="utf-8")
    config = typed_config(log, conversions=False)
    given = config.model_dump() | {"events": config.events.model_dump() | {"paths": (str(path),), "event_type": "kind"}}
    given["events"]["conversion_types"] = ("book",)
    given["types"]["conversions"] = True
    place = {home(c, n): (c, n) for c in range(3) for n in range(HOMES)}
    assert len(read_meetings(TrainConfig.model_validate(given), place, tmp_path).items) == 480


def test_without_user_columns_item_types_alone_are_learnt(log, tmp_path):
    types, _ = learnt(typed_config(log, user=()), tmp_path)
    assert types.users is None
    assert types.pairs is None
    assert len(types.items) == 6


def test_the_step_is_not_done_twice_and_gives_the_same(log, tmp_path):
    config = typed_config(log)
    first, _ = learnt(config, tmp_path)
    again, _ = learnt(config, tmp_path)
    afresh, _ = learnt(config, tmp_path / "other")
    for other in (again, afresh):
        assert np.array_equal(first.items.vectors, other.items.vectors)
        assert np.array_equal(first.rows, other.rows)
        assert first.weights == other.weights


@pytest.mark.parametrize(
    ("types", "said"),
    [
        ({"item": ("city", "colour")}, "no item has a column 'colour'.*: category, city, price, room, title"),
        (
            {"user": ("planet",)},
            "no file of the log has a column 'planet'; the columns are: user_id, .*country, device",
        ),
    ],
)
def test_columns_that_are_not_there_are_refused_with_those_that_are(log, tmp_path, types, said):
    with pytest.raises(ConfigError, match=said):
        learnt(typed_config(log, **types), tmp_path)


@pytest.mark.parametrize(
    ("types", "said"),
    [({"user": ("country",), "item": ()}, "needs types.item"), ({"item": ("a", "a")}, "twice")],
)
def test_settings_that_do_not_go_together(log, types, said):
    with pytest.raises(ValueError, match=said):
        typed_config(log, **types)


def world_of(taste, events, seed=5):
    """Types as if learnt: items of four types, 25 each, and users of one type each, near the item type of their taste
    where it is 0 to 3; whose taste is 4 goes for anything. (types, counts, kinds, rows) of events."""
    rng = np.random.default_rng(seed)
    axes = np.vstack([np.eye(4, dtype=np.float32), np.full(4, 0.5, dtype=np.float32)])
    users = normalised(axes[taste] + rng.normal(scale=0.1, size=(len(taste), 4)).astype(np.float32))
    kinds = np.repeat(np.arange(len(taste)), events)
    wanted = np.where(taste[kinds] < 4, taste[kinds], rng.integers(0, 4, len(kinds)))
    rows = wanted + 4 * (25 * rng.random(len(kinds)) ** 2).astype(np.int64)
    place = np.arange(100) % 4
    counts = np.bincount(rows, minlength=100)
    nothing = Buckets(("x",), (None,))
    types = Types(
        items=Kinds(nothing, list("abcd"), axes[:4], np.bincount(wanted, minlength=4)),
        rows=place.astype(np.int32),
        users=Kinds(nothing, [str(user) for user in range(len(taste))], users, np.bincount(kinds)),
        pairs=pairs_of(kinds, wanted, len(taste), 4),
        weights=Weights(0.0, None),
    )
    return types, counts, kinds, rows


def test_rare_user_types_speak_through_the_vectors():
    """Each of 200 user types was seen twice; where their vectors lie says the rest."""
    taste = np.arange(200) % 4
    types, counts, _, _ = world_of(taste, 2)
    _, _, kinds, rows = world_of(taste, 20, seed=6)
    judged = choose(types, counts, kinds, rows, np.full(len(rows), 1 / 20), 1)
    assert judged.weights.sharpness >= 4
    assert judged.hr20 > 2 * judged.popularity


def test_where_types_say_nothing_popularity_is_kept():
    taste = np.full(50, 4)
    types, counts, _, _ = world_of(taste, 400)
    _, _, kinds, rows = world_of(taste, 400, seed=6)
    judged = choose(types, counts, kinds, rows, np.full(len(rows), 1 / 400), 1)
    assert judged.hr20 < 1.03 * judged.popularity
    nobody = choose(types, counts, kinds[:0], rows[:0], np.zeros(0), 1)
    assert nobody.weights == Weights(0.0, None)


def test_pairs_are_counted_by_user_type():
    pairs = pairs_of(np.array([1, 1, -1, 1, 0]), np.array([2, 2, 1, 0, 1]), 3, 3)
    assert [tuple(map(list, map(np.ndarray.tolist, pairs.of(user)))) for user in range(3)] == [
        ([1], [1]),
        ([0, 2], [1, 2]),
        ([], []),
    ]


def test_nothing_is_learnt_where_nothing_is_asked_for(log, tmp_path):
    config = typed_config(log)
    config = config.model_copy(update={"types": config.types.model_copy(update={"item": (), "user": ()})})
    assert learnt(config, tmp_path)[0] is None
