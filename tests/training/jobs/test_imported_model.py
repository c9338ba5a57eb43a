"""Retraining while imported vectors serve: it trains vectors of our own, and does not replace them unasked."""

import numpy as np
from support.factories import IDS
from support.jobworld import QUICK

from index.artifact.registry import Registry
from store import jobs
from training.config import TrainConfig
from training.pipeline.imported import Import, import_vectors
from training.progress import LogReporter
from training.vectors.source import VectorsFile


def test_a_retraining_keeps_imported_vectors_that_nothing_compares_with(filled, tmp_path):
    np.savez(tmp_path / "v.npz", ids=np.array(IDS), vectors=np.eye(len(IDS), 8, dtype=np.float32) + 1)
    what = Import(VectorsFile(tmp_path / "v.npz"))
    imported = import_vectors(what, TrainConfig(), filled.models, LogReporter()).version
    filled.worker()
    job = filled.ended(filled.enqueue(**QUICK))
    assert job.state == "refused", job
    assert 'whole="the model that serves has imported vectors"' in filled.lines(job)[0]
    assert job.result.gate["reasons"] == [
        f"version {imported} has imported vectors, and nothing could be compared with them"
    ]
    assert Registry(filled.models).current() == imported
    forced = filled.ended(jobs.enqueue(filled.engine, dict(QUICK), True, None, "anonymous"))
    assert forced.state == "succeeded", forced
    assert Registry(filled.models).current() == forced.result.version
