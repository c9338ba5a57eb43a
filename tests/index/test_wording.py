"""Errors in settings name the setting, what it must be, and the one that was probably meant."""

import pytest

from index.errors import ConfigError
from training.configfile import load_config


@pytest.mark.parametrize(
    ("toml", "said"),
    [
        ("[trainer]\nepoch = 3", "there is no setting trainer.epoch; did you mean trainer.epochs?"),
        ('[events]\npaths = "log.csv"', "events.paths must be a list, in [ ], and is 'log.csv'"),
        ('[event]\npaths = ["log.csv"]', "there is no section event; did you mean events?"),
        ("[trainer]\ndims = 0", "trainer.dims must be at least"),
        ("[trainer]\ndims = 1.5", "trainer.dims must be a whole number, and is 1.5"),
        ('[trainer]\ndims = "many"', "trainer.dims must be a whole number, and is 'many'"),
        ('[sessions]\ngap_minutes = "x"', "sessions.gap_minutes must be a number, and is 'x'"),
        ('[events]\nformat = "xml"', "events.format must be one of 'auto', 'csv'"),
        ("[events]\nuser = 3", "events.user must be text, in quotes, and is 3"),
        ("[evaluation]\nbaselines = 7", "evaluation.baselines must be true or false, and is 7"),
        ("trainer = 3", "trainer must be a section, and is 3"),
        ('[events]\nevent_types = ["a"]', "event_types need event_type"),
        ("[trainer.deeper]\nx = 1", "there is no setting trainer.deeper"),
        ("seed = -1", "seed must be at least 0, and is -1"),
    ],
)
def test_a_wrong_setting_is_told_in_words_of_the_product(tmp_path, toml, said):
    file = tmp_path / "train.toml"
    file.write_text(toml)
    with pytest.raises(ConfigError) as found:
        load_config(file, {})
    assert said in str(found.value)
    for foreign in ("Input should", "Extra inputs", "Value error", "valid tuple"):
        assert foreign not in str(found.value)
