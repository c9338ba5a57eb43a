"""The command line: help in groups, one spelling for the folder of models, one line for what is wrong."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

import item2vec
from cli.main import COMMANDS, GROUPS, parse

ROOT = Path(__file__).resolve().parents[2]
OF_MODELS = (
    "train",
    "tune",
    "similar",
    "recommend",
    "explain",
    "evaluate",
    "models",
    "export",
    "serve",
    "api",
    "worker",
)
NEEDED = {
    "tune": ["--to", "x.toml"],
    "similar": ["a"],
    "recommend": ["a"],
    "explain": ["a", "b"],
    "export": ["npy", "--out", "x"],
    "keys": ["list"],
}


def help_of(capsys, *arguments):
    with pytest.raises(SystemExit) as ended:
        item2vec.main(arguments)
    assert ended.value.code == 0
    return capsys.readouterr().out


def test_help_lists_all_commands_in_groups_on_one_screen(capsys):
    assert item2vec.main(["--help"]) == 0
    page = capsys.readouterr().out
    assert all(f"\n{title}:\n" in page for title in GROUPS)
    assert all(f"\n  {name} " in page for name in COMMANDS)
    assert len(page.splitlines()) <= 40


def test_no_command_shows_the_help_and_is_an_error(capsys):
    assert item2vec.main([]) == 2
    assert "usage:" in capsys.readouterr().err


def test_the_version_is_that_of_the_package(capsys):
    assert item2vec.main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("item2vec ")


def test_help_of_train_fits_a_screen_and_leads_to_the_settings(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    page = help_of(capsys, "train", "--help")
    assert len(page.splitlines()) <= 42
    assert "--events" in page
    assert "--help-settings" in page
    assert "--epochs" not in page


def test_help_of_the_settings_has_all_of_them_or_those_of_a_section(capsys):
    page = help_of(capsys, "train", "--help-settings")
    assert all(
        flag in page
        for flag in ("--events ", "--min-item-count", "--epochs", "--bootstrap", "--next-reading", "--spectral-power")
    )
    page = help_of(capsys, "train", "--help-settings", "trainer")
    assert "--epochs" in page
    assert "--min-item-count" not in page
    assert item2vec.main(["train", "--help-settings", "coffee"]) == 2


@pytest.mark.parametrize("name", [*OF_MODELS, "keys"])
def test_the_folder_is_the_flags_then_the_environments_then_models(name, monkeypatch):
    def folder(*more):
        return parse([name, *NEEDED.get(name, []), *more]).models

    monkeypatch.delenv("ITEM2VEC_MODELS", raising=False)
    assert folder() == Path("models")
    monkeypatch.setenv("ITEM2VEC_MODELS", "/data/models")
    assert folder() == Path("/data/models")
    assert folder("--models", "mine") == Path("mine")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["trian"], "'trian' is not a command; did you mean train?"),
        (["xyz"], "'xyz' is not a command; see `item2vec --help`"),
        (["similar"], "the following arguments are required: ITEM; see `item2vec similar --help`"),
        (["similar", "a", "-k", "few"], "argument -k: invalid int value: 'few'; see `item2vec similar --help`"),
        (["train", "--epoch-count", "2"], "unrecognized arguments: --epoch-count 2; see `item2vec train --help`"),
        (["keys", "revoke"], "the following arguments are required: key_id; see `item2vec keys revoke --help`"),
        (["models", "activate"], "which version? item2vec models activate VERSION --models models"),
    ],
)
def test_arguments_that_cannot_be_used_are_one_line(arguments, said, capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ITEM2VEC_MODELS", raising=False)
    assert item2vec.main(arguments) == 2
    assert capsys.readouterr().err == f"item2vec: {said}\n"


WITHOUT = """
import sys
for library in {libraries}: sys.modules[library] = None
import item2vec
sys.exit(item2vec.main({arguments}))
"""


@pytest.mark.parametrize("command", ["train", "check", "tune", "demo", "worker"])
def test_a_library_that_is_missing_is_one_line_that_says_what_to_install(command, tmp_path):
    """As in the API's image, which has no training in it."""
    libraries = ["croniter", "duckdb", "gensim", "numba", "optuna", "pyarrow", "rich", "scipy"]
    arguments = [command, *NEEDED.get(command, [])]
    program = WITHOUT.format(libraries=libraries, arguments=arguments)
    place = {"PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "ignore"}
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, env=place, capture_output=True, text=True)
    assert done.returncode == 2, done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert f"`item2vec {command}` needs " in done.stderr
    assert "pip install item2vec" in done.stderr


def test_a_module_of_ours_that_is_missing_is_not_taken_for_a_library(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "index.artifact.registry", None)
    assert item2vec.main(["models"]) == 1
    assert "a mistake of its own (ModuleNotFoundError: " in capsys.readouterr().err


def test_a_mistake_of_ours_is_told_whole_and_does_nothing_to_the_screen(monkeypatch, capsys):
    title = "\x1b]0;PWN\x07"

    def fail(options):
        raise RuntimeError(f"rows of l{title}.csv\nmore")

    monkeypatch.setitem(COMMANDS, "models", replace(COMMANDS["models"], run=fail))
    assert item2vec.main(["models"]) == 1
    said = capsys.readouterr().err
    assert title not in said
    assert "Traceback (most recent call last)" in said
    assert said.endswith("files are made\n")
    assert "(RuntimeError: rows of l\\e]0;PWN\\x07.csv)" in said.splitlines()[-1]
