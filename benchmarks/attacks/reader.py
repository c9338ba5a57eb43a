"""A client that goes on asking, at its own pace, whatever the service does."""

import http.client
import json
import threading
import time
from collections import Counter
from dataclasses import dataclass, field

import numpy as np

TIMEOUT = 30.0  # seconds after which an answer counts as failed
PATIENCE = 1.0  # seconds between two tries to connect


@dataclass
class Seen:
    """waits: seconds, of answers with status 200, from the moment that the request was due. others: how many of each
    other status; "none" where no answer came."""

    waits: list[float] = field(default_factory=list)
    others: Counter[str] = field(default_factory=Counter)

    def p(self, percent: float) -> float:
        """Milliseconds; an answer that never came counts as the time-out."""
        values = self.waits + [TIMEOUT] * self.others["none"]
        return float(np.percentile(values, percent)) * 1e3 if values else float("nan")


def read(port: int, key: str, items: int, seconds: float, a_second: float, session: bool) -> Seen:
    """Asks GET /similar, or with `session` POST /recommend, at times fixed before: one that waits for its answer makes
    all that follow late, and their wait counts too (no coordinated omission)."""
    seen = Seen()
    headers = {"X-API-Key": key, "Content-Type": "application/json"}
    connection: http.client.HTTPConnection | None = None
    begin = time.perf_counter()
    for number in range(int(seconds * a_second)):
        due = begin + number / a_second
        time.sleep(max(0.0, due - time.perf_counter()))
        if time.perf_counter() - begin > seconds + TIMEOUT:
            break
        ids = [f"item-{(number * 10 + place) * 7919 % items:06d}" for place in range(10)]
        try:
            if connection is None:
                connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT)
            if session:
                connection.request("POST", "/recommend", json.dumps({"items": ids}), headers)
            else:
                connection.request("GET", f"/similar/{ids[0]}", headers=headers)
            answer = connection.getresponse()
            answer.read()
        except (OSError, http.client.HTTPException):
            seen.others["none"] += 1
            connection = None
            time.sleep(PATIENCE)
            continue
        if answer.status == 200:
            seen.waits.append(time.perf_counter() - due)
        else:
            seen.others[str(answer.status)] += 1
    return seen


def readers(port: int, key: str, items: int, seconds: float, a_second: float) -> dict[str, Seen]:
    """Both questions side by side."""
    found: dict[str, Seen] = {}

    def run(name: str, session: bool) -> None:
        found[name] = read(port, key, items, seconds, a_second, session)

    threads = [
        threading.Thread(target=run, args=("GET /similar", False)),
        threading.Thread(target=run, args=("POST /recommend", True)),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found
