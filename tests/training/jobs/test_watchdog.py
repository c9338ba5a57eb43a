"""A process hangs when it neither says anything nor uses CPU time, and not while we were stopped ourselves."""

import subprocess
import sys
import time

import pytest

from training.jobs import watchdog
from training.jobs.watchdog import Watchdog, cpu_seconds


@pytest.fixture
def process():
    """Sleeps for as long as nobody writes to it, then works until it is killed."""
    program = "import sys; print(flush=True); sys.stdin.readline()\nwhile True: pass"
    made = subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    made.stdout.readline()
    yield made
    made.kill()
    made.communicate()


def looked(dog, seconds):
    """Whether it hangs at any look within the seconds."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if dog.hangs():
            return True
        time.sleep(0.05)
    return False


def test_a_process_that_sleeps_hangs_and_one_that_works_or_speaks_does_not(process):
    assert looked(Watchdog(process.pid, 0.3), 10)
    speaking = Watchdog(process.pid, 5)
    for _ in range(8):
        assert not looked(speaking, 0.2)
        speaking.heard()
    process.stdin.write(b"work\n")
    process.stdin.flush()
    before = cpu_seconds(process.pid)
    assert not looked(Watchdog(process.pid, 5), 6)
    assert cpu_seconds(process.pid) > before


def test_the_time_we_were_stopped_ourselves_does_not_count(process, monkeypatch):
    dog = Watchdog(process.pid, 30)
    assert not dog.hangs()
    clock = time.monotonic
    monkeypatch.setattr(watchdog.time, "monotonic", lambda: clock() + 3600)
    assert not dog.hangs()


def test_a_process_that_is_gone_uses_nothing(process):
    process.kill()
    process.wait()
    assert cpu_seconds(process.pid) == 0.0
