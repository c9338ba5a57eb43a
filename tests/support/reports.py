"""Parts of evaluation reports with the few figures that a test is about."""

from index.report import Figure, Lead, Report, Row, Tasks


def row(method, mean=0.0, ahead=None):
    """A method whose figures are all `mean`; ahead: (low, high) of the model's lead over it."""
    figure = Figure(mean, mean - 0.1, mean + 0.1)
    lead = None
    if ahead is not None:
        difference = Figure(sum(ahead) / 2, *ahead)
        lead = Lead(hr20=difference, mrr20=difference, ndcg10=difference)
    figures = dict.fromkeys(("hr10", "hr20", "mrr20", "ndcg10"), figure)
    return Row(method=method, settings={}, behind_item2vec=lead, **figures)


def tasks(t1=(), t2=()):
    return Tasks(T1=tuple(t1), T2=tuple(t2))


def report(t1=(), t2=()):
    return Report(
        prefixes=1,
        sessions=1,
        repeat_share=0.0,
        cold_share=0.0,
        tasks=tasks(t1, t2),
        coverage10=1.0,
        gini10=0.0,
        split={"kind": "time", "train_sessions": 1, "test_sessions": 1, "items": 1, "unknown_targets": 0},
        chosen={"vectors": {}, "trace": {}},
        advice="",
    )
