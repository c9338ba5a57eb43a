"""A preset becomes settings: flags before the file of settings, that before the preset, that before the defaults."""

import json
from collections import Counter
from pathlib import Path
from typing import get_args

import pytest
from support import foreign
from support.foreign import WRITERS, plays, write

import item2vec
from cli.main import main
from index.artifact.registry import Registry
from index.errors import ConfigError, EventsError, EventsMissing
from training.config import TrainConfig
from training.configfile import load_config
from training.events.reader import EventReader
from training.events.sources import open_sources
from training.events.sql import connect
from training.eventsconfig import EventsConfig, Tool
from training.presets.tools.table import PRESETS
from training.presets.unfold import unfold

LOG = plays(40)
SMALL = ("--min-item-count", "2", "--dims", "8", "--bootstrap", "50", "--no-blend", "--quick")


def unfolded(folder, events, **sections):
    return unfold(load_config(None, {"events": events, **sections}), folder / "models")


def of_preset(folder, written, **events):
    preset, writer = WRITERS[written]
    writer(folder / "log", LOG)
    return unfolded(folder, {"paths": (str(folder / "log"),), "preset": preset, **events})


def read(config, folder):
    """(counts of the reader, events) of a log."""
    connection = connect(config.events.memory_mb)
    sources = open_sources(config.events, connection)
    reader = EventReader(sources, config.events, connection, 0.0, folder / "rejects.parquet")
    return reader, sum(len(batch.times) for batch in reader)


def test_the_setting_knows_every_preset_of_the_table():
    assert set(get_args(Tool)) == set(PRESETS)


@pytest.mark.parametrize("written", WRITERS)
def test_every_row_is_read_by_the_settings_of_the_preset(tmp_path, written):
    config = of_preset(tmp_path, written)
    reader, events = read(config, tmp_path)
    # Of Last.fm's plays one in nine has no track.
    lacking = len(range(0, len(LOG), 9)) if written == "lastfm" else 0
    assert (events, sum(reader.counts.rejected.values())) == (len(LOG) - lacking, lacking)
    assert config.events.preset is None


def test_what_is_given_goes_before_the_preset_and_the_preset_before_the_defaults(tmp_path):
    config = of_preset(tmp_path, "lastfm")
    assert (config.events.item, config.events.max_bad_share, config.sessions.gap_minutes) == ("track_id", 0.2, 30.0)
    toml = tmp_path / "train.toml"
    toml.write_text(
        f'[events]\npreset = "movielens"\npaths = ["{tmp_path}/ml"]\nweight = "rating"\n[sessions]\ngap_minutes = 60\n'
    )
    foreign.movielens_20m(tmp_path / "ml", LOG)
    from_file = unfold(load_config(toml, {}), tmp_path / "models")
    assert (from_file.events.user, from_file.events.weight, from_file.sessions.gap_minutes) == ("userId", "rating", 60)
    flags = {"events": {"weight": "timestamp"}, "sessions": {"min_length": 3}}
    both = unfold(load_config(toml, flags), tmp_path / "models")
    assert (both.events.weight, both.sessions.gap_minutes, both.sessions.min_length) == ("timestamp", 60, 3)
    plain = unfolded(tmp_path, {"preset": "movielens", "paths": (f"{tmp_path}/ml",)})
    assert (plain.sessions.gap_minutes, plain.sessions.min_length) == (1440, TrainConfig().sessions.min_length)


def test_settings_without_a_preset_stay_as_they_are(tmp_path):
    config = load_config(None, {"events": {"paths": ("nowhere",)}})
    assert unfold(config, tmp_path) is config


def test_types_of_events_can_be_chosen_without_naming_their_column(tmp_path):
    config = of_preset(tmp_path, "retailrocket", event_types=("view",))
    assert (config.events.event_type, config.events.conversion_types) == ("event", ("transaction",))
    _, events = read(config, tmp_path)
    assert events == sum(bool(p.item % 4) for p in LOG)
    with pytest.raises(ConfigError, match="need event_type"):
        of_preset(tmp_path / "other", "movielens 1M", event_types=("view",))


