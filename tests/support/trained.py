"""A small trained model in a folder: two groups of ten items, one item too rare for a vector, one in no session."""

import shutil
from pathlib import Path

from support.factories import quick_config, write_log

from training.pipeline.run import run
from training.progress import LogReporter


def train(folder: Path, seed: int = 1, map: bool = True) -> Path:
    """The folder of the models."""
    log = write_log(folder / "log" / "log.csv", seed=seed)
    with log.open("a", encoding="utf-8") as file:
        file.write("user 1,rare,1700000003\r\n")
    with (log.parent / "items.csv").open("a", encoding="utf-8") as file:
        file.write("rare,Too rare,b\r\n")
    config = quick_config(log, seed)
    config = config.model_copy(update={"index": config.index.model_copy(update={"map": map})})
    run(config, folder / "models", LogReporter(), force=True)
    return folder / "models"


def copied(models: Path, folder: Path) -> Path:
    shutil.copytree(models, folder / "models")
    return folder / "models"
