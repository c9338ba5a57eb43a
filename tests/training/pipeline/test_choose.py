"""What is chosen on validation, and what is trained for it."""

from support.factories import quick_config, write_log

from training.pipeline.run import run
from training.progress import LogReporter


def test_a_model_is_trained_for_validation_only_where_the_blend_is_chosen(tmp_path):
    log = write_log(tmp_path / "log" / "events.csv")

    def manifest(blend):
        config = quick_config(log, blend=blend, baselines=True)
        return run(config, tmp_path / f"blend {blend}", LogReporter(), force=True).manifest

    chosen, given = manifest(True), manifest(False)
    assert {"train for validation", "choose", "baselines"} <= chosen.timings.keys()
    assert "baselines" in given.timings
    assert not {"train for validation", "choose"} & given.timings.keys()
    assert given.config["recommender"] | {"last_may_return": False} == given.recommender

    def baselines(found):  # beside the model and its vectors
        return [(row.method, row.settings) for row in found.metrics.tasks.T2[2:]]

    assert len(baselines(given)) > 5
    assert baselines(given) == baselines(chosen)