def test_metadata_lies_under_the_column_of_the_item_and_one_s_own_goes_before_it(tmp_path):
    config = of_preset(tmp_path, "movielens 1M")
    (items,) = [config.events.items] if isinstance(config.events.items, str) else config.events.items
    rows = [json.loads(line) for line in Path(items).read_text(encoding="utf-8").splitlines()]
    assert Counter(row["category"] for row in rows) == {"Comedy": 10, "War": 10}
    assert {"movie_id", "title", "genres"} <= rows[0].keys()
    own = write(tmp_path / "own.csv", ["movie_id,title", "1,One"])
    config = unfolded(tmp_path, {"preset": "movielens", "paths": (f"{tmp_path}/log",), "items": str(own)})
    assert config.events.items in (str(own), (str(own),))


def test_orders_are_sessions_and_are_held_out_at_random(tmp_path):
    config = of_preset(tmp_path, "instacart")
    assert (config.events.session, config.evaluation.split) == ("order_id", "session")
    again = of_preset(tmp_path, "instacart")
    assert again == config


def test_what_was_found_is_said(tmp_path, caplog):
    of_preset(tmp_path, "movielens 100K")
    assert "preset=movielens these are MovieLens 100K: events from u.data; beside them u.item" in caplog.text
    assert "columns: user user_id, item movie_id, time timestamp" in caplog.text
    assert "preset=movielens sets sessions.gap_minutes to 1440" in caplog.text


def test_a_preset_needs_files_and_a_known_name(tmp_path, capsys):
    with pytest.raises(EventsMissing, match="name the files of Gorse, or their folder, with --events"):
        unfolded(tmp_path, {"preset": "gorse"})
    with pytest.raises(ConfigError, match="must be one of"):
        unfolded(tmp_path, {"preset": "gorze"})
    foreign.gorse_json(tmp_path / "log", LOG)
    for command in ("train", "check"):
        assert main([command, "--from", "movielens", "--events", str(tmp_path / "log"), "--models", str(tmp_path)]) == 2
        assert "no file of MovieLens" in capsys.readouterr().err


def test_a_model_records_what_the_preset_stood_for_and_takes_new_files_of_the_same_shape(tmp_path, capsys):
    foreign.movielens_1m(tmp_path / "ml-1m", plays(300))
    models = tmp_path / "models"
    small = [*SMALL, "--gap-minutes", "30"]
    log = ["--from", "movielens", "--events", str(tmp_path / "ml-1m")]
    assert main(["train", *log, "--models", str(models), *small, "--force"]) == 0
    recorded = Registry(models).open().manifest.config["events"]
    assert (recorded["preset"], recorded["user"], recorded["delimiter"]) == (None, "user_id", "::")
    assert recorded["paths"] == [str(tmp_path / "ml-1m" / "ratings.dat")]
    titles = {ranked.title for ranked in item2vec.open(models).similar("7", k=9)}
    assert titles <= {f"Café: {item} (1995)" for item in foreign.ITEMS}
    later = max(play.time for play in plays(300)) + 7200
    new = (f"{user}::{item}::5::{later + user}" for user in range(9) for item in (1, 2))
    write(tmp_path / "new" / "ratings.dat", new)
    capsys.readouterr()
    update = ["train", "--update", "--from", "movielens", "--events", str(tmp_path / "new"), "--models", str(models)]
    assert main(update) == 0
    assert "18 events" in capsys.readouterr().out


def test_python_takes_a_preset_too(tmp_path):
    foreign.lastfm_counts(tmp_path / "log", LOG)
    with pytest.raises(EventsError, match=r"Last\.fm with counts"):
        item2vec.train(tmp_path / "log", preset="lastfm", models=tmp_path / "models")


def test_a_file_that_the_events_need_is_named_where_it_is_missing(tmp_path):
    foreign.instacart(tmp_path / "log", plays(40))
    (tmp_path / "log" / "orders.csv").unlink()
    config = TrainConfig(events=EventsConfig(preset="instacart", paths=(str(tmp_path / "log"),)))
    with pytest.raises(EventsMissing, match=r"orders\.csv is missing in its folder: it says whose order it is"):
        unfold(config, tmp_path / "models")
