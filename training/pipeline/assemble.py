"""From trained matrices to everything an artifact holds: indexes, stored neighbours, rules, evidence."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from index.catalogue import Catalogue
from index.evidence import build_evidence
from index.parts import ModelParts, Neighbours
from index.ranking.readings import similar_vectors
from index.ranking.recommender import Recommender
from index.ranking.scorer import Query, RecommenderConfig
from index.search.builder import BuiltIndex, build, neighbours
from index.search.searcher import Searcher
from index.vocabulary import Vocabulary
from training.choice.choose import scorer_of
from training.config import TrainConfig
from training.counting import count_rules
from training.evaluation.split import has_clock
from training.pipeline.prepare import Prepared
from training.pipeline.train import Fitted
from training.progress import Reporter

NEXT_BLOCK = 256


def assemble(
    log: Prepared,
    final: Fitted,
    catalogue: Catalogue,
    recommender: RecommenderConfig,
    ranks: NDArray[Any],
    config: TrainConfig,
    told: Reporter,
) -> tuple[ModelParts, dict[str, BuiltIndex]]:
    """All parts of the model, ready to be written, and what was measured of the two indexes among them.

    ranks: of the evaluation, RANKS_DTYPE.
    """
    corpus, embeddings, index = final.corpus, final.embeddings, config.index
    vocabulary = Vocabulary(final.ids, corpus.counts())
    threads, k = config.trainer.workers, min(index.neighbours, max(1, len(vocabulary) - 1))
    with told.step("rules") as step:
        rules = count_rules(corpus, recommender.rules, threads)
        evidence = build_evidence(corpus.tokens, corpus.offsets, corpus.ends, corpus.items, has_clock(corpus))
        step.facts |= {"rules": len(rules.items)}
    scorer = scorer_of(embeddings, corpus, recommender, rules)
    vectors = similar_vectors(embeddings.inputs, embeddings.outputs, recommender.similar_reading)
    with told.step("index") as step:
        similar_index = build(vectors, index.exact_below, index.min_recall, config.seed, threads)
        queries = scorer.next_queries(_one_item_queries(len(vocabulary), 500, config.seed), one_item=True)
        next_vectors = scorer.next_vectors()
        next_index = build(next_vectors, index.exact_below, index.min_recall, config.seed, threads, queries)
        step.facts |= {"kind": similar_index.kind, "recall": similar_index.recall_at_10}
    with told.step("neighbours") as step:
        similar = Neighbours(
            *neighbours(similar_index, vectors, k, threads, lambda done, all: step.share(done / all / 2))
        )
        ranked = Recommender(scorer, Searcher(next_index.index, next_vectors, threads))
        following = _next_neighbours(ranked, len(vocabulary), k, lambda done: step.share(0.5 + done / 2))
        step.facts |= {"items": len(vocabulary), "k": k}
    parts = ModelParts(
        vocabulary=vocabulary,
        catalogue=catalogue,
        rare=log.rare,
        inputs=embeddings.inputs,
        outputs=embeddings.outputs,
        rules=rules,
        evidence=evidence,
        similar_index=similar_index.index,
        next_index=next_index.index,
        similar=similar,
        next=following,
        evaluation_ranks=ranks,
    )
    return parts, {"similar": similar_index, "next": next_index}


def _one_item_queries(items: int, most: int, seed: int) -> list[Query]:
    rows = np.random.default_rng(seed).permutation(items)[:most].astype(np.int32)
    return [Query(rows[i : i + 1], np.ones(1, dtype=np.float32)) for i in range(len(rows))]


def _next_neighbours(recommender: Recommender, items: int, k: int, progress: Callable[[float], None]) -> Neighbours:
    found = []
    for begin in range(0, items, NEXT_BLOCK):
        block = np.arange(begin, min(items, begin + NEXT_BLOCK), dtype=np.int32)
        found.append(recommender.next_of(block, k))
        progress(min(1.0, (begin + NEXT_BLOCK) / items))
    return Neighbours(*map(np.concatenate, zip(*found, strict=True)))
