"""The whole chain on real logs, where they are present; with limits generous enough for a shared machine."""

import pytest

from benchmarks.real import DATA, LOGS, config_of
from index.artifact.registry import Registry
from index.model import Model
from training.pipeline.run import run
from training.progress import LogReporter

pytestmark = pytest.mark.real

# Settings that take seconds, and a floor the model must clear on T1 (HR@20): far below what full training reaches.
EPOCHS = {"nowplaying": 4, "online_retail": 6, "wikispeedia": 4, "deezer_ecommerce": 4}
FLOORS = {"nowplaying": 0.10, "online_retail": 0.35, "wikispeedia": 0.65, "deezer_ecommerce": 0.22}


@pytest.mark.parametrize("name", LOGS)
def test_a_real_log_trains_evaluates_and_answers(name, tmp_path):
    if not (DATA / name / "events.parquet").exists():
        pytest.skip(f"the real log {name} is not in {DATA}")
    config = config_of(name)
    trainer = config.trainer.model_copy(update={"epochs": EPOCHS[name], "dims": 32})
    # The rarer half of the largest catalogue is left out: ranking all of it takes minutes, and shows nothing more.
    rules = config.sessions.model_copy(update={"min_item_count": 20} if name == "nowplaying" else {})
    evaluation = config.evaluation.model_copy(update={"prefixes": 1000, "bootstrap": 100, "baselines": False})
    outcome = run(
        config.model_copy(update={"trainer": trainer, "evaluation": evaluation, "sessions": rules}),
        tmp_path,
        LogReporter(),
        force=True,
    )
    rows = outcome.report.tasks.T1
    assert rows[0].hr20.mean > FLOORS[name]
    assert rows[0].ndcg10.mean > 3 * rows[-1].ndcg10.mean
    assert outcome.gate.accepted
    assert not outcome.gate.forced
    assert sum(outcome.manifest.data.rejected.values()) == 0
    model = Model(Registry(tmp_path).open())
    popular = model.vocabulary.ids[0]
    assert len(model.neighbours(popular, 10)) == 10
    assert len(model.neighbours(popular, 10, "next")) == 10
    assert len(model.recommend(model.vocabulary.ids[:3], 10)) == 10


def test_a_title_of_the_gift_shop_finds_its_like(tmp_path):
    if not (DATA / "online_retail" / "events.parquet").exists():
        pytest.skip(f"the real log online_retail is not in {DATA}")
    config = config_of("online_retail")
    quick = config.model_copy(
        update={
            "trainer": config.trainer.model_copy(update={"epochs": 6, "dims": 32}),
            "evaluation": config.evaluation.model_copy(
                update={"prefixes": 300, "bootstrap": 20, "baselines": False, "blend": False}
            ),
        }
    )
    run(quick, tmp_path, LogReporter(), force=True)
    model = Model(Registry(tmp_path).open())
    item = model.resolve("white hanging heart t-light holder")
    near = [model.catalogue.title(found.item) for found in model.neighbours(item, 10)]
    assert any("HEART" in title for title in near)
    pair = model.explain(item, model.neighbours(item, 1)[0].item).pair
    assert pair is not None
    assert pair.sessions > 10
    assert pair.lift > 1
    assert pair.last is not None
