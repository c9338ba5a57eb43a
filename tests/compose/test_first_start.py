"""The first start: from nothing to a service that says what to do next."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from compose.stack import Stack, docker, until

pytestmark = pytest.mark.compose


@pytest.mark.short
def test_without_a_model_the_service_answers_and_says_the_next_step(running):
    found = running.first
    assert found.similar.status_code == 503
    assert found.similar.json()["code"] == "no_model"
    assert "POST /retrain" in found.similar.json()["detail"]
    assert found.similar.headers["retry-after"]
    assert found.ready.status_code == 503
    assert "POST /retrain" in found.ready.json()["next_step"]


@pytest.mark.short
def test_the_service_is_closed_from_its_first_moment(running):
    assert running.first.without_key.status_code == 401
    assert running.first.page.headers["content-type"] == "application/problem+json"


@pytest.mark.short
def test_events_over_http_make_a_model_that_is_served(running, stack):
    assert running.job["result"]["counts"]["events"] == 32_000
    answer = stack.get("/similar/d03-10?k=10")
    assert {found["item_id"].split("-")[0] for found in answer["items"]} == {"d03"}
    assert answer["model_version"] in stack.versions()


@pytest.mark.short
def test_api_and_worker_have_users_of_their_own_and_see_no_secret_of_the_others(stack):
    users = stack.sql(
        "SELECT DISTINCT usename FROM pg_stat_activity WHERE datname = 'item2vec' AND client_addr IS NOT NULL"
    )
    assert sorted(users) == ["item2vec_api", "item2vec_worker"]
    assert stack.inside("api", "ls /run/secrets").split() == ["admin_key", "database_password"]
    assert stack.inside("worker", "ls /run/secrets").split() == ["database_password"]
    passwords = {stack.inside(part, "cat /run/secrets/database_password") for part in ("api", "worker", "db")}
    assert len(passwords) == 3


@pytest.fixture(scope="module")
def empty(images) -> Iterator[Stack]:
    """A stack of its own, of which nothing has started."""
    found = Stack("item2vec-test-empty", API_REPLICAS="3")
    found.down(volumes=True)
    yield found
    found.down(volumes=True)


def test_three_that_start_together_migrate_an_empty_database_once(empty):
    empty.up("db")
    until(lambda: empty.healthy(empty.container("db")), what="the database")
    # What lists the keys makes the tables first where it may.
    listing = ("run", "--rm", "-T", "--no-deps", "first-start", "item2vec", "keys", "list")
    with ThreadPoolExecutor() as several:
        said = list(several.map(lambda _: empty.compose(*listing), range(3)))
    assert all("there are no keys" in each for each in said), said
    assert len(empty.sql("SELECT version_num FROM alembic_version")) == 1
    assert empty.sql("SELECT name, value FROM counters") == ["items|0"]
    empty.up()
    empty.alive()
    until(lambda: sum(map(empty.healthy, empty.containers("api"))) == 3, what="three healthy APIs")


def test_the_demo_fills_a_service_that_has_no_model(empty):
    empty.up()
    empty.alive()
    assert httpx.get(f"{empty.url}/readyz", timeout=5).status_code == 503
    said = empty.compose("run", "--rm", "-T", "worker", "item2vec", "demo", "--events", "20000")
    item = said.rsplit("GET /similar/", 1)[1].split()[0]
    empty.ready(10)
    assert empty.get(f"/similar/{item}?k=3")["items"]

    # A new item is asked about and listed, whichever API answers.
    like = empty.get(f"/items/{item}")
    new = {"item_id": "new", "title": like["title"], "category": like["category"], "metadata": like["metadata"]}
    assert empty.ask("PUT", "/items", json={"items": [new]}).status_code == 200

    def listed() -> bool:
        answers = [empty.get(f"/similar/{item}?k=50") for _ in range(9)]
        return all("new" in [found["item_id"] for found in answer["items"]] for answer in answers)

    until(listed, what="the new item in every API")
    assert {found["source"] for found in empty.get("/similar/new?k=3")["items"]} == {"content"}


def test_a_stop_is_quick_and_clean(empty):
    empty.up()
    empty.alive()
    ids = {service: empty.containers(service) for service in ("api", "worker", "proxy")}
    started = time.monotonic()
    empty.compose("stop", "proxy", "api", "worker")
    assert time.monotonic() - started < 40
    for service, containers in ids.items():
        for container in containers:
            assert docker("inspect", "-f", "{{.State.ExitCode}}", container).strip() in ("0", "143"), service
