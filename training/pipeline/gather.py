"""The vectors that were given, for the items of a part of the log: what an import has in place of trainings."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from index.artifact.manifest import TrainingFacts
from training.config import TrainConfig
from training.corpus import Corpus
from training.pipeline.train import IMPORTED, Fitted
from training.trainers.spaces import Spaces
from training.trainers.trainer import Embeddings
from training.vectors.found import rows_at_once
from training.vectors.matrix import Matrix
from training.workspace import Workspace

FACTS = TrainingFacts(engine=IMPORTED, learning_rate=None, restarts=0, started_from=None)


class Given:
    """As Trainings: the vectors that there are, whatever the part of the log."""

    def __init__(self, inputs: Matrix, outputs: Matrix | None) -> None:
        self.inputs, self.outputs = inputs, outputs
        self._rows = {item: row for row, item in enumerate(inputs.ids)}
        self._output_rows = None if outputs is None else {item: row for row, item in enumerate(outputs.ids)}

    def engines(self, config: TrainConfig, corpus: Corpus) -> Sequence[str]:
        return (IMPORTED,)

    def fit(self, name: str, corpus: Corpus, ids: list[str], config: TrainConfig, work: Workspace) -> Fitted:
        """Gathered on disk and mapped: not all vectors need fit into memory. As they are, where all are wanted in
        their order."""
        if ids == self.inputs.ids and (self.outputs is None or ids == self.outputs.ids):
            return Fitted(
                corpus, ids, _both(self.inputs.vectors, None if self.outputs is None else self.outputs.vectors), FACTS
            )
        told = name.replace("train", "gather", 1)

        def make(folder: Path) -> None:
            with work.told.step(told) as step:
                _gather(folder / "inputs.npy", self.inputs.vectors, [self._rows[item] for item in ids])
                if self.outputs is not None and self._output_rows is not None:
                    _gather(folder / "outputs.npy", self.outputs.vectors, [self._output_rows[item] for item in ids])
                step.facts |= {"vectors": len(ids)}

        folder = work.step(told.replace(" ", "-"), make)
        return Fitted(corpus, ids, _spaces(folder), FACTS)


def _gather(path: Path, matrix: NDArray[np.float32], rows: list[int]) -> None:
    out = np.lib.format.open_memmap(path, mode="w+", dtype=np.float32, shape=(len(rows), matrix.shape[1]))
    places = np.array(rows, dtype=np.int64)
    for begin in range(0, len(rows), size := rows_at_once(matrix.shape[1])):
        out[begin : begin + size] = matrix[places[begin : begin + size]]
    out.flush()


def _spaces(folder: Path) -> Spaces:
    """With one matrix, the same object in both places."""
    inputs = _mapped(folder / "inputs.npy")
    outputs = _mapped(folder / "outputs.npy") if (folder / "outputs.npy").exists() else None
    return _both(inputs, outputs)


def _both(inputs: NDArray[np.float32], outputs: NDArray[np.float32] | None) -> Spaces:
    both = Embeddings(inputs, inputs if outputs is None else outputs)
    return Spaces(both, both)


def _mapped(path: Path) -> NDArray[np.float32]:
    return np.asarray(np.load(path, mmap_mode="r", allow_pickle=False))
