"""item2vec similar and recommend: what is unknown, or has no vector, is said as over HTTP."""

import json

import pytest
from support.trained import train

from cli.main import main


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    return train(tmp_path_factory.mktemp("ask"))


def test_recommend_answers_from_what_it_knows_and_lists_the_rest(models, capsys):
    assert main(["recommend", "a1", "zzz", "rare", "--models", str(models), "-k", "2", "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["unknown"] == ["zzz", "rare"]
    assert len(answer["items"]) == 2
    assert main(["recommend", "a1", "zzz", "rare", "--models", str(models), "-k", "2"]) == 0
    assert "unknown, and left out: zzz, rare" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("items", "said"),
    [
        (["zzz"], "no item has the id or the title 'zzz'"),
        (["rare"], "no vector is there of 'rare'"),
        (["zzz", "rare"], "no vector is there of 'zzz' or 'rare'"),
    ],
)
def test_recommend_without_any_vector_says_which_ids_it_was_asked_for(models, capsys, items, said):
    assert main(["recommend", *items, "--models", str(models)]) == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize("command", [["similar", "zzz"], ["explain", "a1", "zzz"]])
def test_other_questions_about_an_unknown_item_are_refused_and_name_it(models, capsys, command):
    assert main([*command, "--models", str(models)]) == 2
    assert "'zzz'" in capsys.readouterr().err
