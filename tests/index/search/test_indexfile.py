"""An index comes back from its file as it was, mapped; a damaged file is refused by name."""

import gc

import faiss
import numpy as np
import pytest
from support.mapped import lies_in, mappings

from index.errors import ArtifactCorrupt, ArtifactError, ArtifactUnsupported
from index.search.indexfile import aligned, read_index, stored_vectors, write_index
from index.search.searcher import Searcher

VECTORS = np.random.default_rng(0).standard_normal((2500, 16)).astype(np.float32)


@pytest.fixture(scope="module", params=["flat", "hnsw"])
def index(request):
    made = faiss.IndexFlatIP(16) if request.param == "flat" else faiss.IndexHNSWFlat(16, 16, faiss.METRIC_INNER_PRODUCT)
    made.add(VECTORS)
    return made


def test_the_vectors_inside_are_those_it_was_built_of_and_no_copy(index):
    assert (stored_vectors(index) == VECTORS).all()
    assert np.shares_memory(stored_vectors(index), stored_vectors(index))
    assert stored_vectors(faiss.IndexFlatIP(3)).shape == (0, 3)


def test_vectors_outlive_the_name_of_their_index_and_lie_in_its_file(index, tmp_path):
    path = tmp_path / "index.faiss"
    write_index(index, path)
    part = stored_vectors(read_index(path))[5:, :-1]
    gc.collect()
    assert (part == VECTORS[5:, :-1]).all()
    assert lies_in(part, path)
    del part
    gc.collect()
    assert not mappings(path)


def test_written_index_answers_the_same_when_read(index, tmp_path):
    path = tmp_path / "index.faiss"
    write_index(index, path)
    vectors = np.array(stored_vectors(index))
    read = read_index(path)
    assert type(read) is type(index)
    assert (stored_vectors(read) == vectors).all()
    before, after = (
        Searcher(each if isinstance(each, faiss.IndexHNSW) else None, vectors).search(vectors[:50], 10)[0]
        for each in (index, read)
    )
    assert before.tolist() == after.tolist()


def test_torn_index_file_is_refused_by_name(index, tmp_path):
    path = tmp_path / "similar.faiss"
    write_index(index, path)
    whole = path.read_bytes()
    for size in (0, 3, 50, len(whole) // 3, len(whole) - 1):
        path.write_bytes(whole[:size])
        with pytest.raises(ArtifactCorrupt, match=r"similar\.faiss") as refused:
            read_index(path)
        assert refused.value.__cause__ is not None


def test_missing_and_foreign_files_are_refused_by_name(tmp_path):
    with pytest.raises(ArtifactCorrupt, match=r"none\.faiss"):
        read_index(tmp_path / "none.faiss")
    (tmp_path / "text.faiss").write_text("not an index, but long enough to have a header\n" * 10)
    with pytest.raises(ArtifactCorrupt, match=r"text\.faiss"):
        read_index(tmp_path / "text.faiss")
    faiss.write_index(faiss.IndexFlatL2(4), str(tmp_path / "l2.faiss"))
    with pytest.raises(ArtifactUnsupported, match=r"l2\.faiss"):
        read_index(tmp_path / "l2.faiss")
    with pytest.raises(ArtifactError, match=r"index\.faiss"):
        write_index(faiss.IndexFlatIP(4), tmp_path / "no folder" / "index.faiss")


def test_a_copy_is_made_of_vectors_at_an_odd_address_and_of_no_others(tmp_path):
    index = faiss.IndexFlatIP(4)
    index.add(np.eye(4, dtype=np.float32))
    write_index(index, tmp_path / "flat.faiss")
    inside = stored_vectors(read_index(tmp_path / "flat.faiss"))
    assert not inside.flags.aligned
    assert aligned(inside).flags.aligned
    assert np.array_equal(aligned(inside), inside)
    plain = np.eye(4, dtype=np.float32)
    assert aligned(plain) is plain
