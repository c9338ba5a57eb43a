"""The process itself: what it must not outlive, and what it keeps."""

import ctypes
import os
import signal

PR_SET_PDEATHSIG = 1  # Linux, prctl(2)


def die_with(parent: int, with_signal: signal.Signals) -> None:
    """Sends this process the signal when the process `parent` ends, however that happens. Linux only."""
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, with_signal)
    if os.getppid() != parent:  # it was quicker
        os._exit(1)


def keep_from_others() -> None:
    """What this process and its children write from now on, only its user and group may read."""
    os.umask(os.umask(0o077) | 0o027)


M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # glibc, mallopt(3)
KEPT = 1 << 30  # bytes


def keep_freed_memory() -> None:
    """Blocks that are freed stay with the process, to be used again.

    Training asks for blocks of 16 to 64 MB over and over. As it is, glibc takes each from the kernel, which fills it
    with zeros page by page: that was a third of the CPU time of a large training. Nothing where the C library is
    another one.
    """
    library = ctypes.CDLL(None)
    if hasattr(library, "mallopt"):
        library.mallopt(M_MMAP_THRESHOLD, KEPT)
        library.mallopt(M_TRIM_THRESHOLD, 2 * KEPT - 1)
