"""The lines of the requests: what cannot be written is no reason to fail."""

import io
from contextlib import suppress

from app.http.accesslog import BLOCK, AccessLog


def line(log):
    log.line("r", "GET", "/similar/{item_id}", 200, 0.001)


def test_lines_come_at_a_flush_or_when_they_are_many():
    stream = io.StringIO()
    log = AccessLog(True, stream)
    line(log)
    assert stream.getvalue() == ""
    log.flush()
    assert "request_id=r method=GET route=/similar/{item_id} status=200 ms=1.000" in stream.getvalue()
    for _ in range(BLOCK):
        line(log)
    assert stream.getvalue().count("\n") == BLOCK + 1


def test_a_full_disk_of_the_log_fails_nobody():
    stream = open("/dev/full", "w")  # noqa: SIM115
    log = AccessLog(True, stream)
    for _ in range(BLOCK + 1):
        line(log)
    log.flush()
    with suppress(OSError):  # of what it still holds
        stream.close()
