"""kill -9 of an API, with two running."""

import time

import pytest
from compose.load import loading, stored
from compose.stack import inspect, until

pytestmark = pytest.mark.compose


@pytest.mark.short
def test_the_other_api_goes_on_and_the_killed_one_comes_back(stack, killer, figures):
    victim = stack.containers("api")[0]
    restarts = inspect(victim, "RestartCount")
    with loading(stack, "api-killed") as load:
        time.sleep(3)
        killed = time.monotonic()
        killer.kill(victim)
        until(lambda: inspect(victim, "RestartCount") == restarts + 1, what="the restart")
        until(lambda: stack.healthy(victim), what="the killed API")
        figures["api_back_seconds"] = f"{time.monotonic() - killed:.1f}"
        time.sleep(3)
    figures.load("api_killed", load)
    assert load.reads.dead_seconds == []
    # A request that was at the killed one is asked again of the other, where that can do nothing twice.
    assert load.reads.failed <= 2, str(load.reads)
    assert load.writes.failed <= 5, str(load.writes)
    assert load.acknowledged
    assert stored(stack, load) == load.acknowledged
    assert stack.sql("SELECT count(*) - count(DISTINCT event_id) FROM events WHERE event_id IS NOT NULL") == ["0"]
