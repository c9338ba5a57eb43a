"""What is said of a disk that fails."""

import errno
import os

import numpy as np
import pytest

from index.artifact.files import is_full, os_errors_as, reason_of
from index.errors import ArtifactError

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
        pytest.raises(ArtifactError, match=f"vectors cannot be written: {FULL}"),
        os_errors_as(ArtifactError, "vectors cannot be written"),
        open("/dev/full", "wb") as file,
    ):
        np.save(file, np.zeros(100_000), allow_pickle=False)
