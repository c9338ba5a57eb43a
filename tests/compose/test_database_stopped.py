"""The database is away for twenty seconds: stopped, or there and standing still."""

import time

import pytest
from compose.load import loading, stored, untouched

pytestmark = pytest.mark.compose

AWAY = 20.0


@pytest.mark.short
@pytest.mark.parametrize(("away", "back"), [("stop", "start"), ("pause", "unpause")])
def test_similar_items_are_served_throughout_and_no_acknowledged_event_is_lost(stack, figures, away, back):
    with loading(stack, f"database-{away}", writers=2) as load:
        time.sleep(3)
        stopping = time.monotonic()
        stack.compose(away, "db")
        time.sleep(max(0.0, AWAY - (time.monotonic() - stopping)))
        before = len(load.acknowledged)
        stack.compose(back, "db")
        since = time.monotonic()
        while len(load.acknowledged) == before and time.monotonic() < since + 60:
            time.sleep(0.1)
        figures[f"database_back_seconds_after_{away}"] = f"{time.monotonic() - since:.1f}"
        time.sleep(5)
    figures.load(f"database_{away}", load)
    untouched(load.reads)
    assert len(load.acknowledged) > before, "no event was accepted after the database came back"
    assert load.refused, "no event was refused while it was away"
    for (status, wait), number in load.refused.items():
        assert status == 503, (status, number)
        assert wait is not None
        assert int(wait) >= 1
    assert stored(stack, load) == load.acknowledged


def test_a_retraining_outlives_it(stack):
    before = stack.versions()
    job = stack.retrain(trainer={"dims": 64, "epochs": 200}, evaluation={"prefixes": 300, "bootstrap": 50})
    deadline = time.monotonic() + 60
    while not str(stack.job(job)["step"]).startswith("train") and time.monotonic() < deadline:
        time.sleep(0.1)
    stack.compose("stop", "db")
    time.sleep(5)
    stack.compose("start", "db")
    ended = stack.ended(job)
    assert ended["state"] == "succeeded", ended
    assert [version for version in stack.versions() if version not in before] == [ended["result"]["version"]]
