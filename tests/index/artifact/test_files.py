"""What is said of a disk that fails."""

import errno
import os
from pathlib import Path

import numpy as np
import pytest

from index.artifact.files import as_full, is_full, os_errors_as, reason_of
from index.errors import ArtifactError, DiskFull

FULL = os.strerror(errno.ENOSPC)


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, "Error writing bytes to file"),
        OSError("4096 requested and 0 written"),
        OSError("Not enough free space to write 4096 bytes"),
    ],
)
def test_a_full_disk_is_called_so_whoever_found_it(error):
    assert is_full(error)
    assert reason_of(error) == FULL


def test_other_errors_keep_their_words():
    assert reason_of(OSError(errno.EACCES, "Permission denied")) == "Permission denied"
    assert reason_of(OSError("something else")) == "something else"
    assert reason_of(OSError()) == "OSError"
    assert not is_full(OSError("something else"))


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="the system has no /dev/full")
def test_numpy_on_a_full_disk_is_understood():
    with (
        pytest.raises(DiskFull, match=f"vectors cannot be written: {FULL}") as caught,
        os_errors_as(ArtifactError, "vectors cannot be written"),
        open("/dev/full", "wb") as file,
    ):
        np.save(file, np.zeros(100_000), allow_pickle=False)
    assert as_full(caught.value) is caught.value


def test_a_full_disk_is_found_behind_an_error_of_another_kind():
    behind = RuntimeError("training failed")
    behind.__cause__ = OSError(errno.ENOSPC, FULL, "/models/a.npy")
    found = as_full(behind)
    assert found is not None
    assert (found.code, found.path) == ("disk_full", Path("/models/a.npy"))
    assert as_full(ValueError(f"IO Error: Could not write file: {FULL}")) is not None
    assert as_full(ValueError("something else")) is None
    assert as_full(OSError(errno.EACCES, "Permission denied")) is None
