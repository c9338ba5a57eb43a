"""A world that words explain: items of some themes, sessions that stay in one, titles and categories that say which."""

import csv
from pathlib import Path

import numpy as np
from support.factories import quick_config

from training.config import ColdConfig, TrainConfig
from training.pipeline.run import run
from training.progress import LogReporter

THEMES = ("garden", "kitchen", "music", "travel", "winter", "school")
NOUNS = ("holder", "box", "lamp", "card", "bag", "clock", "frame", "mug", "sign", "tray")
COLOURS = ("red", "blue")


def items_of(theme: str) -> list[tuple[str, str]]:
    """(id, title): twenty of each theme."""
    return [(f"{theme}-{noun}-{colour}", f"{colour.title()} {theme} {noun}") for noun in NOUNS for colour in COLOURS]


def write_themes(folder: Path, sessions: int = 600, seed: int = 1) -> Path:
    """log.csv, and items.csv beside it, which has an item of each theme that the log does not hold: `new-garden`, ...
    `new-winter` is not available. `odd` has no word that another item has."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    with (folder / "log.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["user_id", "item_id", "timestamp"])
        for session in range(sessions):
            items = items_of(THEMES[session % len(THEMES)])
            at = int(rng.integers(len(items)))
            for step in range(6):
                writer.writerow([f"user {session}", items[at][0], 1_700_000_000 + session * 3600 + step])
                at = (at + 1) % len(items) if rng.random() < 0.5 else int(rng.integers(len(items)))
    with (folder / "items.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["item_id", "title", "category", "price", "available"])
        for theme in THEMES:
            for place, (item, title) in enumerate(items_of(theme)):
                writer.writerow([item, title, theme, place + 0.5, "true"])
            writer.writerow([f"new-{theme}", f"Green {theme} box", theme, 5, str(theme != "winter").lower()])
        writer.writerow(["odd", "Zzz", "", "", "true"])
    return folder / "log.csv"


def theme_config(log: Path, method: str = "map", **evaluation: object) -> TrainConfig:
    config = quick_config(log, **evaluation)
    trainer = config.trainer.model_copy(update={"engine": "spectral"})
    return config.model_copy(update={"trainer": trainer, "cold": ColdConfig.model_validate({"method": method})})


def train_themes(folder: Path, method: str = "map", **evaluation: object) -> Path:
    """The folder of the models."""
    log = write_themes(folder / "log")
    run(theme_config(log, method, **evaluation), folder / "models", LogReporter(), force=True)
    return folder / "models"
