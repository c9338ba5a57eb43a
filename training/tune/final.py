"""The end of a search: the best trials and the defaults, trained once more on all sessions with another seed.

The best of many trials was lucky as well as good, so its value in the search is too high. The values measured here
choose among a few settings only.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from index.errors import TrainingFailed
from index.report import Figure
from training.config import TrainerConfig
from training.evaluation.metrics import Bootstrap
from training.evaluation.split import Prefixes
from training.progress import Reporter
from training.tune.search import Search
from training.tune.study import Study
from training.tune.trial import Bench, Tick
from training.workspace import Workspace, read_array, read_json, write_arrays, write_json

FIGURES = ("vectors", "blend", "both")
FEWEST = 3  # the defaults, the best and the best blend; further ones while there is time


@dataclass(frozen=True)
class Ahead:
    """How far one setting is ahead of another in NDCG@20, paired on the same prefixes."""

    vectors: Figure
    blend: Figure
    both: Figure


@dataclass(frozen=True)
class Final:
    """number: of the trial. recommender: the readings validation chose. values: `vectors`, `blend` and `both`: NDCG@20
    of every prefix."""

    number: int
    settings: TrainerConfig
    recommender: dict[str, Any]
    values: dict[str, NDArray[np.float64]]

    @property
    def value(self) -> float:
        return float(self.values["both"].mean())

    def figures(self) -> dict[str, float]:
        return {name: float(values.mean()) for name, values in self.values.items()}


def finals(
    wanted: Sequence[tuple[int, TrainerConfig]],
    bench: Bench,
    seed: int,
    search: Search,
    work: Workspace,
    reporter: Reporter,
) -> list[Final]:
    """In the order wanted, as many as there is time for, without those that could not be trained. Each is a step of the
    workspace."""
    found: list[Final] = []
    with reporter.step("finals") as step:
        for done, (number, settings) in enumerate(wanted):
            if done >= FEWEST and search.remaining() <= 0:
                break

            def tick(share: float, done: int = done) -> None:
                step.share((done + share) / len(wanted))

            final = final_of(f"final-{number}", number, settings, bench, seed, search.study, work, tick)
            if final is not None:
                found.append(final)
        step.facts |= {"settings": len(found), "best": max((f.value for f in found), default=0.0)}
    return found


def final_of(
    step: str,
    number: int,
    settings: TrainerConfig,
    bench: Bench,
    seed: int,
    study: Study,
    work: Workspace,
    tick: Tick = lambda _: None,
) -> Final | None:
    """A step of the workspace. None where the settings could not be trained."""

    def make(folder: Path) -> None:
        begun = time.perf_counter()
        try:
            result = bench.run(settings, seed, tick)
        except TrainingFailed as error:
            write_json(folder / "final.json", {"failed": str(error)})
        else:
            write_json(folder / "final.json", {"recommender": result.choice.blend.model_dump(mode="json")})
            write_arrays(folder, **bench.values(result))
        study.spend(time.perf_counter() - begun)

    folder = work.step(step, make)
    content = read_json(folder / "final.json")
    if "failed" in content:
        return None
    return Final(number, settings, content["recommender"], {name: read_array(folder, name) for name in FIGURES})


def winner(
    found: Sequence[Final], defaults: Final | None, prefixes: Prefixes, resamples: int, seed: int
) -> tuple[Final, Ahead | None]:
    """(the best by vectors and blend together, how far it is ahead of the defaults), among those whose blend is not
    worse than that of the defaults by more than a standard error.

    Vectors alone often gain where the blend does not, since the counts already held what they learnt. The blend is what
    is published, so it must not get worse for the sake of the vectors: on two generated logs the gate then refused the
    model.
    """
    if defaults is None:
        return max(found, key=lambda f: f.value), None
    leads = [ahead(f, defaults, prefixes, resamples, seed) for f in found]
    fair = [(f, lead) for f, lead in zip(found, leads, strict=True) if no_worse(*lead.blend)]
    return max(fair, key=lambda pair: pair[0].value)


def no_worse(difference: float, low: float, high: float) -> bool:
    return difference + (high - low) / (2 * 1.96) >= 0


def ahead(best: Final, defaults: Final, prefixes: Prefixes, resamples: int, seed: int) -> Ahead:
    bootstrap = Bootstrap(prefixes.sessions, resamples, np.random.default_rng(seed))
    return Ahead(**{name: bootstrap.interval(best.values[name] - defaults.values[name]) for name in FIGURES})
