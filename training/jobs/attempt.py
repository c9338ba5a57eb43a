"""One try at a job's work: the child process, what it says, and its end."""

import json
import logging
import os
import queue
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import IO, Any, Literal

from store.job import Ending, Failure, JobState, Result
from training.jobs.pulse import Pulse
from training.jobs.watchdog import Watchdog

log = logging.getLogger(__name__)

GRACE_SECONDS = 2.0  # from SIGTERM to SIGKILL
# Where memory is short the training goes, not the worker: said before the training takes any, since the kernel would
# choose the larger of the two.
FIRST_TO_GO = ("sh", "-c", '{ echo 1000 >/proc/self/oom_score_adj; } 2>/dev/null; exec "$0" "$@"')


DOING = {"train": "training", "activate": "activating"}  # as the log calls it


class Hung(Exception):
    """The child has done nothing for a long time."""


def attempt(work: Literal["train", "activate"], models: Path, pulse: Pulse) -> Ending:
    """The ending the child told, or what its exit means. Raises Hung, and what `pulse.touch` does; by then the child is
    ended, which takes 2 s at most."""
    job_id = pulse.job_id
    command = [*FIRST_TO_GO, sys.executable, "-m", "training.jobs.child", work, str(models), job_id, str(os.getpid())]
    # BLAS threads on top of our own would fight for the same cores.
    environment = {"OPENBLAS_NUM_THREADS": "1", **os.environ}
    process = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, start_new_session=True, env=environment
    )
    log.info("job=%s %s process=%d", job_id, DOING[work], process.pid)
    watchdog = Watchdog(process.pid, pulse.limits.hang_seconds)
    assert process.stdout is not None
    said: queue.Queue[dict[str, Any] | None] = queue.Queue()
    threading.Thread(target=_listen, args=(process.stdout, said), daemon=True).start()
    end: dict[str, Any] = {}
    try:
        while True:
            try:
                message = said.get(timeout=0.2)
            except queue.Empty:
                if watchdog.hangs():
                    raise Hung from None
                pulse.touch()
                continue
            watchdog.heard()
            if message is None:
                break
            if "line" in message:
                pulse.line(message["line"])
            elif "step" in message:
                pulse.at(message["step"], message.get("progress"), message.get("eta_seconds"))
            else:
                end = message
            pulse.touch()
        return _ending(end, process.wait())
    finally:
        _stop(process)


def _listen(out: IO[bytes], said: "queue.Queue[dict[str, Any] | None]") -> None:
    """None at the end, which comes when the last process that could write is gone."""
    for text in out:
        try:
            said.put(json.loads(text))
        except ValueError:
            log.warning("training said what is not JSON: %s", text[:200])
    said.put(None)


def _ending(end: dict[str, Any], code: int) -> Ending:
    if "result" in end:
        return Ending.trained(Result(**end["result"]))
    if "error" in end:
        return Ending(JobState.FAILED, error=Failure(**end["error"]))
    if code == -signal.SIGKILL:
        detail = (
            "the training process was killed, probably because memory ran out: give it more, or set trainer.dims or "
            "events.memory_mb lower, then retrain"
        )
        return Ending.failed("training_killed", detail)
    if code < 0:
        return Ending.failed("training_killed", f"the training process was ended by signal {-code}")
    return Ending.failed("training_failed", f"the training process ended with code {code}; the worker's log has more")


def _stop(process: "subprocess.Popen[bytes]") -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        if process.poll() is not None:
            return
        os.killpg(process.pid, number)
        try:
            process.wait(GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            log.warning("process=%d still there after signal=%d", process.pid, number)
