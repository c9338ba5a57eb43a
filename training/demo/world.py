"""A world with songs and homes, and the log its people leave: any number of events, the same for the same seed.

docs/demo.md says what is in it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from index.errors import ConfigError
from training.demo.catalogue import make_catalogue
from training.demo.days import clock
from training.demo.files import FORMATS, Log, Users, with_broken, write_items, write_parquet, write_text
from training.demo.people import make_people, simulate
from training.demo.walk import Walk

ROWS_PER_FILE = 2_000_000
BROKEN_SHARE = 0.0005


@dataclass(frozen=True)
class World:
    """What was written. users: those with an event. events: the sound ones; broken: rows that come on top of them."""

    folder: Path
    event_files: tuple[Path, ...]
    items_file: Path
    users: int
    items: int
    events: int
    broken: int


def write_world(
    out: Path, events: int, seed: int = 1, format: str = "parquet", progress: Callable[[float], None] | None = None
) -> World:
    """Write out/events-0000.<format>, ... in time order, and out/items.<format>.

    progress is called with the share that is done, in 0..1, after each file. Raises ConfigError for a format that is
    not in FORMATS, for fewer than 100 events, for a folder that holds events files already, or cannot be written.
    """
    if format not in FORMATS:
        raise ConfigError(f"format {format!r} is not known; it is one of {', '.join(FORMATS)}")
    if events < 100:
        raise ConfigError(f"{events} events are too few for a world; ask for 100 or more")
    if next(out.glob("events-*"), None) is not None:  # what is left of a larger log would be read as part of this one
        raise ConfigError(f"{out} holds events files already; choose another folder, or remove it first")
    rng = np.random.default_rng(seed)
    catalogue = make_catalogue(int(60 * (events / 1000) ** 0.72), rng)
    walk = Walk(catalogue)
    people = make_people(max(20, events // 33), walk, rng)
    files = max(2, -(-events // ROWS_PER_FILE))
    kinds = 3 if format == "parquet" else 4
    damages = np.array_split(np.arange(max(kinds, round(events * BROKEN_SHARE))) % kinds, files)
    users, item_ids = Users.of(people.country, catalogue.countries), catalogue.table["item_id"].combine_chunks()
    write = write_parquet if format == "parquet" else write_text
    try:
        out.mkdir(parents=True, exist_ok=True)
        items_file = out / f"items.{format}"
        write_items(items_file, catalogue.table.sort_by("item_id"))
        paths: list[Path] = []
        late: list[Log] = []
        for k in range(files):
            count = events * (k + 1) // files - events * k // files
            logs = simulate(count, k / files, (k + 1) / files, walk, people, rng)
            log = Log.joined([*late, *logs]).in_time_order()
            # Sessions that reach into the next slice go on in the next file; the last file takes all of them.
            end = int(np.searchsorted(log.time, clock((k + 1) / files))) if k + 1 < files else len(log)
            log, late = log.take(slice(end)), [log.take(slice(end, None))]
            paths.append(out / f"events-{k:04d}.{format}")
            write(paths[-1], *with_broken(log, damages[k], rng), users, item_ids)
            if progress is not None:
                progress((k + 1) / files)
    except OSError as error:
        raise ConfigError(f"{out} cannot be written: {error}") from error
    seen = int(np.count_nonzero(people.free_at))
    return World(out, tuple(paths), items_file, seen, len(catalogue), events, sum(map(len, damages)))
