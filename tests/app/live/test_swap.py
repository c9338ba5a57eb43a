"""Models change under load, one of them broken: not one reply fails, and none mixes two versions."""

import json
import threading
import time
from collections import Counter
from pathlib import Path

import httpx
from support.server import Server, amount

from benchmarks.http.world import publish
from index.artifact.current import Current, CurrentFile
from index.artifact.registry import Registry
from index.model import Model

ITEMS = 300


def answers_of(models: Path, version: str) -> dict[str, list[str]]:
    model = Model(Registry(models).open(version))
    return {item: [found.item for found in model.neighbours(item, 10)] for item in model.vocabulary.ids}


def test_no_reply_fails_or_mixes_versions_while_models_are_swapped_and_one_is_corrupt(tmp_path):
    models = tmp_path / "models"
    versions = [publish(models, ITEMS, seed) for seed in (1, 2, 3)]
    expected = {version: answers_of(models, version) for version in versions}
    broken = publish(models, ITEMS, 4)
    registry = Registry(models)
    registry.activate(versions[0])
    damaged = models / "versions" / broken / "similar_rows.npy"
    content = bytearray(damaged.read_bytes())
    content[-100] ^= 0xFF
    damaged.write_bytes(content)
    swaps = amount(6, 50)
    wrong: list[str] = []
    seen: Counter[str] = Counter()
    done = threading.Event()

    def ask(first: int) -> None:
        with httpx.Client(base_url=server.url, timeout=30) as client:
            n = first
            while not done.is_set():
                n = (n * 7 + 3) % ITEMS
                item = f"item-{n:06d}"
                # Every third goes through the documented route, the others through the quick one.
                answer = client.get(f"/similar/{item}", params={"explain": "true"} if n % 3 == 0 else {})
                if answer.status_code != 200:
                    wrong.append(f"{answer.status_code} {answer.text[:200]}")
                    continue
                body = json.loads(answer.content)
                version = body["model_version"]
                found = [row["item_id"] for row in body["items"]]
                bound = answer.headers["x-model-version"] == version and version in answer.headers["etag"]
                if version not in expected or found != expected[version][item] or not bound:
                    wrong.append(f"{item} {version} {found}")
                seen[version] += 1

    with Server(models, tmp_path / "log.txt", watch_seconds=0.1, rate_per_address=0, access_log=False) as server:
        threads = [threading.Thread(target=ask, args=(i,)) for i in range(4)]
        for thread in threads:
            thread.start()
        for n in range(1, swaps + 1):
            version = versions[n % len(versions)]
            registry.activate(version)
            deadline = time.monotonic() + 30
            while httpx.get(f"{server.url}/healthz").json()["model_version"] != version:
                assert time.monotonic() < deadline, "the new model never came"
                time.sleep(0.02)
            if n == swaps // 2:
                # Past the registry's own check, as a disk that lost a bit afterwards would have it.
                CurrentFile(models, str).write(Current(version=broken, history=(version,)))
                while broken not in (ready := httpx.get(f"{server.url}/readyz").json())["refused"]:
                    assert time.monotonic() < deadline, "the broken model was not noticed"
                    time.sleep(0.02)
                assert ready["ready"]
                assert ready["model_version"] == version
                assert "similar_rows.npy" in ready["refused"][broken]
                assert "item2vec_models_refused_total 1.0" in httpx.get(f"{server.url}/metrics").text
        done.set()
        for thread in threads:
            thread.join()
        memory = server.resident()
    assert wrong == []
    assert set(seen) == set(versions)
    print(f"replies={sum(seen.values())} swaps={swaps} failed=0 resident_mb={memory >> 20}")
