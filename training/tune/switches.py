"""What the log says beyond order, tried on the best settings of a search: each switch alone, and on only if it pays.

A switch has a few strengths. The best one is trained and judged again with another seed, and is on if it is ahead of
the same settings without it both times, beyond the interval, and its blend is no worse. Those that are on are then
tried together, and where that is not better than the best of them alone, that one is on alone.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from index.catalogue.catalogue import Catalogue
from index.record import Record
from index.report import Figure
from training.check.offers.items import segment_column
from training.config import TrainConfig
from training.corpus import Corpus
from training.evaluation.split import Prefixes, has_clock
from training.objective.weights import DAY
from training.tune.final import Final, ahead, no_worse

Table = dict[str, dict[str, Any]]  # section -> setting -> value
Measured = Callable[[str, TrainConfig, int], Final | None]  # (name of the step, settings, seed) -> figures
PARTS = (1, 2, 4)  # of the log is a half life


@dataclass(frozen=True)
class Switch:
    """strengths: settings, each of them another strength."""

    name: str
    strengths: tuple[Table, ...]


class SwitchRow(Record):
    """settings: of the best strength, by section. ahead, again: of the same settings without it, vectors and blend
    together, with the seed of the finals and with another; again is None where the first was not enough. on: whether
    the file has it."""

    switch: str
    settings: Table
    ahead: Figure
    again: Figure | None
    on: bool


def switches_of(config: TrainConfig, corpus: Corpus, ids: Sequence[str], catalogue: Catalogue) -> Iterator[Switch]:
    """Those that the log has what they need for, and that were not given. ids: row -> item."""
    objective, engine = config.objective, config.trainer.engine
    given, weighs = objective.model_fields_set, engine != "gensim"
    if weighs and has_clock(corpus) and "half_life_days" not in config.sessions.model_fields_set:
        days = float(np.ptp(np.quantile(corpus.ends, (0.001, 0.999)))) / DAY
        lives = dict.fromkeys(max(1.0, float(round(days / part))) for part in PARTS)
        yield Switch("age", tuple({"sessions": {"half_life_days": life}} for life in lives))
    if weighs and corpus.converted is not None and corpus.converted.any():
        if "conversion_context" not in given:
            yield _of_objective("conversions, context", "conversion_context", 0.3, 1.0)
        if "conversion_weight" not in given:
            yield _of_objective("conversions, weight", "conversion_weight", 2.0, 5.0)
    if weighs and corpus.dislikes is not None and len(corpus.dislikes) and "dislike_weight" not in given:
        yield _of_objective(
            "dislikes", "dislike_weight", 0.0, 0.1, 0.3
        )  # 1, the default, is what they are compared with
    if weighs and not {"segment", "segment_negatives"} & given:
        columns = {name: [catalogue.field(item, name) for item in ids] for name in catalogue.columns}
        column = segment_column(corpus, columns)
        if column is not None:
            negatives = [{"objective": {"segment": column.name, "segment_negatives": n}} for n in (1, 3)]
            yield Switch("segments", tuple(negatives))
    if "walks" not in given:
        yield _of_objective("walks", "walks", 1, 5)


def _of_objective(name: str, setting: str, *values: float) -> Switch:
    return Switch(name, tuple({"objective": {setting: value}} for value in values))


def with_settings(config: TrainConfig, tables: Sequence[Mapping[str, Mapping[str, Any]]]) -> TrainConfig:
    for table in tables:
        sections = {name: getattr(config, name).model_copy(update=dict(values)) for name, values in table.items()}
        config = config.model_copy(update=sections)
    return config


@dataclass(frozen=True)
class Judge:
    """measured: trains with settings and a seed; None where that failed or there is no time. resamples: for
    intervals."""

    measured: Measured
    prefixes: Prefixes
    resamples: int
    seed: int

    def switched(
        self, config: TrainConfig, base: Final, switches: Sequence[Switch]
    ) -> tuple[TrainConfig, list[SwitchRow]]:
        """The settings with what pays, and a row for each switch that was tried. base: the figures of config, by the
        seed of the finals."""
        rows: list[SwitchRow] = []
        paying: list[tuple[Final, int]] = []
        plain: Final | None = None
        for number, switch in enumerate(switches):
            tried = [
                (found, table)
                for strength, table in enumerate(switch.strengths)
                if (found := self.measured(f"{number}-{strength}", with_settings(config, [table]), self.seed))
                is not None
            ]
            if not tried:
                continue
            best, table = max(tried, key=lambda pair: pair[0].value)
            lead, again = ahead(best, base, self.prefixes, self.resamples, self.seed), None
            pays = lead.both.low > 0 and no_worse(*lead.blend)
            if pays:
                other = self.seed + 1
                plain = plain or self.measured("again", config, other)
                found = self.measured(f"{number}-again", with_settings(config, [table]), other)
                if plain is not None and found is not None:
                    again = ahead(found, plain, self.prefixes, self.resamples, self.seed).both
                pays = again is not None and again.low > 0
            if pays:
                paying.append((best, len(rows)))
            rows.append(SwitchRow(switch=switch.name, settings=table, ahead=lead.both, again=again, on=pays))
        if len(paying) > 1:
            top, alone = max(paying, key=lambda pair: pair[0].value)
            together = self.measured(
                "together", with_settings(config, [rows[at].settings for _, at in paying]), self.seed
            )
            if together is None or together.value < top.value:
                rows = [row.model_copy(update={"on": row.on and at == alone}) for at, row in enumerate(rows)]
        return with_settings(config, [row.settings for row in rows if row.on]), rows
