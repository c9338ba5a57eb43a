"""What an operator does, as docs/run.md and docs/upgrade.md say: down, up, upgrade, backup, restore, rotate, scale."""

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from compose import shop
from compose.load import loading, untouched
from compose.stack import ROOT, Failed, Stack, docker, inspect, logs_of, until, whole

pytestmark = pytest.mark.compose

MIGRATION = '''"""What a later version might add."""

import sqlalchemy as sa
from alembic import op

revision = "compose_next"
down_revision = "{before}"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table("of_a_later_version", sa.Column("number", sa.Integer, primary_key=True))
'''


@dataclass(frozen=True)
class State:
    """All that has to be the same afterwards."""

    models: Any
    similar: Any
    recommended: Any
    jobs: Any
    events: list[str]
    keys: list[str]


def newest_revision() -> str:
    """Of the tables of this version."""
    newest = max((ROOT / "store" / "migrations" / "versions").glob("[0-9]*.py"))
    (found,) = re.findall(r'^revision = "(\w+)"', newest.read_text(encoding="utf-8"), re.MULTILINE)
    return str(found)


def state_of(stack: Stack) -> State:
    jobs = [(job["job_id"], job["state"], job["result"]) for job in stack.get("/jobs?limit=200")["jobs"]]
    return State(
        models=stack.get("/models")["models"],
        similar=[stack.get(f"/similar/{item}?k=20") for item in shop.items()[::50]],
        recommended=stack.get("/users/shop-user-7/recommendations?k=10")["items"],
        jobs=jobs,
        events=stack.sql("SELECT count(*), max(seq), md5(string_agg(event_id, ',' ORDER BY seq)) FROM events"),
        keys=stack.sql("SELECT key_id, secret_hash, revoked FROM keys ORDER BY key_id"),
    )


def test_after_down_and_up_everything_is_as_it_was(stack, figures):
    before, key = state_of(stack), stack.admin
    (size,) = stack.sql("SELECT round(pg_total_relation_size('events')::numeric / count(*)) FROM events")
    figures["database_bytes_per_event"] = size
    stack.down()
    started = time.monotonic()
    stack.up()
    stack.ready()
    figures["ready_seconds"] = f"{time.monotonic() - started:.1f}"
    whole(stack)
    stack.forget_key()
    assert stack.admin == key
    assert state_of(stack) == before


@pytest.fixture(scope="module")
def next_version(images, tmp_path_factory) -> str:
    """Tag of images of a later version, which has one migration more."""
    folder = tmp_path_factory.mktemp("next")
    (folder / "next.py").write_text(MIGRATION.format(before=newest_revision()))
    (folder / "Dockerfile").write_text(
        "ARG OLD\nFROM ${OLD}\nCOPY next.py /opt/code/store/migrations/versions/9999_next.py\n"
    )
    for name in images.values():
        docker("build", "-q", "--build-arg", f"OLD={name}", "-t", name.replace(":latest", ":next"), str(folder))
    return "next"


def go_back(stack: Stack) -> None:
    """To this version, as if the next one had never been."""
    stack.settings.pop("ITEM2VEC_VERSION", None)
    stack.sql("DROP TABLE IF EXISTS of_a_later_version")
    stack.sql(f"UPDATE alembic_version SET version_num = '{newest_revision()}'")
    stack.up()
    whole(stack)


@pytest.fixture
def upgradable(stack, next_version) -> Iterator[Stack]:
    """The stack, of this version again afterwards."""
    yield stack
    go_back(stack)


def test_a_new_version_migrates_the_old_data(upgradable, next_version):
    stack, before = upgradable, state_of(upgradable)
    stack.settings["ITEM2VEC_VERSION"] = next_version
    stack.up()
    whole(stack)
    assert stack.sql("SELECT version_num FROM alembic_version") == ["compose_next"]
    assert stack.sql("SELECT count(*) FROM of_a_later_version") == ["0"]
    assert state_of(stack) == before
    # The version before does not touch what it does not know.
    stack.settings["ITEM2VEC_VERSION"] = "latest"
    with pytest.raises(Failed):
        stack.up()
    assert "of another version" in stack.compose("logs", "first-start")
    go_back(stack)
    assert state_of(stack) == before


