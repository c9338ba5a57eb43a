"""The evaluation report: typed inside, the JSON of schema 1 outside."""

import json
from pathlib import Path

import pytest
from pydantic import ValidationError
from support.reports import report, row

from index.report import RANKED_TASKS, TASKS, ConversionPoint, ConversionRanks, Figure, Report, SubstitutesRow, Tasks

FROZEN = Path(__file__).parents[1] / "data" / "artifacts" / "v1" / "manifest.json"


@pytest.fixture
def written():
    return json.loads(FROZEN.read_bytes())["metrics"]


def test_the_report_of_a_released_artifact_is_written_back_in_every_key_and_their_order(written):
    again = Report.model_validate(written).model_dump(mode="json")
    assert json.dumps(again) == json.dumps(written)


def test_figures_are_attributes_of_mean_low_and_high(written):
    tasks = Report.model_validate(written).tasks
    model, alone, popularity = tasks.T1[:3]
    assert (model.method, alone.method) == ("item2vec", "vectors alone")
    assert model.ndcg10.low <= model.ndcg10.mean <= model.ndcg10.high
    assert model.of("ndcg@10") == model.ndcg10
    assert model.behind_item2vec is None
    assert popularity.behind_item2vec.ndcg10.mean == pytest.approx(model.ndcg10.mean - popularity.ndcg10.mean)
    assert tasks.row("T1", "popularity") == popularity
    assert tasks.row("T2").new_items.hr20.mean <= 1
    assert tasks.row("T2", "astrology") is None
    assert tasks.T3[0].shared_category10.mean < tasks.T3[1].shared_category10.mean


def test_what_was_not_measured_is_not_written():
    fields = report([row("item2vec", 0.5)]).model_dump(mode="json")
    assert fields["tasks"].keys() == {"T1", "T2"}
    assert fields["tasks"]["T1"][0].keys() == {"hr@10", "hr@20", "mrr@20", "ndcg@10", "method", "settings"}


def test_what_a_later_release_adds_is_passed_over_wherever_it_adds_it(written):
    later = json.loads(json.dumps(written))
    later["novelty@10"] = 0.5
    later["tasks"]["T4"] = [{"method": "item2vec", "joy@10": [1, 1, 1]}]
    later["tasks"]["T2"][0]["ndcg@20"] = [0.5, 0.4, 0.6]
    later["tasks"]["T1"][1]["behind_item2vec"]["ndcg@20"] = [0.5, 0.4, 0.6]
    assert Report.model_validate(later) == Report.model_validate(written)


def test_methods_lie_beside_the_clicks_of_a_conversion():
    fields = {"clicks_left": 2, "sessions": 30, "item2vec": {"median_rank": 3.0, "hr@20": 0.5}}
    point = ConversionPoint.model_validate({**fields, "users": 12})
    assert point.methods == {"item2vec": ConversionRanks(median_rank=3.0, hr20=0.5)}
    assert point.model_dump(mode="json") == fields
    assert ConversionPoint.model_validate(point.model_dump()) == point


def test_a_figure_is_a_list_of_three():
    with pytest.raises(ValidationError):
        SubstitutesRow.model_validate({"method": "x", "shared_category@10": [0.1, 0.2], "jaccard@10": [0, 0, 0]})
    assert Figure(0.2, 0.1, 0.3).low == 0.1


def test_every_task_has_its_table():
    assert set(TASKS) == Tasks.model_fields.keys()
    assert [task for task in TASKS if task in RANKED_TASKS] == list(RANKED_TASKS)
