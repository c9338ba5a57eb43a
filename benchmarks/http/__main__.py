"""GET /similar over HTTP beside five bare applications: requests per second on one core, and latencies.

    python -m benchmarks.http [--items 100000] [--seconds 6] [--rounds 5]

One uvicorn process on core 0, wrk (Debian package) on core 1, a different item each request. The service runs as it is
deployed: keys, rates, metrics, request ids and the access log (to a file) on. Rounds are interleaved; medians and
spread are printed, and each median as a multiple of the bare async FastAPI route.
"""

import argparse
import json
import os
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from benchmarks.http import world
from benchmarks.machine import machine

RUN = "import uvicorn, sys; uvicorn.run(sys.argv[1], host='127.0.0.1', port=int(sys.argv[2]), http=sys.argv[3], "
RUN += "loop='uvloop', access_log=False, log_level='warning', factory=sys.argv[1].endswith('from_environment'))"

LUA = """
local n = {start}
local items = {items}
local query = "{query}"
request = function()
  n = (n + 7919) % items
  return wrk.format("GET", string.format("/similar/item-%06d%s", n, query), {{{headers}}})
end
done = function(summary, latency, requests)
  io.write(string.format("RESULT %f %f %f %d\\n", summary.requests / (summary.duration / 1e6),
    latency:percentile(50) / 1000, latency:percentile(99) / 1000,
    summary.errors.status + summary.errors.connect + summary.errors.read + summary.errors.timeout))
end
"""


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def start(app: str, environment: dict[str, str], log: Path) -> tuple[subprocess.Popen[bytes], int]:
    port = free_port()
    http = "app.http.protocol:Protocol" if app.startswith("app.") else "httptools"
    process = subprocess.Popen(
        ["taskset", "-c", "0", sys.executable, "-c", RUN, app, str(port), http],
        env={**os.environ, **environment},
        stderr=log.open("ab"),
    )
    for _ in range(600):
        try:
            with socket.create_connection(("127.0.0.1", port), 1):
                return process, port
        except OSError:
            time.sleep(0.1)
    raise SystemExit(f"{app} did not start, see {log}")


def load(
    port: int, seconds: int, connections: int, items: int, query: str, key: str | None, start: int = 0
) -> tuple[float, ...]:
    """(requests/s, p50 ms, p99 ms, errors)"""
    headers = f'["Authorization"]="Bearer {key}"' if key else ""
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(LUA.format(items=items, start=start, query=query, headers=headers))
        script.flush()
        command = ["taskset", "-c", "1", "wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "-s", script.name]
        out = subprocess.run([*command, f"http://127.0.0.1:{port}"], capture_output=True, text=True, check=True).stdout
    found = re.search(r"RESULT (\S+) (\S+) (\S+) (\d+)", out)
    assert found, out
    return tuple(float(part) for part in found.groups())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=100_000)
    parser.add_argument("--seconds", type=int, default=6)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--settle", type=int, default=60, help="seconds for answers to be prepared, as after a start")
    parser.add_argument("--models", type=Path, help="a folder that has a world of this size already")
    options = parser.parse_args()
    if shutil.which("wrk") is None:
        raise SystemExit("wrk is missing: apt-get install wrk")
    with tempfile.TemporaryDirectory() as folder:
        models = options.models or Path(folder) / "models"
        if not options.models:
            world.publish(models, options.items)
        measure(options, models, Path(folder))


def measure(options: argparse.Namespace, models: Path, folder: Path) -> None:
    from store.database import connect
    from store.keys import create_key
    from store.migrate import migrate

    url = f"sqlite:///{folder / 'bench.db'}"
    engine = connect(url)
    migrate(engine)
    key = create_key(engine, "bench", ("read",))
    engine.dispose()
    ours = {
        "ITEM2VEC_MODELS": str(models),
        "ITEM2VEC_DATABASE": url,
        "ITEM2VEC_RATE_PER_KEY": "1000000",
        "ITEM2VEC_RATE_PER_ADDRESS": "1000000",
    }
    cold = ours | {"ITEM2VEC_CACHE_MB": "0"}
    runs = [
        ("raw ASGI, fixed body", "benchmarks.http.apps:raw", "", {}),
        ("Starlette route", "benchmarks.http.apps:starlette", "", {}),
        ("FastAPI async, ready Response", "benchmarks.http.apps:fastapi_async", "", {}),
        ("FastAPI async, response model", "benchmarks.http.apps:fastapi_model", "", {}),
        ("FastAPI def route", "benchmarks.http.apps:fastapi_def", "", {}),
        ("GET /similar", "app.main:from_environment", "", ours),
        ("GET /similar?category=", "app.main:from_environment", "?category=c3", ours),
        ("GET /similar, cache off", "app.main:from_environment", "", cold),
        ("GET /similar?category=, cache off", "app.main:from_environment", "?category=c3", cold),
    ]
    figures: dict[str, list[tuple[float, ...]]] = {name: [] for name, *_ in runs}
    for _ in range(options.rounds):
        for name, app, query, environment in runs:
            process, port = start(app, environment, folder / "log.txt")
            try:
                token = key if environment else None
                if environment:
                    sample = urllib.request.Request(
                        f"http://127.0.0.1:{port}/similar/item-000007{query}", headers={"X-API-Key": key}
                    )
                    with urllib.request.urlopen(sample) as answer:
                        assert len(json.load(answer)["items"]) == 10
                    time.sleep(0 if environment is cold else options.settle)
                load(port, 2, options.connections, options.items, query, token)
                figures[name].append(
                    load(port, options.seconds, options.connections, options.items, query, token, options.items // 2)
                )
            finally:
                process.terminate()
                process.wait()
    print(machine())
    base = statistics.median(run[0] for run in figures["FastAPI async, ready Response"])
    tail = statistics.median(run[2] for run in figures["raw ASGI, fixed body"])
    print("| application | requests/s (median) | spread | x FastAPI async | p50 ms | p99 ms | x raw p99 | errors |")
    print("|---|---|---|---|---|---|---|---|")
    for name, found in figures.items():
        rates = [run[0] for run in found]
        rate, p50, p99 = (statistics.median(run[i] for run in found) for i in (0, 1, 2))
        print(
            f"| {name} | {rate:,.0f} | {min(rates):,.0f} to {max(rates):,.0f} | {rate / base:.2f} | {p50:.2f} "
            f"| {p99:.2f} | {p99 / tail:.2f} | {sum(run[3] for run in found):.0f} |"
        )


if __name__ == "__main__":
    main()