def test_an_upgrade_one_api_after_the_other_leaves_no_gap(upgradable, next_version, figures):
    stack = upgradable
    old = stack.containers("api")
    stack.settings["ITEM2VEC_VERSION"] = next_version
    with loading(stack, "rolling") as load:
        stack.up("--no-deps", "first-start")
        stack.up("--no-deps", "--no-recreate", "--scale", "api=4", "api")
        until(lambda: sum(map(stack.healthy, stack.containers("api"))) == 4, what="four healthy APIs")
        docker("stop", *old)
        docker("rm", *old)
        stack.up("--no-deps", "worker")
        whole(stack)
    figures.load("rolling", load)
    print(stack.logs("proxy"))  # shown where this fails
    assert {inspect(api, "Config", "Image") for api in stack.containers("api")} == {"item2vec-api:next"}
    assert stack.sql("SELECT version_num FROM alembic_version") == ["compose_next"]
    # The proxy gives up what is under way to an API that stops, one request of each reader at most.
    assert load.reads.failed <= 2, str(load.reads)
    assert not load.reads.dead_seconds, str(load.reads)
    untouched(load.writes)


def test_a_backup_restores_a_service_that_was_lost_whole(stack, figures, tmp_path):
    before = state_of(stack)
    folder = tmp_path / "backup"
    with loading(stack, "backup", writers=0) as load:
        started = time.monotonic()
        stack.script("backup", str(folder))
        figures["backup_seconds"] = f"{time.monotonic() - started:.1f}"
    untouched(load.reads)
    figures["backup_mb"] = f"{sum(file.stat().st_size for file in folder.iterdir()) / 1e6:.1f}"
    stack.down(volumes=True)
    started = time.monotonic()
    stack.script("restore", str(folder))
    stack.ready()
    figures["restore_seconds"] = f"{time.monotonic() - started:.1f}"
    whole(stack)
    stack.forget_key()
    after = state_of(stack)
    # Of the secrets' volume nothing was kept: the first start made keys that the restored tables know.
    assert set(before.keys) < set(after.keys)
    assert (after.models, after.similar, after.recommended) == (before.models, before.similar, before.recommended)
    assert (after.jobs, after.events) == (before.jobs, before.events)
    job = stack.ended(stack.retrain(seed=70, **shop.QUICK))
    assert job["state"] == "succeeded", job


def test_the_password_and_the_key_are_rotated(stack):
    read = "cat /run/secrets/database_password"
    passwords = {stack.inside(service, read) for service in ("api", "worker", "db")}
    stack.script("rotate-password")
    whole(stack)
    assert len(passwords | {stack.inside(service, read) for service in ("api", "worker", "db")}) == 6
    assert stack.ask("POST", "/events", json=[{"user_id": "u", "item_id": "i"}]).status_code == 200
    old = stack.admin
    keys = ("run", "--rm", "-T", "--no-deps", "first-start", "item2vec", "keys")  # the API's user may only read them
    valid = {line.split()[0] for line in stack.compose(*keys, "list").splitlines() if "valid" in line}
    (mine,) = [key_id for key_id in valid if key_id in old]
    stack.compose(*keys, "revoke", mine)
    until(lambda: stack.ask("GET", "/jobs").status_code == 401, 10, "the end of the old key")
    stack.up("first-start")
    until(lambda: stack.inside("api", "cat /run/secrets/admin_key").strip() != old, 30, "the new key")
    stack.forget_key()
    until(lambda: stack.ask("GET", "/jobs").status_code == 200, 10, "the new key at work")


def test_a_replica_more_takes_its_share(stack):
    stack.compose("up", "-d", "--no-build", "--no-recreate", "--scale", "api=3", "api")
    try:
        until(lambda: sum(map(stack.healthy, stack.containers("api"))) == 3, what="three healthy APIs")
        with loading(stack, "replica", writers=0) as load:
            time.sleep(8)
        untouched(load.reads)
        answered = [logs_of(api).count("route=/similar/{item_id}") for api in stack.containers("api")]
        assert all(answered), answered
    finally:
        stack.compose("up", "-d", "--no-build", "--no-recreate", "--scale", "api=2", "api")


def test_what_is_in_a_profile_starts_only_with_it(stack):
    plain = {"secrets", "first-start", "proxy", "api", "worker", "db"}
    assert set(stack.compose("config", "--services").split()) >= plain
    everything = stack.compose("--profile", "monitoring", "--profile", "s3", "config", "--services").split()
    assert set(everything) == plain | {"prometheus", "grafana", "s3", "s3-copy"}
    assert not any(stack.containers(service) for service in set(everything) - plain)
