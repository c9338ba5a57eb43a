"""What is measured in a process of its own: the first training, which compiles, and memory at a million items."""

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.train.corpora import world
from benchmarks.train.engines import LABELS, NO_STEPS, spread, tiny, train_once, warm_up, written
from benchmarks.train.judge import FIGURES, Judge
from training.config import Engine, Steps


def child(task: str, environment: dict[str, str] | None = None, **arguments: Any) -> dict[str, Any]:
    """What `answer` prints, from a fresh process."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.train.alone", json.dumps({"task": task, **arguments})],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        env=os.environ | (environment or {}),
    )
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def answer(question: dict[str, Any]) -> None:
    task = question.pop("task")
    print(json.dumps(first_call() if task == "compile" else large_run(**question)))


def first_call() -> dict[str, Any]:
    """Seconds of the first and the second training in this process, of a thousand tokens; imports apart."""
    import training.trainers.sgns.train  # noqa: F401

    first, second = (train_sgns(tiny(), Steps(1, 0.1, 0.1), 1)[0] for _ in range(2))
    return {"first": first, "second": second}


def compiling() -> None:
    with tempfile.TemporaryDirectory() as cache:
        empty, filled = (child("compile", {"NUMBA_CACHE_DIR": cache}) for _ in range(2))
    print("### The first training in a process\n\n| numba's cache | first train() | second train() |\n|---|---|---|")
    for name, found in (("empty", empty), ("filled by the process before", filled)):
        print(f"| {name} | {found['first']:.2f} s | {found['second']:.4f} s |")
    print(
        "\n1,000 tokens; the difference is compiling, or reading what was compiled. Not part of the seconds above.\n",
        flush=True,
    )


def large_run(
    name: str, folder: str, shrink: int, engine: Engine, steps: dict[str, Any], judged: int
) -> dict[str, Any]:
    """Memory and speed of one training, and its quality on `judged` prefixes, 0 for none; MB as in 2^20 bytes."""
    warm_up()
    made = world(name, Path(folder), shrink)
    corpus = made.train
    before = memory("VmRSS")
    seconds, found = train_once(engine, corpus, Steps(**steps), 1, [])
    peak = memory("VmHWM")
    result: dict[str, Any] = {
        "items": corpus.items,
        "tokens": len(corpus.tokens),
        "seconds": seconds,
        "speed": len(corpus.tokens) * steps["epochs"] / seconds,
        "before": before,
        "peak": peak,
        "vectors": (found.inputs.nbytes + found.outputs.nbytes) / 2**20,
    }
    norms = np.concatenate([np.sqrt(np.einsum("ij,ij->i", m, m)) for m in (found.inputs, found.outputs)])
    result |= {"finite": bool(np.isfinite(norms).all()), "mean": float(norms.mean()), "longest": float(norms.max())}
    if judged:
        judge = Judge(made, made.prefixes(judged))
        result["figures"] = judge.figures(found).mean(axis=1).tolist()
        result["popularity"] = judge.popularity().mean(axis=1).tolist()
    return result


def memory(field: str) -> float:
    """VmRSS, now, or VmHWM, the most so far, in MB. Not ru_maxrss: a child inherits its parent's."""
    line = next(li for li in Path("/proc/self/status").read_text().splitlines() if li.startswith(field + ":"))
    return int(line.split()[1]) / 1024


def large(steps: dict[Engine, Steps], runs: int, folder: Path, shrink: int) -> None:
    """1m beside 100k at the same settings, by turns, each training in a process of its own."""
    for name in ("100k", "1m"):
        world(name, folder, shrink)
    found: dict[tuple[Engine, str], list[dict[str, Any]]] = {}
    for run in range(runs):
        for engine, one_pass in steps.items():
            for name in ("100k", "1m"):
                given = {"name": name, "engine": engine, "folder": str(folder), "shrink": shrink}
                found.setdefault((engine, name), []).append(
                    child("large", **given, steps=asdict(one_pass), judged=2000 if run == 0 else 0)
                )
                print(engine, name, found[engine, name][-1], file=sys.stderr, flush=True)
    how = ", ".join(f"{LABELS[engine]}: {written(one)}" for engine, one in steps.items() if one != NO_STEPS)
    print(f"### 1m: a million items, ours alone ({how})\n")
    print(
        "| engine | corpus | tokens | seconds | million tokens/s | x 100k's | peak MB | beyond corpus MB | vectors MB |"
    )
    print("|---|---|---|---|---|---|---|---|---|")
    for (engine, name), results in found.items():
        one = results[0]
        ratios = [r["speed"] / o["speed"] for r, o in zip(results, found[engine, "100k"], strict=True)]
        print(
            f"| {LABELS[engine]} | {name} | {one['tokens']:,} | {spread([r['seconds'] for r in results], 1)} "
            f"| {spread([r['speed'] / 1e6 for r in results], 2)} | {spread(ratios, 2)} "
            f"| {max(r['peak'] for r in results):,.0f} | {max(r['peak'] - r['before'] for r in results):,.0f} "
            f"| {one['vectors']:,.0f} |"
        )
    print(f"\n{runs} interleaved runs, median (min to max); memory: the most of them.\n")
    print("| corpus | method | " + " | ".join(FIGURES) + " | norms |\n|---|---|" + "---|" * (len(FIGURES) + 1))
    for (engine, name), results in found.items():
        one = results[0]
        norms = (
            f"{'finite' if one['finite'] else '**not finite**'}, mean {one['mean']:.1f}, longest {one['longest']:.1f}"
        )
        print(f"| {name} | {LABELS[engine]} | {' | '.join(f'{v:.3f}' for v in one['figures'])} | {norms} |")
        print(f"| {name} | popularity | {' | '.join(f'{v:.3f}' for v in one['popularity'])} | |")
    print("\n2,000 prefixes; standard error at most .011.\n", flush=True)


if __name__ == "__main__":
    answer(json.loads(sys.argv[1]))
