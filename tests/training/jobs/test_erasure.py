"""After an erasure nothing of the person is in what is trained next, nor in any file of the worker's."""

import pytest
from support.jobworld import World, two_groups_stored, wait_for

from index.artifact.registry import Registry
from store import audit, erasures, jobs
from store.audit import Wanted

LATER = 400 * 3_600_000_000
WHO = "person-" + "q" * 40
SLOW = {"trainer": {"engine": "sgns", "epochs": 1000, "dims": 256, "negatives": 30}}  # a minute in each of three steps


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    made = World(tmp_path_factory.mktemp("erasure"), with_log=False)
    rows = two_groups_stored(200)
    made.store([row | {"user_id": WHO if row["user_id"] == "user 3" else row["user_id"]} for row in rows])
    made.worker()
    yield made
    made.close()


def holds_the_id(folder):
    return [path for path in folder.rglob("*") if path.is_file() and WHO.encode() in path.read_bytes()]


# In this order: each leaves the world to the next.


def test_a_training_under_way_begins_again_without_the_person(world):
    job = world.enqueue(**SLOW)
    world.until(job, lambda found: (found.step or "").startswith("train"))
    assert holds_the_id(world.models / "runs")
    before = erasures.erase(world.engine, WHO)
    assert before.events == 24
    wait_for(lambda: sum("step=export" in line for line in world.lines(job)) == 2)
    assert any("again=" in line for line in world.lines(job))
    rows = [line.split("rows=")[1].split()[0] for line in world.lines(job) if "step=export" in line]
    assert rows == ["1200", "1176"]
    assert holds_the_id(world.root) == []
    jobs.cancel(world.engine, job.job_id)
    assert world.ended(job).state == "cancelled"


def test_the_next_model_says_how_many_were_erased_before_it(world):
    job = world.ended(world.enqueue())
    assert job.state == "succeeded", job
    stored = Registry(world.models).open().manifest.stored
    assert (stored.erasure, stored.erased_users) == (1, 1)
    assert stored.erased_last is not None
    assert job.result.counts["events"] == 1176


def test_the_training_after_an_erasure_is_whole_and_the_one_after_that_an_update(world):
    erasures.erase(world.engine, "user 4")
    erasures.erase(world.engine, "user 5")
    later = [row | {"user_id": "late", "time": row["time"] + LATER} for row in two_groups_stored(20)]
    world.store(later)
    job = world.ended(world.enqueue())
    assert 'whole="a user was erased since"' in world.lines(job)[0]
    stored = Registry(world.models).open().manifest.stored
    assert (stored.erasure, stored.erased_users) == (3, 2)
    world.store([row | {"time": row["time"] + LATER} for row in later])
    job = world.ended(world.enqueue())
    assert "update=" in world.lines(job)[0]
    stored = Registry(world.models).open().manifest.stored
    assert (stored.erasure, stored.erased_users) == (3, 0)


def test_going_back_to_a_model_with_the_person_makes_the_next_training_whole(world):
    registry = Registry(world.models)
    registry.activate(registry.versions()[0])
    world.store([{"user_id": "late", "item_id": "a1", "time": 3 * LATER}])
    job = world.ended(world.enqueue())
    assert 'whole="a user was erased since"' in world.lines(job)[0]


def test_rows_that_trainings_rejected_are_removed_with_the_next_erasure(world):
    folder = world.models / "runs" / "0123456789abcdef"
    folder.mkdir()
    (folder / "run.json").write_text("{}")
    (folder / "rejects.parquet").write_bytes(WHO.encode())
    erasures.erase(world.engine, "nobody")
    wait_for(lambda: not (folder / "rejects.parquet").exists())
    assert (folder / "run.json").exists()
    wait_for(lambda: (world.models / "runs" / ".erased").read_text() == str(erasures.last(world.engine)))
    assert holds_the_id(world.root) == []


def test_the_ends_of_the_jobs_are_in_the_audit(world):
    ended = audit.page(world.engine, Wanted(action="retrain.end"), 100)[0]
    assert {entry.name for entry in ended} == {"a"}
    assert [entry.facts["state"] for entry in ended[::-1]][:2] == ["cancelled", "succeeded"]
