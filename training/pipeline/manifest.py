"""What a run says about the version it publishes."""

from datetime import UTC, datetime
from importlib.metadata import version as library_version

from index.artifact.manifest import Data, Gate, IndexFacts, Manifest
from index.ranking.scorer import RecommenderConfig
from index.report import Report
from index.search.builder import BuiltIndex
from training.config import TrainConfig
from training.corpus import Corpus
from training.evaluation.split import has_clock
from training.pipeline.prepare import Prepared
from training.pipeline.train import Fitted

LIBRARIES = ("item2vec", "numpy", "duckdb", "pyarrow", "numba", "gensim", "faiss-cpu", "scipy", "pydantic")


def manifest_of(
    version: str,
    created: datetime,
    config: TrainConfig,
    recommender: RecommenderConfig,
    log: Prepared,
    final: Fitted,
    indexes: dict[str, BuiltIndex],
    report: Report,
    gate: Gate,
    timings: dict[str, float],
) -> Manifest:
    return Manifest(
        version=version,
        created=created,
        config=config.model_dump(mode="json"),
        recommender=recommender.model_dump(mode="json"),
        seed=config.seed,
        libraries={name: library_version(name) for name in LIBRARIES},
        data=data_of(log, final.corpus),
        trained_on="all" if config.evaluation.publish_all else "before_split",
        training=final.facts,
        index={score: index_facts(built) for score, built in indexes.items()},
        metrics=report,
        timings=timings,
        gate=gate,
    )


def index_facts(built: BuiltIndex) -> IndexFacts:
    return IndexFacts.model_validate({"kind": built.kind, "recall_at_10": built.recall_at_10, **built.parameters})


def data_of(log: Prepared, corpus: Corpus) -> Data:
    """corpus: of the published model. The times are None where the log has no clock."""
    clock = has_clock(log.corpus)
    first, last = (datetime.fromtimestamp(int(t) / 1e6, UTC) for t in (corpus.starts.min(), corpus.ends.max()))
    return Data(
        fingerprint=log.fingerprint,
        events=log.counts.rows,
        sessions=len(corpus),
        items=corpus.items,
        tokens=len(corpus.tokens),
        first_event=first if clock else None,
        last_event=last if clock else None,
        rejected=log.counts.rejected,
        removed=log.counts.removed,
    )
