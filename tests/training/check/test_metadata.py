"""A check and a training say the same of the metadata of the items, and name what does not meet."""

import json

import pytest
from support.factories import IDS, quick_config, write_log

from index.artifact.registry import Registry
from index.model import Model
from training.check import itemwords
from training.check.examine import examine
from training.check.forecast import Forecast
from training.check.page import page
from training.check.words import FINDINGS
from training.pipeline.prepare import prepare, read_catalogue
from training.pipeline.run import run
from training.progress import LogReporter
from training.terminal import Screen
from training.workspace import Workspace

PLAN = Forecast(
    tokens_per_second=1000,
    trial_tokens=10,
    trial_seconds=1.0,
    trainings=[],
    minutes=None,
    memory_mb=1,
    memory={"reading": 1},
    ram_mb=8000,
    failed=None,
)
OF_IDS = (
    "ids_with_blanks",
    "ids_differ_by_form",
    "ids_differ_by_case",
    "ids_differ_by_space",
    "ids_read_whole",
    "ids_cut_short",
    "placeholder_items",
)


@pytest.fixture(scope="module")
def log(tmp_path_factory):
    return write_log(tmp_path_factory.mktemp("log") / "log.csv", sessions=60)


def config_of(log, **settings):
    config = quick_config(log)
    return config.model_copy(update={"events": type(config.events).model_validate({**vars(config.events), **settings})})


def checked(config):
    return examine(config, forecaster=lambda *_: PLAN)


def codes(found):
    return {
        f.code: f.severity for f in found.findings if f.code.startswith(("metadata", "available")) or f.code in OF_IDS
    }


def trained(config, folder):
    """Lines of the log, and what the manifest would say."""
    lines = []

    class Told(LogReporter):
        def note(self, event, **facts):
            lines.append((event, facts))

    with Workspace(folder, {"it": str(config.events.items)}, Told()) as work:
        catalogue, made = read_catalogue(prepare(config, work), config, work)
        return catalogue, made, lines, work.folder


def items(folder, content, name="items.csv", encoding="utf-8"):
    path = folder / name
    path.write_text(content, encoding=encoding)
    return (str(path),)


def test_metadata_that_meets_the_log_is_no_finding_and_its_fields_are_shown(log):
    found = checked(config_of(log))
    assert codes(found) == {}
    assert (found.metadata.rows, found.metadata.items, found.metadata.in_log, found.metadata.of_log) == (21, 21, 20, 20)
    assert [(f.name, f.kind, f.filled) for f in found.metadata.fields] == [
        ("title", "text", 21),
        ("category", "text", 21),
    ]
    screen = Screen(width=100)
    with screen.capture() as shown:
        screen.print(page(found))
    assert "The metadata of the items" in shown.get()
    assert "100 % of the 20 items of the log" in shown.get()
    assert json.loads(json.dumps(found.to_json()))["metadata"]["of_log"] == 20
    assert checked(config_of(log, items=())).metadata is None


SICK = {
    "zeros": ("item_id,title\n" + "".join(f"0{item},T\n" for item in IDS), {"metadata_unmatched": "warn"}),
    "case": ("item_id,title\n" + "".join(f"{item.upper()},T\n" for item in IDS), {"metadata_unmatched": "warn"}),
    "some": ("item_id,title\n" + "".join(f"{item},T\n" for item in IDS[:15]), {"metadata_unmatched": "note"}),
    "another column": (
        "articleId,title,brand_id\n" + "".join(f"{item},T,7\n" for item in IDS),
        {"metadata_id_guessed": "note"},
    ),
    "rejected": (
        "item_id,title\n" + "".join(f"{item},T\n" for item in IDS) + ",no\nx,y,z\n",
        {"metadata_rejected": "warn"},
    ),
    "repeated": ("item_id,title\n" + "".join(f"{item},T\n" for item in [*IDS, "a0"]), {"metadata_repeated": "note"}),
    "unclear": (
        "item_id,available\n" + "".join(f"{item},maybe\n" for item in IDS),
        {"available_unclear": "warn"},
    ),
    "hidden": (
        "item_id,available\n" + "".join(f"{item},{'yes' if item == 'new' else 'no'}\n" for item in [*IDS, "new"]),
        {"metadata_all_hidden": "warn"},
    ),
    "empty": ("", {"metadata_empty": "warn"}),
    "lists": (
        "item_id,genres\n" + "".join(f"{item},x|y\n" for item in IDS),
        {"metadata_lists": "note"},
    ),
    "guessed": ("item_id,title\n" + "".join(f"{item},Œuvre à l'été\n" for item in IDS), {"metadata_guessed": "warn"}),
    "not there": ("title,year\nT,1\n", {"metadata_unreadable": "stop"}),
}


