"""Items without a past: how often they are answered and found, by each way of giving them vectors.

    python -m benchmarks.cold                       # the demo world, and the real logs that are there and have items
    python -m benchmarks.cold wikispeedia --seed 2

A tenth of the items is hidden: taken out of every session before anything is trained. Strengths are chosen on the
validation part, hidden in the same way; the test part is looked at once. Vectors are the closed form's, beside counts.
"""

import argparse
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from benchmarks.machine import machine
from benchmarks.real import LOGS, config_of, sessions_of
from index.artifact.manifest import ContentFacts
from index.catalogue.catalogue import Catalogue
from index.content.content import Method, Vectors
from index.ranking.settings import RecommenderConfig
from index.search.exact import Mask
from training.check.metadata import look_at
from training.choice.materials import Counted, Materials
from training.config import TrainConfig
from training.content.choose import choose_strengths, made_of
from training.content.fit import Fitter
from training.content.hidden import DEEP, Hiding, Hits, Pairs, by_popularity, hide, ranks_of
from training.content.learn import Design, design_of
from training.content.ridge import ENOUGH
from training.content.seldom import SELDOM, SIGHTS, Blend, shares_that_pay
from training.content.stand import usual_standing
from training.corpus import Corpus
from training.demo.world import write_world
from training.evaluation.metrics import Ranks, hits
from training.evaluation.split import Split, split_test, split_validation, validation_prefixes
from training.trainers.spaces import Spaces, train_plainly

METHODS: tuple[Method, ...] = ("map", "nearest", "mean")
LISTS = {"wikispeedia": ("category", "category_full")}  # fields whose texts are lists
EVENTS = 100_000  # of the demo world
BLEND = RecommenderConfig(next_reading="in-out")


@dataclass(frozen=True)
class World:
    """One part of a log, trained with and without the hidden items. materials: with them. pairs: all questions."""

    design: Design
    trained: Vectors
    fitter: Fitter
    hiding: Hiding
    whole: Hiding
    counted: Counted
    materials: Materials
    pairs: Pairs

    def seldom(self) -> Mask:
        """Which questions have to do with an item that was seldom seen."""
        seldom = self.materials.counted.counts <= SELDOM
        return np.asarray(seldom[self.pairs.asked] | seldom[self.pairs.wanted])

    def ranks(self, spaces: Spaces) -> Ranks:
        return ranks_of(replace(self.materials, spaces=spaces).scorer(BLEND), self.pairs)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("logs", nargs="*", default=["demo", *LOGS])
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with threadpool_limits(1, "blas"), tempfile.TemporaryDirectory() as folder:
        for name in options.logs:
            try:
                config = demo(Path(folder)) if name == "demo" else config_of(name)
            except FileNotFoundError as error:
                print(f"{name}: {error}")
                continue
            if config.events.items:
                config = config.model_copy(
                    update={"events": config.events.model_copy(update={"items_lists": LISTS.get(name, ())})}
                )
                print("\n".join(table(name, config.model_copy(update={"seed": options.seed}))))
    print(machine())


def demo(folder: Path) -> TrainConfig:
    world = write_world(folder, EVENTS)
    events = LOGS["wikispeedia"].events.model_copy(
        update={"paths": (*map(str, world.event_files),), "items": (str(world.items_file),), "session": None}
    )
    return TrainConfig(events=events)


def table(name: str, config: TrainConfig) -> Iterator[str]:
    corpus, ids = sessions_of(config)
    catalogue = Catalogue.from_fields(look_at(config.events, ids).items.fields)
    test = split_test(corpus, ids, config)
    validation = split_validation(test, config)
    here, there = (_world(part, catalogue, config) for part in (validation, test))
    yield f"### {name}\n"
    yield f"{len(there.hiding.rows):,} of {len(test.ids):,} items hidden; HR@20 in T1 of "
    yield f"{len(there.hiding.asked):,} questions about them, {len(there.hiding.found.pairs):,} that they answer, "
    yield f"{len(there.hiding.known.pairs):,} others.\n"
    yield "| way | asked | found | others | strengths, power, length, offset |"
    yield "|---|---|---|---|---|"
    kinds = (there.hiding.asked, there.hiding.found.pairs, there.hiding.known.pairs)
    counts = there.counted.counts
    yield _line("popularity", Hits(*(by_popularity(counts, pairs, there.hiding.hidden) for pairs in kinds)), "")
    nobody = np.zeros(0, dtype=np.int32)
    yield _line("not listed", Hits(nobody, nobody, there.hiding.known.ranks), "")
    chosen = {}
    for method in METHODS:
        facts = chosen[method] = choose_strengths(here.fitter, here.design, here.trained, here.hiding, method)
        made = made_of(there.fitter, there.design, there.hiding, facts)
        told = f"{facts.inputs:g} / {facts.outputs:g} / {facts.similar:g}, {facts.power:g}, " * (method == "map")
        told += f"{facts.length:g}, {facts.offset:.2f}"
        yield _line(method, there.hiding.hits(made, facts), told)
    yield _line("had they been trained on", there.whole.of_trained(), "") + "\n"
    yield from seldom(here, there, chosen["map"])


