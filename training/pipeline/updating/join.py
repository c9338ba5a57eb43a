"""The sessions of the model that serves and those of the new events, as one log."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import numpy as np

from index.errors import UpdateImpossible
from training.check.judge import OF_EVENTS, judge, reading_of
from training.config import SessionsConfig
from training.corpus import Corpus
from training.events.reader import EventBatch
from training.events.sources import known_rows, open_sources
from training.events.sql import connect
from training.pipeline.prepare import (
    ARRAYS,
    Prepared,
    RowCounts,
    prepared_of,
    shared,
    tell,
    write_sessions,
)
from training.pipeline.updating.base import Base
from training.sessions.before import Before
from training.sessions.cut import cut_all
from training.sessions.encode import Cut, encode
from training.workspace import Workspace, read_array, write_arrays, write_json


def joined(base: Base, later: bool, work: Workspace) -> tuple[Prepared, Corpus]:
    """(the log as it is now, the new sessions over the base's vocabulary). A step: it resumes."""
    config, evidence, ids = base.config, base.model.evidence, base.model.vocabulary.ids
    rules = _rules(base)

    def make(folder: Path) -> None:
        settings = config.events
        before = Before.of(evidence, ids, base.model.rare)
        if (before.cut.weights is None) == settings.weighed:
            raise UpdateImpossible("the model has weights of events and the new ones have none, or the other way round")
        if config.objective.converts and before.cut.converted is None:
            raise UpdateImpossible("the model does not say which events were conversions, and they count: train whole")
        if config.dislikes and before.cut.dislikes is None:
            raise UpdateImpossible("the model does not say which events were dislikes, and they count: train whole")
        connection = connect(settings.memory_mb, str(folder))
        sources = open_sources(settings, connection, work.folder.parent)
        reading = reading_of(config, connection, sources, work.folder / "rejects.parquet")
        reader = reading.reader
        known = _Known(int(evidence.ends.max()) if later and evidence.clock else None)
        with work.told.step("read", total=known_rows(sources, connection), unit="rows") as step:
            cuts, codes, repeats = cut_all(
                known.without(reader),
                rules,
                settings.session is not None,
                settings.memory_mb,
                config.trainer.workers,
                folder,
                watch=reading.census,
                strangers=reading.strangers,
            )
            came = sum(int((part.lengths >= rules.min_length).sum()) for part in cuts)
            if not came:
                raise UpdateImpossible(
                    f"the files hold no session that is later than the model: of {reader.counts.rows} rows "
                    f"{known.count} are not later than its last event, and what is left makes no session"
                )
            new = _over(cuts, codes, {item: row for row, item in enumerate(ids)})
            sessions = encode(*before.joined(cuts, codes), rules, repeats, before.rare)
            step.facts |= {"rows": reader.counts.rows, "known_before": known.count, "sessions": came}
            step.facts |= {"items": sessions.corpus.items, "rejected": sum(reader.counts.rejected.values())}
        data = base.manifest.data
        removed = _added(data.removed, reader.counts.dropped, sessions.counts.removed())
        rejected = _added(data.rejected, reader.counts.rejected)
        counts = RowCounts(
            rows=data.events + reader.counts.rows - known.count,
            rejected=rejected,
            removed=removed,
            empty_files=list(sources.empty),
            repeat_share=repeats.share,
            repeats_kept=repeats.kept,
        )
        write_sessions(folder, sessions, counts, shared(judge(reading.exam(sessions), OF_EVENTS)))
        write_arrays(folder, **{f"new_{name}": getattr(new, name) for name in ARRAYS})
        write_json(folder / "known.json", known.count)

    folder = work.step("sessions", make)
    new = Corpus(items=len(ids), **{name: read_array(folder, f"new_{name}") for name in ARRAYS})
    log = prepared_of(folder)
    tell(log.findings, work.told)
    return log, new


def _rules(base: Base) -> SessionsConfig:
    """Immediate repeats are treated as in the base: a few new events may look otherwise than the whole log."""
    rules, report = base.config.sessions, base.manifest.metrics
    if report is None or report.repeats is None:
        return rules
    return rules.model_copy(update={"collapse_repeats": not report.repeats.kept})


class _Known:
    """Events that the base has seen: those not later than its last one. until: microseconds; None: nothing is left out.
    count: of those left out."""

    def __init__(self, until: int | None) -> None:
        self._until = until
        self.count = 0

    def without(self, batches: Iterable[EventBatch]) -> Iterator[EventBatch]:
        for batch in batches:
            if self._until is None:
                yield batch
                continue
            new = batch.times > self._until
            self.count += int((~new).sum())
            yield batch.where(new)


def _over(cuts: list[Cut], codes: list[str], rows: Mapping[str, int]) -> Corpus:
    """The new sessions over the vocabulary of the base, without items that it does not know."""
    row_of = np.array([rows.get(item, -1) for item in codes], dtype=np.int32)
    tokens = row_of[np.concatenate([part.items for part in cuts])]
    lengths = np.concatenate([part.lengths for part in cuts])
    corpus = Corpus(
        tokens=np.maximum(tokens, 0),
        offsets=np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
        starts=np.concatenate([part.starts for part in cuts]),
        ends=np.concatenate([part.ends for part in cuts]),
        items=len(rows),
    )
    return corpus.where(tokens >= 0, min_length=2)


def _added(*counts: Mapping[str, int]) -> dict[str, int]:
    total: Counter[str] = Counter()
    for part in counts:
        total.update(part)
    return dict(total)
