"""A config written as TOML is the config that is read back; a setting's former name is understood, with a note."""

import re
from pathlib import Path

from cli.flags import flags_of
from training.config import EventsConfig, TrainConfig, TrainerConfig
from training.configfile import load_config, write_config

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


def test_the_page_of_settings_says_what_the_help_says():
    page, differ = PAGE.read_text(encoding="utf-8"), []
    for section, part in TrainConfig.model_fields.items():
        for flag, place, field in flags_of(part.annotation, (section,)) if section != "seed" else ():
            row = f"| `{'.'.join(place)}` | `--{flag}` |"
            if not re.search(rf"{re.escape(row)}[^|]*\| {re.escape(field.description)}", page):
                differ.append(row)
    assert differ == []