@pytest.mark.parametrize("case", list(SICK))
def test_check_and_train_find_the_same(log, tmp_path, case):
    content, expected = SICK[case]
    config = config_of(log, items=items(tmp_path, content, encoding="cp1252" if case == "guessed" else "utf-8"))
    found = checked(config)
    assert codes(found) == expected
    assert all(code in FINDINGS for code in expected)
    if case == "not there":
        assert found.metadata is None
        assert found.verdict.level == "stop"
        return
    _, made, lines, folder = trained(config, tmp_path / "models")
    said = {facts["finding"]: event for event, facts in lines if facts.get("finding") in expected}
    assert said == {code: {"warn": "warning", "note": "note"}[grade] for code, grade in expected.items()}
    assert {f.code: f.severity for f in made.findings if f.code in expected} == {
        code: grade for code, grade in expected.items() if grade == "warn"
    }
    assert [f.found for f in found.findings if f.code in expected] == [
        facts["found"] for _, facts in lines if facts.get("finding") in expected
    ]
    assert (folder / "rejects-items.parquet").exists() == (case == "rejected")


def test_a_catalogue_that_matches_nothing_is_named_with_an_example_of_each_side_and_what_would_help(log, tmp_path):
    config = config_of(log, items=items(tmp_path, SICK["case"][0]))
    found = next(f for f in checked(config).findings if f.code == "metadata_unmatched")
    assert "Of 20 items of the log 0 are in the metadata; of the 20 items there 0 are in the log." in found.found
    assert found.advice.startswith("20 more would meet if case did not count: ")
    assert found.samples[0]["in the log"].upper() == found.samples[0]["in the metadata"]


WRITINGS = [
    (lambda item: f" {item}", {"ids_with_blanks": "warn"}),
    (lambda item: f"{item}\u00a0", {"ids_with_blanks": "warn"}),
    (lambda item: f"'{item}'" if item == "a1" else "a1" if item == "a2" else item, {"ids_differ_by_form": "warn"}),
    (lambda item: {"a1": "007", "a2": "7"}.get(item, item), {"ids_differ_by_form": "warn"}),
    (lambda item: {"a1": "Cafe\u0301", "a2": "Caf\u00e9"}.get(item, item), {"ids_differ_by_form": "warn"}),
    (lambda item: f"{item}\u200b", {"ids_with_blanks": "warn"}),
    (
        lambda item: {"a1": "a2\ufeff"}.get(item, item),
        {"ids_with_blanks": "warn", "ids_differ_by_space": "warn"},
    ),
    (lambda item: {"a1": "'a2"}.get(item, item), {"ids_differ_by_form": "warn"}),
    (lambda item: {"a1": "a\u200b2"}.get(item, item), {"ids_differ_by_form": "warn"}),
    (lambda item: {"a1": "4.00638E+12"}.get(item, item), {"ids_cut_short": "warn"}),
    (lambda item: {"a1": "1.2345E+4", "a2": "1E5"}.get(item, item), {}),
    (lambda item: {"a1": "\\N"}.get(item, item), {"placeholder_items": "warn"}),
    (lambda item: {"a1": "#N/A", "a2": "[NULL]"}.get(item, item), {"placeholder_items": "warn"}),
    (lambda item: f"{IDS.index(item)}.0", {"ids_read_whole": "note"}),
]


@pytest.mark.parametrize(("write", "expected"), WRITINGS)
def test_ids_of_the_log_that_should_be_written_otherwise_are_a_finding(log, tmp_path, write, expected):
    header, *lines = log.read_text().splitlines()
    rows = [line.split(",") for line in lines]
    path = tmp_path / "log.csv"
    path.write_text("\n".join([header, *(f"{user},{write(item)},{time}" for user, item, time in rows)]))
    assert codes(checked(config_of(log, paths=(str(path),), items=()))) == expected


def test_an_empty_file_is_passed_over_and_named(log, tmp_path):
    empty = items(tmp_path, "", "empty.csv")
    found = checked(config_of(log, items=(*empty, str(log.parent / "items.csv"))))
    assert codes(found) == {"metadata_empty": "note"}


def test_every_finding_about_metadata_has_a_case_that_shows_it():
    shown = [code for _, expected in [*SICK.values(), *WRITINGS] for code in expected]
    assert {*shown, "metadata_empty"} >= set(itemwords.WORDS)


def test_a_training_without_available_items_answers_without_them(log, tmp_path):
    """From the file to the answers of the model and of the command line."""
    hidden = IDS[:2]
    rows = "".join(f"{item},{'no' if item in hidden else 'yes'},x|{item[0]}\n" for item in IDS)
    path = items(tmp_path, f"item_id,available,tags\n{rows}")
    outcome = run(config_of(log, items=path), tmp_path / "models", LogReporter())
    model = Model(Registry(tmp_path / "models").open(outcome.version))
    for score in ("similar", "next"):
        listed = {found.item for item in IDS for found in model.neighbours(item, 19, score)}
        assert listed == set(IDS) - set(hidden)
    assert {found.item for found in model.recommend(["a3", "a4"], 20)}.isdisjoint(hidden)
    assert model.catalogue.field("b1", "tags") == ["x", "b"]
    assert model.catalogue.is_available("b1") is True
