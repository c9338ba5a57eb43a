"""Whether a process still does something: it says something, or uses CPU time."""

import os
import time
from pathlib import Path

# A process that hangs may still have a thread that looks round now and then: less of a core than this is nothing.
IDLE_SHARE = 0.001
# Longer between two looks, we were stopped ourselves, and perhaps the process with us: a container that is paused.
STRIDE_SECONDS = 1.0


class Watchdog:
    """Of a process of ours. seconds: it hangs when it has done nothing for so long. `hangs` is asked often."""

    def __init__(self, process: int, seconds: float) -> None:
        self._process = process
        self._seconds = seconds
        self._used = 0.0
        self._idle = 0.0  # seconds that we have seen it do nothing
        self._looked = time.monotonic()

    def heard(self) -> None:
        """It has said something."""
        self._idle = 0.0

    def hangs(self) -> bool:
        moment = time.monotonic()
        self._idle += min(moment - self._looked, STRIDE_SECONDS)
        self._looked = moment
        used = cpu_seconds(self._process)
        if used - self._used > IDLE_SHARE * self._idle:
            self._used, self._idle = used, 0.0
        return self._idle > self._seconds


def cpu_seconds(process: int) -> float:
    """CPU time that the process, and those that it has waited for, have used; 0 for one that is gone. Linux only."""
    try:
        fields = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    ticks = sum(int(field) for field in fields[11:15])  # proc(5): utime, stime, cutime, cstime
    return ticks / os.sysconf("SC_CLK_TCK")
