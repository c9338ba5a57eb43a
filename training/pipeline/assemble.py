"""From trained matrices to everything an artifact holds: index, stored neighbours, rules, evidence."""

from dataclasses import replace
from typing import Any

from numpy.typing import NDArray

from index.artifact.manifest import ContentFacts
from index.catalogue.catalogue import Catalogue
from index.content.content import Vectors
from index.parts import ModelParts, Neighbours
from index.ranking.parts.popularity import NEWEST
from index.ranking.settings import RecommenderConfig
from index.search.builder import BuiltIndex, build
from index.vocabulary import Vocabulary
from index.why.evidence import build_evidence
from index.why.makeup import Makeup
from training.choice.materials import Counted, Materials
from training.config import TrainConfig
from training.counting.postings import postings_of
from training.evaluation.split import has_clock
from training.objective.lesson import attributes_of
from training.objective.weights import counted_weights
from training.pipeline.alike import similar_all
from training.pipeline.content.cold import content_of
from training.pipeline.following import following_all
from training.pipeline.lists import EXACT_BELOW, Earlier, Wanted
from training.pipeline.prepare import Prepared
from training.pipeline.train import Fitted
from training.progress import Reporter


def assemble(
    log: Prepared,
    final: Fitted,
    catalogue: Catalogue,
    recommender: RecommenderConfig,
    ranks: NDArray[Any] | None,
    config: TrainConfig,
    told: Reporter,
    earlier: Earlier | None = None,
    content: ContentFacts | None = None,
) -> tuple[ModelParts, dict[str, BuiltIndex]]:
    """All parts of the model, ready to be written, and what was measured of the index among them.

    ranks: of the evaluation, RANKS_DTYPE; None where none was measured. earlier: lists of the model that is updated.
    content: how items without a past get vectors; None: they get none.
    """
    corpus, index = final.corpus, config.index
    vocabulary = Vocabulary(final.ids, corpus.counts())
    threads, k = config.trainer.workers, min(index.neighbours, max(1, len(vocabulary) - 1))
    weights = counted_weights(corpus, config)
    with told.step("rules") as step:
        # Where sessions fade, or events weigh by their type, no rule is what it was.
        known = earlier.rules if earlier is not None and corpus.items > EXACT_BELOW and weights is None else None
        counted = Counted(corpus, threads, known, weights)
        rules = counted.rules(recommender)
        evidence = build_evidence(
            corpus.tokens,
            corpus.offsets,
            corpus.ends,
            corpus.items,
            has_clock(corpus),
            corpus.starts,
            corpus.weights,
            postings_of(corpus).positions,
        )
        if config.objective.converts:
            evidence = replace(evidence, converted=corpus.converted)
        if config.dislikes and corpus.dislikes is not None:
            said = corpus.dislikes
            evidence = replace(evidence, dislikes=(said.sessions, said.positions, said.items))
        step.facts |= {"rules": sum(len(part.items) for part in rules.values())}
    materials = Materials(final.spaces, counted)
    scorer, vectors = materials.scorer(recommender), materials.similar(recommender)
    with told.step("index") as step:
        similar_index = build(vectors, index.exact_below, index.min_recall, config.seed, threads, progress=step.share)
        step.facts |= {"kind": similar_index.kind, "recall": similar_index.recall_at_10}
    with told.step("neighbours") as step:
        wanted = Wanted(k, threads, index.min_recall, config.seed)
        similar = Neighbours(*similar_all(similar_index, vectors, wanted, lambda done: step.share(done / 2), earlier))
        following = Neighbours(
            *following_all(scorer, similar.rows, wanted, lambda done: step.share(0.5 + done / 2), earlier)
        )
        step.facts |= {"items": len(vocabulary), "k": k}
    inputs, outputs = final.spaces.next.inputs, final.spaces.next.outputs
    trained = Vectors(inputs, outputs, vectors)
    parts = ModelParts(
        vocabulary=vocabulary,
        catalogue=catalogue,
        rare=log.rare,
        inputs=inputs,
        outputs=outputs,
        rules=rules,
        newest={name: counted.newest[name] for name in sorted(recommender.used() & NEWEST.keys())},
        evidence=evidence,
        similar_vectors=vectors,
        targets=scorer.vectors["vectors"].targets,
        similar_graph=similar_index.graph,
        similar=similar,
        next=following,
        evaluation_ranks=ranks,
        content=content_of(content, trained, vocabulary, catalogue, config, told, scorer),
        makeup=_makeup(final, catalogue, config),
    )
    return parts, {"similar": similar_index}


def _makeup(final: Fitted, items: Catalogue, config: TrainConfig) -> Makeup | None:
    """What the inputs are made of, in the artifact's terms."""
    found, attributes = final.spaces.next.makeup, attributes_of(items, final.ids, config)
    if found is None or attributes is None:
        return None
    return Makeup(attributes.columns, attributes.begins, attributes.values, found.weights, found.values)
