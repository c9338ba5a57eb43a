"""What to serve on this log, in a sentence per task."""

from index.report import MODEL, RANKED_TASKS, VECTORS_ALONE, RankedTask, Tasks

ASKED: dict[RankedTask, str] = {"T1": "what comes after an item", "T2": "what comes next in a session"}


def advice(tasks: Tasks) -> str:
    """Judged by NDCG@10, which sees hits and places alike."""
    sentences = [_sentence(tasks, task) for task in RANKED_TASKS]
    return " ".join(filter(None, sentences)) or "No baselines were measured."


def lost(tasks: Tasks) -> list[str]:
    """A line for each question in which the model loses to baselines beyond the interval; none where it does not."""
    found = []
    for task in RANKED_TASKS:
        better = [row.method for row in tasks.rows(task) if row.behind_item2vec and row.behind_item2vec.ndcg10.high < 0]
        baselines = [name for name in better if name != VECTORS_ALONE]
        if baselines:
            found.append(f"For {ASKED[task]}, the model loses to {', '.join(baselines)}, beyond the interval.")
    return found


def _sentence(tasks: Tasks, task: RankedTask) -> str:
    """Empty without a baseline to compare with."""
    model = tasks.row(task)
    leads = [(row, row.behind_item2vec) for row in tasks.rows(task) if row.method not in (MODEL, VECTORS_ALONE)]
    best, lead = max(leads, key=lambda pair: pair[0].ndcg10.mean, default=(None, None))
    if model is None or best is None or lead is None:
        return ""
    _, low, high = lead.ndcg10
    words, name = ASKED[task], best.method
    share = f"NDCG@10 {model.ndcg10.mean:.3f} against {best.ndcg10.mean:.3f}"
    if low > 0:
        return f"For {words}, the model is better than the best baseline, {name} ({share})."
    if high < 0:
        return f"For {words}, {name} is better on your data ({share}): tune the model, or prefer {name}."
    return (
        f"For {words}, the model and the best baseline, {name}, cannot be told apart ({share}; the difference "
        f"lies between {low:+.3f} and {high:+.3f})."
    )
