"""docs/python.md runs as it stands, and what it says about the results is so."""

import re
from pathlib import Path

import numpy as np
import pytest

import item2vec
from index.artifact.registry import Registry
from index.errors import ConfigError, ItemUnknown, NoModel

PAGE = Path(__file__).resolve().parents[2] / "docs" / "python.md"


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """The names that the page's code leaves behind; the folder it ran in is `here`."""
    here = tmp_path_factory.mktemp("notebook")
    names = {"here": here}
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(here)
        patch.delenv("ITEM2VEC_MODELS", raising=False)
        for block in re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL):
            exec(compile(block, PAGE, "exec"), names)
    return names


def test_caps_a_share_of_known_items_and_a_ranking_are_as_the_page_says(page):
    model, ranking = page["model"], page["ranking"]
    mixed = model.mixed(["jazz1", "jazz2", "jazz3"], k=4, discovery=0.5)
    assert sum(one.item in ("jazz1", "jazz2", "jazz3") for one in mixed.items) == 2
    capped = model.recommend(["jazz1", "jazz2"], k=5, max_per={"category": 4})
    assert sum(one.item.startswith("jazz") for one in capped) == 4
    assert [one.item for one in ranking.items] == ["rock4", "jazz4"]
    assert ranking.unknown == []


def test_training_publishes_a_version_and_says_which(page):
    outcome = page["outcome"]
    assert outcome.gate.accepted
    assert Registry(page["here"] / "models").current() == outcome.version
    assert outcome.manifest.config["trainer"]["dims"] == 16


def test_answers_have_item_score_and_title_and_stay_in_the_genre(page):
    model = page["model"]
    for answers in (model.similar("jazz3", k=5), model.next("jazz3", k=5), model.recommend(["jazz1", "jazz3"], k=5)):
        assert len(answers) == 5
        assert {found.title.split()[0] for found in answers} == {"Jazz"}
        assert {found.item[:4] for found in answers} == {"jazz"}
        assert [found.score for found in answers] == sorted((found.score for found in answers), reverse=True)


def test_vectors_are_in_the_order_of_the_ids_and_give_the_scores(page):
    model = page["model"]
    assert model.vectors.shape == (24, 16)
    best = model.similar("jazz3", k=1)[0]
    row = model.vocabulary.ids.index(best.item)
    assert model.vectors[row] @ model.vector("jazz3") == pytest.approx(best.score, abs=1e-5)
    np.testing.assert_allclose(np.linalg.norm(model.vectors, axis=1), 1, atol=1e-5)


def test_an_explanation_counts_the_sessions_of_both(page):
    found = page["found"]
    assert found.pair.sessions > 50
    assert found.pair.lift > 1
    assert found.similar[1] >= 1
    assert page["model"].resolve("jazz no. 3") == "jazz3"


def test_without_a_folder_the_one_of_the_environment_is_opened(page, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(NoModel):
        item2vec.open()
    monkeypatch.setenv("ITEM2VEC_MODELS", str(page["here"] / "models"))
    assert item2vec.open().manifest.version == page["outcome"].version


def test_settings_that_do_not_exist_are_named(tmp_path):
    with pytest.raises(ConfigError, match=r"events\.usr"):
        item2vec.train("log.csv", usr="user_id", models=tmp_path)
    with pytest.raises(ConfigError, match=r"trainer\.dimensions"):
        item2vec.train("log.csv", trainer={"dimensions": 3}, models=tmp_path)
    with pytest.raises(ConfigError, match=r"objective\.walk; did you mean objective\.walks"):
        item2vec.train("log.csv", objective={"walk": 3}, models=tmp_path)


def test_an_unknown_item_is_an_error_with_a_code(page):
    with pytest.raises(ItemUnknown) as caught:
        page["model"].similar("polka1")
    assert caught.value.code == "item_unknown"
