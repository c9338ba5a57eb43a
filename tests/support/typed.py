"""A small log whose users say where they are: people of a country go for one city, and a few of them for any."""

import csv
from pathlib import Path

import numpy as np

from training.config import ColdConfig, EvaluationConfig, SessionsConfig, TrainConfig, TrainerConfig
from training.eventsconfig import EventsConfig
from training.typesconfig import TypesConfig

COUNTRIES, DEVICES = ("fr", "it", "es"), ("ios", "web")
CITIES = ("Paris", "Rome", "Madrid")  # the one that each country goes for
ROOMS = ("entire", "shared")  # of even and odd homes; owners of either device go for one
HOMES = 20  # of a city
START = 1_700_000_000


def home(city: int, number: int) -> str:
    return f"{CITIES[city].lower()}{number}"


def write_typed(folder: Path, users: int = 240, seed: int = 1) -> Path:
    """log.csv and items.csv. Of ten events nine are in the country's city and in the device's kind of room. In Paris
    `paris0` is the most popular home, and so on. `new` is in no session; `odd` has a city nobody went to."""
    rng = np.random.default_rng(seed)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "log.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["user_id", "item_id", "timestamp", "country", "device"])
        for user in range(users):
            country, device = user % 3, (user // 3) % 2
            for event in range(8):
                sure = rng.random() < 0.9
                city = country if sure else int(rng.integers(3))
                room = device if sure else int(rng.integers(2))
                number = 2 * int((HOMES / 2) * rng.random() ** 2) + room
                # Once in a while they travel; what they are is what they are most often.
                where = COUNTRIES[country] if event else COUNTRIES[(country + 1) % 3]
                writer.writerow([f"u{user}", home(city, number), START + user * 40 + event, where, DEVICES[device]])
    with (folder / "items.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["item_id", "title", "category", "city", "room", "price"])
        for city in range(3):
            for number in range(HOMES):
                price = 20 + 100 * (number % 5) + city
                writer.writerow([home(city, number), f"Home {number}", "home", CITIES[city], ROOMS[number % 2], price])
        writer.writerow(["new", "New in Rome", "home", "Rome", "shared", 30])
        writer.writerow(["odd", "In Oslo", "home", "Oslo", "shared", 30])
    return path


def typed_config(log: Path, **types: object) -> TrainConfig:
    """Seconds. By city and room, by country and device, unless told otherwise."""
    given = {"item": ("city", "room"), "user": ("country", "device"), "dims": 8} | types
    return TrainConfig(
        events=EventsConfig(paths=(str(log),), items=(str(log.parent / "items.csv"),)),
        sessions=SessionsConfig(min_item_count=2, collapse_repeats=True),
        trainer=TrainerConfig(engine="spectral", dims=16, workers=1),
        evaluation=EvaluationConfig(prefixes=100, bootstrap=10, baselines=False),
        types=TypesConfig.model_validate(given),
        cold=ColdConfig(method="off"),  # else what an item's content says comes before its type
    )
