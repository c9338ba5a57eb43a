"""A FAISS graph as a file: written, mapped back, and the vectors that lie inside it."""

from pathlib import Path

import faiss
import numpy as np

from index.errors import ArtifactCorrupt, ArtifactError, ArtifactUnsupported
from index.search.exact import Floats


def write_index(index: faiss.Index, path: Path) -> None:
    """FAISS's own format. Raises ArtifactError when the file cannot be written."""
    try:
        faiss.write_index(index, str(path))
    except RuntimeError as error:
        raise ArtifactError(f"cannot be written: {error}", path) from error


def read_index(path: Path) -> faiss.Index:
    """A flat or HNSW index, mapped: its pages are read when first used and shared between processes.

    The file must not be replaced while it is mapped. Raises ArtifactCorrupt when it is missing, truncated or not an
    index, ArtifactUnsupported when it is an index of another kind.
    """
    # IO_FLAG_MMAP, despite its name, reads flat and HNSW into memory; _IFC maps both (faiss 1.15, 20,000 x 64: 5 MB of
    # private memory against none).
    try:
        index = faiss.read_index(str(path), faiss.IO_FLAG_MMAP_IFC)
    except (RuntimeError, MemoryError) as error:
        raise ArtifactCorrupt("is missing, truncated or not a FAISS index; fetch it again or retrain", path) from error
    if not isinstance(index, faiss.IndexFlat | faiss.IndexHNSWFlat) or index.metric_type != faiss.METRIC_INNER_PRODUCT:
        raise ArtifactUnsupported(
            f"holds a {type(index).__name__}, but only flat and HNSW over inner products are read; retrain", path
        )
    return index


def stored_vectors(index: faiss.Index) -> Floats:
    """The float32 (n, d) vectors inside a flat or HNSW index, without a copy: mapped where the index is.

    The array, and every view of it, keeps the index alive. In a file they begin at an odd address, and numpy copies
    such a matrix before every product: `aligned` copies it once.
    """
    if index.ntotal == 0:
        return np.empty((0, index.d), dtype=np.float32)
    flat = faiss.downcast_index(index.storage if isinstance(index, faiss.IndexHNSW) else index)
    numbers = faiss.rev_swig_ptr(flat.get_xb(), index.ntotal * index.d)  # type: ignore[attr-defined]
    return np.asarray(_Inside(index, numbers.reshape(index.ntotal, index.d)))


def aligned(vectors: Floats) -> Floats:
    """Itself, or a copy where its numbers do not begin at addresses that a product can use."""
    return np.require(vectors, requirements=["A"])


class _Inside:
    """Memory that belongs to an index. numpy keeps what it makes an array of, and with it the index."""

    def __init__(self, index: faiss.Index, numbers: Floats) -> None:
        self._index = index
        self.__array_interface__ = numbers.__array_interface__
