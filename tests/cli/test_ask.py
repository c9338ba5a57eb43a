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


def test_recommend_takes_caps_and_a_share_of_new_items(models, capsys):
    asked = ["recommend", "a1", "a2", "a3", "--models", str(models), "-k", "6"]
    assert main([*asked, "--max-per", "category:3", "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert [row["item_id"][0] for row in answer["items"]].count("a") == 3
    assert answer["left_out"]["max_per"]["category"] >= 1
    assert main([*asked, "--max-per", "category:5", "--discovery", ".5"]) == 0
    shown = capsys.readouterr()
    assert "of the 6 best, left out: " in shown.err
    assert " a1 " in shown.out
    assert " a2 " in shown.out


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--max-per", "category"], "is not FIELD:N"),
        (["--max-per", "category:x"], "is not FIELD:N"),
        (["--max-per", "category:0"], "must be at least 1"),
        (["--max-per", "brand:1"], "no item has a field 'brand'; the fields are: category, title"),
        (["--discovery", "2"], "must be 0 to 1"),
        (["--discovery", ".5", "--exclude-seen"], "leave exclude_seen out"),
    ],
)
def test_caps_that_cannot_be_are_refused(models, capsys, flags, said):
    assert main(["recommend", "a1", "--models", str(models), *flags]) == 2
    assert said in capsys.readouterr().err


def test_rank_sorts_candidates_by_what_was_done(models, capsys):
    asked = ["rank", "a4", "Title of b4", "zzz", "--models", str(models), "--clicked", "b1", "b2", "--skipped", "a1"]
    assert main([*asked, "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert [(one["item_id"], one["rank"]) for one in answer["items"]] == [("b4", 1), ("a4", 2), ("zzz", None)]
    assert answer["items"][0]["similarities"]["clicked"] > 0
    assert answer["unknown"] == ["zzz"]
    assert main([*asked, "--segment", "category", "--weight", "skipped=5", "--weight", "clicked=0"]) == 0
    shown = capsys.readouterr()
    assert shown.out.index("a4") < shown.out.index("b4")
    assert "without a vector: zzz" in shown.err


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--weight", "skipped"], "is not NAME=NUMBER"),
        (["--weight", "viewed=1"], "'viewed' is none of clicked"),
        (["--segment", "market"], "no item has a field 'market'"),
    ],
)
def test_rank_names_what_it_cannot_use(models, capsys, flags, said):
    assert main(["rank", "a1", "--clicked", "a2", "--models", str(models), *flags]) == 2
    assert said in capsys.readouterr().err
