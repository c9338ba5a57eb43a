"""Sessions that are asked about at once get the lists that each would get alone."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from support.live import serving

from app.answers import together
from app.answers.together import Together
from app.metrics import Metrics
from app.pools.pool import Pool
from app.problems import Busy, TimeExceeded
from benchmarks.http.world import publish
from index.artifact.registry import Registry
from index.model import Model
from index.ranking.recommender import Wish


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    folder = tmp_path_factory.mktemp("together")
    publish(folder / "one", 300, seed=1)
    publish(folder / "other", 200, seed=2)
    return folder


@pytest.mark.parametrize("in_loop", [0, 1_000_000])
def test_many_at_once_over_http_are_the_same_bytes_as_one_by_one(models, monkeypatch, in_loop):
    monkeypatch.setattr(together, "IN_LOOP", in_loop)
    bodies = [
        {
            "items": [f"item-{(n + i * 7) % 300:06d}" for i in range(1 + n % 12)],
            "k": 1 + n % 30,
            "exclude_seen": n % 2 == 0,
        }
        for n in range(60)
    ]
    bodies[7] |= {"diversity": 0.5, "explain": True}
    bodies[8] |= {"category": ["c3"]}
    bodies[9]["items"] = ["nobody"]
    with serving(models / "one") as client:
        alone = [client.post("/recommend", json=body).content for body in bodies]
        with ThreadPoolExecutor(20) as pool:
            for _ in range(3):
                assert list(pool.map(lambda body: client.post("/recommend", json=body).content, bodies)) == alone


def test_questions_to_two_models_wait_for_one_another_and_an_error_is_everybodys(models, monkeypatch):
    one, other = (Model(Registry(models / name).open()) for name in ("one", "other"))
    rows = one.vocabulary.rows(["item-000003", "item-000007"])

    async def ask():
        asked = Together(Pool("sessions", 1, 8, 30, Metrics()))
        wishes = [(model, Wish(rows, k)) for model in (one, other, one) for k in (1, 5)]
        found = await asyncio.gather(*(asked.best(*wish) for wish in wishes))
        monkeypatch.setattr(one.recommender, "among", lambda _: 1 / 0)
        broken = await asyncio.gather(*(asked.best(one, Wish(rows, 3)) for _ in range(3)), return_exceptions=True)
        monkeypatch.undo()
        again = await asked.best(one, Wish(rows, 5))
        return found, broken, again

    found, broken, again = asyncio.run(ask())
    assert [len(rows) for rows, _ in found] == [1, 5] * 3
    assert found[1][0].tolist() == again[0].tolist() != found[3][0].tolist()
    assert [type(error) for error in broken] == [ZeroDivisionError] * 3


def test_sessions_do_not_wait_for_ever_for_a_pass_that_hangs(models, monkeypatch):
    monkeypatch.setattr(together, "IN_LOOP", 0)
    monkeypatch.setattr(together, "MOST_WAITING", 3)
    model = Model(Registry(models / "one").open())
    wish = Wish(model.vocabulary.rows(["item-000003"]), 5)

    async def ask():
        pool = Pool("sessions", 1, 8, 0.2, Metrics())
        asked, hold = Together(pool), threading.Event()
        hanging = asyncio.create_task(pool.own(hold.wait))
        await asyncio.sleep(0)
        begun = asyncio.create_task(asked.best(model, wish))
        await asyncio.sleep(0.05)
        found = await asyncio.gather(begun, *(asked.best(model, wish) for _ in range(4)), return_exceptions=True)
        hold.set()
        await hanging
        again = await asked.best(model, wish)
        pool.close()
        return found, again

    found, again = asyncio.run(ask())
    assert [type(error) for error in found] == [TimeExceeded] * 4 + [Busy]
    assert again[0].tolist() == model.recommender.among([wish])[0][0].tolist()
