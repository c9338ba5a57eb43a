"""A config written as TOML is the config that is read back; a setting's former name is understood, with a note."""

import re
from pathlib import Path
from typing import get_args

import pytest

from cli.flags import flags_of
from index.errors import ConfigError
from index.ranking.rules import RulesConfig
from training.config import TrainConfig, TrainerConfig
from training.configfile import load_config, write_config
from training.eventsconfig import EventsConfig

PAGE = Path(__file__).resolve().parents[2] / "docs" / "configuration.md"


def test_a_written_config_reads_back_the_same(tmp_path):
    config = TrainConfig(
        events=EventsConfig(paths=('a "b"\\ü.csv', "c*"), event_type="kind", conversion_types=("book",)),
        trainer=TrainerConfig(epochs=3, learning_rate=1e-3),
        recommender={"item_counts": 0.5, "rules": {"steps": 3}},
        seed=7,
    )
    write_config(config, tmp_path / "train.toml")
    assert load_config(tmp_path / "train.toml", {}) == config
    write_config(TrainConfig(), tmp_path / "default.toml")
    assert load_config(tmp_path / "default.toml", {}) == TrainConfig()


def test_the_former_name_of_a_setting_is_understood_with_a_note(tmp_path, caplog):
    (tmp_path / "old.toml").write_text("[evaluation]\nreferees = false\n")
    assert load_config(tmp_path / "old.toml", {}).evaluation.baselines is False
    assert "is now called evaluation.baselines" in caplog.text


def numbers(model=TrainConfig, above=()):
    """The place of every setting that is a number."""
    for name, field in model.model_fields.items():
        place = (*above, name)
        if hasattr(field.annotation, "model_fields"):
            yield from numbers(field.annotation, place)
        elif {int, float} & {field.annotation, *get_args(field.annotation)}:
            yield place


def refused(place, value):
    content = value
    for name in reversed(place):
        content = {name: content}
    top, sections = ({}, content) if len(place) > 1 else (content, {})
    with pytest.raises(ConfigError) as caught:
        load_config(None, sections, **top)
    return str(caught.value)


@pytest.mark.parametrize(
    "value", [10**18, -(10**18), 1e300, float("inf"), float("-inf"), float("nan"), "1e400", 10**400]
)
def test_a_number_that_makes_no_sense_is_refused_with_the_name_of_its_setting(value):
    places = list(numbers())
    assert len(places) > 35
    assert [place for place in places if f"{'.'.join(place)} " not in refused(place, value)] == []
    for name in RulesConfig.model_fields.keys() - {"decay", "baskets", "scale"}:
        assert f"recommender.counts.after.{name} " in refused(("recommender", "counts"), {"after": {name: value}})


def test_weights_are_finite_and_some_length_of_sessions_is_left():
    assert "recommender.item.vectors must be" in refused(("recommender", "item"), {"vectors": float("inf")})
    assert "min_length is larger than max_length" in refused(("sessions",), {"min_length": 5, "max_length": 4})


def test_the_page_of_settings_says_what_the_help_says():
    page, differ = PAGE.read_text(encoding="utf-8"), []
    for section, part in TrainConfig.model_fields.items():
        for flag, place, field in flags_of(part.annotation, (section,)) if section != "seed" else ():
            row = f"| `{'.'.join(place)}` | `--{flag}` |"
            if not re.search(rf"{re.escape(row)}[^|]*\| {re.escape(field.description)}", page):
                differ.append(row)
    assert differ == []
