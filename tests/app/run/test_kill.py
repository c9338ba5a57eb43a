"""The API is killed while events arrive: what was acknowledged is there, once."""

import itertools
import threading
import time

import httpx
from sqlalchemy import func, select
from support.server import Server, amount

from benchmarks.http.world import publish
from store import tables
from store.database import connect, transaction

CLIENTS, ROWS = 8, 100


def test_every_acknowledged_event_is_stored_exactly_once_although_the_api_is_killed(tmp_path, database):
    models = tmp_path / "models"
    publish(models, 50)
    total = amount(8_000, 100_000)
    kills = amount(2, 5)
    numbers = itertools.count()
    lock = threading.Lock()
    acknowledged: set[str] = set()
    repeats = 0
    server = Server(models, tmp_path / "log.txt", database=database, access_log=False, rate_per_address=0)
    server.start()

    def post(client_number: int) -> None:
        nonlocal repeats
        with httpx.Client(base_url=server.url, timeout=30) as client:
            while True:
                with lock:
                    begin = next(numbers) * ROWS
                if begin >= total:
                    return
                ids = [f"e{i}" for i in range(begin, begin + ROWS)]
                rows = [{"event_id": e, "user_id": f"u{client_number}", "item_id": f"i{len(e) % 50}"} for e in ids]
                while True:
                    try:
                        answer = client.post("/events", json=rows)
                    except httpx.HTTPError:
                        # Killed before or after it wrote: the client cannot know, so it sends the same again.
                        repeats += 1
                        time.sleep(0.05)
                        continue
                    if answer.status_code == 503:
                        time.sleep(0.05)
                        continue
                    assert answer.status_code == 200, answer.text
                    body = answer.json()
                    assert body["accepted"] + body["duplicates"] == ROWS
                    with lock:
                        acknowledged.update(ids)
                    break

    threads = [threading.Thread(target=post, args=(i,)) for i in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for n in range(1, kills + 1):
        while len(acknowledged) < total * n // (kills + 1) and any(thread.is_alive() for thread in threads):
            time.sleep(0.01)
        server.kill()
        server.start()
    for thread in threads:
        thread.join()
    assert server.stop() == 0
    engine = connect(database)
    with transaction(engine, reading=True) as connection:
        stored = connection.scalar(select(func.count()).select_from(tables.events))
        distinct = set(connection.scalars(select(tables.events.c.event_id)))
    engine.dispose()
    assert acknowledged <= distinct
    assert len(acknowledged) == total
    assert stored == len(distinct) == total
    print(f"events={total} kills={kills} repeated_requests={repeats}")
