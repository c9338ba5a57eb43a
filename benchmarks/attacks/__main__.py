"""What a reader sees of the service while others try to stop it.

    python -m benchmarks.attacks [--items 100000] [--seconds 10] [--rounds 3] [--only NAME ...]

One process of the service on core 0, with keys and all its limits as they are without settings, except for the rate of
the address, which all clients share here. The reader asks GET /similar and POST /recommend 50 times a second each, on
core 1, where the attackers run too, at the lowest priority. In each round the reader is first undisturbed and then
attacked, so that a ratio is of the same minute; the wait counts from the moment that a request was due.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path

from benchmarks.attacks.attackers import ATTACKS, Attack, Target
from benchmarks.attacks.reader import Seen, readers
from benchmarks.http import world
from benchmarks.http.server import Server
from benchmarks.machine import machine
from store.database import connect
from store.keys import create_key
from store.upkeep.migrate import migrate

RATE = 50.0  # requests a second of each question
LEAD = 1.0  # seconds that an attack runs before the reader is looked at
QUESTIONS = ("GET /similar", "POST /recommend")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--items", type=int, default=100_000)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--models", type=Path, help="a folder that has a world of this size already")
    parser.add_argument(
        "--only", nargs="+", choices=ATTACKS, metavar="NAME", default=list(ATTACKS), help="some of them"
    )
    parser.add_argument("--attack", help=argparse.SUPPRESS)  # the other process: NAME and its target, as JSON
    options = parser.parse_args()
    if options.attack:
        attack(json.loads(options.attack))
        return
    os.sched_setaffinity(0, {1})
    with tempfile.TemporaryDirectory() as folder:
        models = options.models or Path(folder) / "models"
        if not options.models:
            world.publish(models, options.items)
        measure(options, models, Path(folder))


def attack(given: dict[str, object]) -> None:
    """Until standard input ends. Prints a line once it has begun, and then what was answered."""
    name = str(given.pop("name"))
    target = Target(**{**given, "database": Path(str(given["database"]))})  # type: ignore[arg-type]
    found = Attack(target, threading.Event(), threading.Event())
    thread = threading.Thread(target=ATTACKS[name], args=(found,), daemon=True)
    thread.start()
    found.begun.wait()
    print("begun", flush=True)
    sys.stdin.read()
    found.stop.set()
    thread.join(30)
    print(json.dumps(dict(found.answers)), flush=True)
    os._exit(0)


def measure(options: argparse.Namespace, models: Path, folder: Path) -> None:
    database = folder / "attacks.db"
    url = f"sqlite:///{database}"
    engine = connect(url)
    migrate(engine)
    reader, key, writer = (create_key(engine, name, (scope,)) for name, scope in
                           (("reader", "read"), ("attacker", "read"), ("writer", "write")))  # fmt: skip
    engine.dispose()
    settings = {"ITEM2VEC_MODELS": str(models), "ITEM2VEC_DATABASE": url, "ITEM2VEC_RATE_PER_ADDRESS": "0"}
    print("| attack | question | undisturbed p50, p99 ms | attacked p50, p99 ms | p99, times | not answered "
          "| memory MB | what the attackers got |\n|---|---|---|---|---|---|---|---|")  # fmt: skip
    for name in options.only:
        rounds: list[tuple[dict[str, Seen], dict[str, Seen]]] = []
        answers: Counter[str] = Counter()
        memory = 0.0
        for _ in range(options.rounds):
            with Server("", settings, folder / "log.txt") as server:
                readers(server.port, reader, options.items, 2.0, RATE)
                quiet = readers(server.port, reader, options.items, options.seconds, RATE)
                given = {"port": server.port, "key": key, "writer": writer, "items": options.items}
                text = json.dumps({"name": name, "database": str(database), **given})
                other = subprocess.Popen(
                    ["nice", "-n", "19", sys.executable, "-m", "benchmarks.attacks", "--attack", text],
                    stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                )  # fmt: skip
                other.stdout.readline()  # type: ignore[union-attr]
                time.sleep(LEAD)
                rounds.append((quiet, readers(server.port, reader, options.items, options.seconds, RATE)))
                memory = max(memory, server.private())
                answers.update(json.loads(other.communicate()[0] or "{}"))
        for question in QUESTIONS:
            show(name, question, [(before[question], during[question]) for before, during in rounds], memory, answers)
    print(f"\n{options.items:,} items, {options.rounds} rounds of {options.seconds:g} s. {machine()}")


def show(name: str, question: str, rounds: list[tuple[Seen, Seen]], memory: float, answers: Counter[str]) -> None:
    quiet, loud = ([pair[side] for pair in rounds] for side in (0, 1))
    times = [after.p(99) / before.p(99) for before, after in rounds]
    middle = [statistics.median(seen.p(at) for seen in side) for side in (quiet, loud) for at in (50, 99)]
    failed = sum((seen.others for seen in loud), Counter())
    print(
        f"| {name} | {question} | {middle[0]:.1f}, {middle[1]:.1f} | {middle[2]:.1f}, {middle[3]:.1f} "
        f"| {statistics.median(times):.1f} ({min(times):.1f} to {max(times):.1f}) | {said(failed)} | {memory:.0f} "
        f"| {said(answers)} |",
        flush=True,
    )


def said(counts: Counter[str]) -> str:
    return ", ".join(f"{many} x {what}" for what, many in counts.most_common()) or "0"


if __name__ == "__main__":
    os.environ.pop("PROMETHEUS_MULTIPROC_DIR", None)
    main()
