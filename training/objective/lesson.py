"""A lesson: the corpus as it is learnt from, and what there is to learn beside it. Made once, for every engine."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from index.catalogue.catalogue import Catalogue
from training.config import TrainConfig
from training.corpus import Corpus
from training.objective.attributes import Attributes
from training.objective.segments import Segments
from training.objective.signals import PLAIN, Signals
from training.objective.weights import aged, times
from training.walks.walk import walks_of, with_walks


class Lesson(NamedTuple):
    """corpus: its weights are what each event counts, and walks are among its sessions. signals: what else there is."""

    corpus: Corpus
    signals: Signals


def lesson_of(
    corpus: Corpus, config: TrainConfig, segments: Segments | None = None, attributes: Attributes | None = None
) -> Lesson:
    """Of sessions as they were cut. segments, attributes: of the items, see `segments_of` and `attributes_of`."""
    objective = config.objective
    learnt = aged(corpus, config.sessions.half_life_days)
    if objective.conversion_weight != 1 and corpus.converted is not None:
        factor = np.where(converting(corpus), np.float32(objective.conversion_weight), np.float32(1))
        learnt = times(learnt, factor)
    if objective.walks:
        walks = walks_of(learnt, objective.walks, objective.walk_length, config.seed, config.trainer.workers)
        learnt = with_walks(learnt, walks)
    return Lesson(learnt, signals_of(config, segments, attributes))


def segments_of(catalogue: Catalogue, ids: Sequence[str], config: TrainConfig) -> Segments | None:
    """None where none were asked for. ids: row -> item. Raises ConfigError where no item has one."""
    objective = config.objective
    if objective.segment is None or not objective.segment_negatives:
        return None
    return Segments.of(catalogue, ids, objective.segment)


def attributes_of(catalogue: Catalogue, ids: Sequence[str], config: TrainConfig) -> Attributes | None:
    """None where none were asked for. ids: row -> item. Raises ConfigError for a column that no items share."""
    names = config.objective.attributes
    return Attributes.of(catalogue, ids, names) if names else None


def signals_of(config: TrainConfig, segments: Segments | None = None, attributes: Attributes | None = None) -> Signals:
    """Those that were asked for."""
    objective = config.objective
    return Signals(
        conversion_context=objective.conversion_context,
        dislike_weight=objective.dislike_weight if config.dislikes else 0.0,
        segments=segments,
        segment_negatives=0 if segments is None else objective.segment_negatives,
        attributes=attributes,
    )


def plainly(corpus: Corpus) -> Lesson:
    """The sessions as they are, and nothing beside."""
    return Lesson(corpus, PLAIN)


def converting(corpus: Corpus) -> NDArray[np.bool_]:
    """bool (sessions,): which hold a conversion."""
    if corpus.converted is None:
        return np.zeros(len(corpus), dtype=np.bool_)
    before = np.concatenate([[0], np.cumsum(corpus.converted)])
    return np.asarray(before[corpus.offsets[1:]] > before[corpus.offsets[:-1]])
