"""Many requests of all kinds and many swaps: what a process holds stays what it was."""

import itertools
import json
import re
import threading
import time
from collections import Counter
from pathlib import Path

import httpx
from support.server import Server, amount

from benchmarks.http.world import publish
from index.artifact.registry import Registry
from store.database import connect
from store.keys import create_key
from store.upkeep.migrate import migrate

ITEMS, CLIENTS = 500, 4


def held(server: Server, key: str) -> dict[str, int]:
    """What the process holds now."""
    process = Path(f"/proc/{server.pid}")
    lines = httpx.get(f"{server.url}/metrics", headers={"X-API-Key": key}).text.splitlines()
    return {
        "megabytes": server.resident() >> 20,
        "descriptors": len(list((process / "fd").iterdir())),
        "threads": len(list((process / "task").iterdir())),
        "mapped files": len(set(re.findall(r"\S+\.npy", (process / "maps").read_text()))),
        "series": sum(not line.startswith("#") for line in lines),
    }


def ask(client: httpx.Client, number: int, good: bool) -> httpx.Response:
    """One of every kind in turn. good: with a key."""
    item = f"item-{number * 7 % ITEMS:06d}"
    kind = number % 14
    if not good:
        return client.get(f"/similar/{item}", headers={"X-API-Key": "wrong"})
    if kind == 0:
        return client.get(f"/similar/{item}", params={"category": f"c{number % 20}"})
    if kind == 1:
        return client.get(f"/similar/{item}", params={"explain": "true"})
    if kind == 2:
        return client.get(f"/similar/{item}", params={"filter": f"price:le:{number}"})
    if kind == 3:
        return client.post("/similar", json={"items": [item, "nobody"], "k": 20})
    if kind == 4:
        return client.post("/recommend", json={"items": [item, f"item-{number % ITEMS:06d}"]})
    if kind == 5:
        return client.post("/recommend", json={"items": [item], "explain": True, "filter": ["category:eq:c1"]})
    if kind == 6:
        row = {"event_id": f"e{number}", "user_id": f"u{number % 50}", "item_id": item}
        return client.post("/events", json=[row, {"user_id": 3}])
    if kind == 7:
        return client.put(f"/items/{item}", json={"title": f"Changed {number}", "metadata": {"price": number % 100}})
    if kind == 8:
        return client.get(f"/users/u{number % 50}/recommendations")
    if kind == 9:
        return client.get("/explain", params={"item": item, "candidate": f"item-{number % ITEMS:06d}"})
    if kind == 10:
        return client.get(f"/{number}")
    if kind == 11:
        return client.get("/models" if number % 3 else "/jobs")
    if kind == 12:
        return client.get(f"/similar/nobody-{number}")
    return client.post("/recommend", content=b'{"items": [')


def test_memory_descriptors_threads_and_series_stay_flat_over_many_requests_and_swaps(tmp_path):
    models, url = tmp_path / "models", f"sqlite:///{tmp_path / 'soak.db'}"
    versions = [publish(models, ITEMS, seed) for seed in range(1, 4)]
    registry = Registry(models)
    registry.activate(versions[0])
    engine = connect(url)
    migrate(engine)
    key = create_key(engine, "soak", ("admin",))
    engine.dispose()
    swaps, each = amount(3, 30), amount(1_000, 6_600)  # before each swap
    answers: Counter[int] = Counter()
    numbers = itertools.count()
    with Server(
        models, tmp_path / "log.txt", database=url, watch_seconds=0.1, rate_per_address=0, rate_per_key=0,
        access_log=False,
    ) as server:  # fmt: skip

        def run(upto: int) -> None:
            with httpx.Client(base_url=server.url, headers={"X-API-Key": key}, timeout=60) as client:
                while (number := next(numbers)) < upto:
                    answers[ask(client, number, number % 29 != 0).status_code] += 1

        def round_of(number: int) -> dict[str, int]:
            threads = [threading.Thread(target=run, args=((number + 1) * each,)) for _ in range(CLIENTS)]
            for thread in threads:
                thread.start()
            version = versions[(number + 1) % len(versions)]
            registry.activate(version)
            for thread in threads:
                thread.join()
            deadline = time.monotonic() + 60
            while httpx.get(f"{server.url}/healthz").json()["model_version"] != version:
                assert time.monotonic() < deadline, "the new model never came"
                time.sleep(0.05)
            time.sleep(0.3)  # the version before is let go of
            return held(server, key)

        seen = [round_of(number) for number in range(swaps + 2)]
        assert server.stop() == 0
    print(json.dumps({"requests": sum(answers.values()), "swaps": len(seen), "answers": answers, "held": seen[1::9]}))
    assert not [status for status in answers if status >= 500], (answers, (tmp_path / "log.txt").read_text()[-3000:])
    assert {200, 401, 404, 422} <= set(answers), answers
    # The first rounds meet each kind of request, each route and each version for the first time.
    warm, last = seen[1], seen[-1]
    assert last["megabytes"] <= warm["megabytes"] * 1.25 + 10, seen
    assert last["descriptors"] <= warm["descriptors"] + 4, seen
    assert last["threads"] <= warm["threads"] + 2, seen
    assert last["mapped files"] <= warm["mapped files"], seen
    assert last["series"] <= warm["series"] * 1.02 + 2, seen