def seldom(here: World, there: World, facts: ContentFacts) -> Iterator[str]:
    """What items that were seldom seen gain by their content, at each weight, and which one validation takes."""
    spaces, counts = here.materials.spaces, here.materials.counted.counts
    taken = shares_that_pay(spaces, here.design, counts, facts, here.ranks, here.seldom(), ENOUGH).seldom
    blends = [
        Blend(each.materials.spaces, each.design, each.materials.counted.counts, facts, max(SIGHTS))
        for each in (here, there)
    ]
    yield f"Of {there.seldom().sum():,} questions about items seen at most {SELDOM} times, or answered by one; "
    yield f"validation takes {taken:g}.\n"
    yield "| content counts as | validation | test | others, test |"
    yield "|---|---|---|---|"
    before = [hits(each.ranks(each.materials.spaces), DEEP) for each in (here, there)]
    rates = [before[0][here.seldom()].mean(), before[1][there.seldom()].mean(), before[1][~there.seldom()].mean()]
    yield f"| nothing | {' | '.join(f'{rate:.3f}' for rate in rates)} |"
    for sights in SIGHTS:
        gains = [
            hits(each.ranks(blend.at(sights)), DEEP) - old
            for each, blend, old in zip((here, there), blends, before, strict=True)
        ]
        parts = (gains[0][here.seldom()], gains[1][there.seldom()], gains[1][~there.seldom()])
        yield f"| {sights:g} sights | {' | '.join(map(_gain, parts))} |"
    yield ""


def _gain(values: NDArray[np.float64]) -> str:
    """With half of the 95 % interval."""
    return f"{values.mean():+.3f} ± {1.96 * values.std() / np.sqrt(max(1, len(values))):.3f}" if len(values) else ""


def _world(split: Split, catalogue: Catalogue, config: TrainConfig) -> World:
    design = design_of(catalogue, split.ids, config.cold.features, config.trainer.dims)
    if design is None:
        raise SystemExit("the catalogue says nothing that two items share")
    hidden = hide(design, config.seed)
    pairs = Pairs.of(validation_prefixes(split, config))
    without = split.train.where(~hidden[split.train.tokens], min_length=2)
    materials, whole = (_materials(part, config) for part in (without, split.train))
    following = materials.spaces.next
    trained = Vectors(following.inputs, following.outputs, materials.similar(BLEND))
    shown = np.flatnonzero(~hidden).astype(np.int32)
    scorer, teaching = materials.scorer(BLEND), materials.counted.counts
    usual = usual_standing(scorer, trained, teaching)
    return World(
        design,
        trained,
        Fitter(design, trained, teaching, shown),
        Hiding(scorer, pairs, hidden, usual),
        Hiding(whole.scorer(BLEND), pairs, hidden, usual),
        materials.counted,
        whole,
        pairs,
    )


def _materials(corpus: Corpus, config: TrainConfig) -> Materials:
    spectral = config.trainer.model_copy(update={"engine": "spectral"})
    spaces = train_plainly(corpus, spectral, config.seed, lambda share: None)
    return Materials(spaces, Counted(corpus, config.trainer.workers))


def _line(way: str, found: Hits, told: str) -> str:
    kinds = (found.asked, found.found, found.known)
    rates = (f"{hits(ranks, DEEP).mean():.3f}" if len(ranks) else "" for ranks in kinds)
    return f"| {way} | {' | '.join(rates)} | {told} |"


if __name__ == "__main__":
    main()
