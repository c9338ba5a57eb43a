"""A process that must not outlive another."""

import ctypes
import os
import signal

PR_SET_PDEATHSIG = 1  # Linux, prctl(2)


def die_with(parent: int, with_signal: signal.Signals) -> None:
    """Sends this process the signal when the process `parent` ends, however that happens. Linux only."""
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, with_signal)
    if os.getppid() != parent:  # it was quicker
        os._exit(1)
