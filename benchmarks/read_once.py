"""One reading of a log by whichever checkout is on the path: seconds, peak memory and what was found, as JSON.

Started by `benchmarks.against` with the checkout as PYTHONPATH; it speaks only what both checkouts have.
"""

import json
import resource
import sys
import tempfile
import time
from pathlib import Path


def once(paths: str, step: str) -> dict[str, float]:
    """step: `read` counts the events that the reader gives; `sessions` goes on to tokens and offsets."""
    # Imports are no part of it.
    from training.config import SessionsConfig, TrainConfig
    from training.events.reader import EventReader
    from training.events.sources import open_sources
    from training.events.sql import connect
    from training.sessions.cut import sessionise

    with tempfile.TemporaryDirectory() as folder:
        # By way of the whole: where the class of a section lives is not the same in every checkout.
        config = TrainConfig.model_validate({"events": {"paths": (paths,), "memory_mb": 1000}}).events
        started = time.perf_counter()
        connection = connect(config.memory_mb, folder)
        reader = EventReader(open_sources(config, connection), config, connection)
        if step == "read":
            found = sum(len(batch.times) for batch in reader)
        else:
            rules = SessionsConfig(max_user_events=0, collapse_repeats=True)
            sessions = sessionise(reader, rules, by_session=False, budget_mb=config.memory_mb, spill=Path(folder))
            found = len(sessions.corpus.tokens)
        seconds = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"seconds": seconds, "peak_mb": peak, "rows": reader.counts.rows, "found": found}


if __name__ == "__main__":
    print(json.dumps(once(*sys.argv[1:3])))
