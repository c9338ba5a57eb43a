"""Types in the whole run: published, carried over by an update, and refused where there is no log."""

import csv

import numpy as np
import pytest
from support.typed import START, typed_config, write_typed

from index.artifact.registry import Registry
from index.model import Model
from training.pipeline.run import run
from training.pipeline.updating.base import base_of
from training.pipeline.updating.update import update
from training.progress import LogReporter


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("typed")
    run(typed_config(write_typed(folder / "log")), folder / "models", LogReporter(), force=True)
    return folder


def test_an_update_keeps_the_types_and_gives_one_to_new_items(folder, tmp_path):
    models = folder / "models"
    before = Model(Registry(models).open())
    log = tmp_path / "new.csv"
    with log.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["user_id", "item_id", "timestamp"])
        for user in range(20):
            for event, item in enumerate(("new", "rome1", "new", "rome3")):
                writer.writerow([f"late{user}", item, START + 100_000 + user * 10_000 + event])
    base = base_of(Registry(models), {"paths": (str(log),)})
    update(base, models, LogReporter(), later=True, force=True)
    after = Model(Registry(models).open())
    assert after.manifest.update is not None
    assert after.types.items.labels == before.types.items.labels
    assert np.array_equal(after.types.users.vectors, before.types.users.vectors)
    assert after.types.weights == before.types.weights
    row = after.vocabulary.row("new")
    assert after.types.items.labels[after.types.rows[row]] == "city=Rome · room=shared"
    for item in before.vocabulary.ids:
        old, new = before.types.rows[before.vocabulary.row(item)], after.types.rows[after.vocabulary.row(item)]
        assert old == new


def test_with_types_all_else_is_the_same_to_the_last_bit(folder, tmp_path):
    config = typed_config(folder / "log" / "log.csv", item=(), user=())
    run(config, tmp_path / "models", LogReporter(), force=True)
    plain, typed = (Model(Registry(f / "models").open(None)) for f in (tmp_path, folder))
    if typed.manifest.update is not None:  # the other test was first
        typed = Model(Registry(folder / "models").open(min(Registry(folder / "models").versions())))
    assert plain.types is None
    assert not any(file.startswith("types") for file in plain.manifest.files)
    assert {n: e for n, e in typed.manifest.files.items() if not n.startswith("types")} == plain.manifest.files
