"""Steps on disk: whole or not at all."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from index.errors import RunUnderWay
from training.progress import line, short
from training.workspace import KEPT_RUNS, Workspace

ROOT = Path(__file__).resolve().parents[2]


def write(text):
    return lambda folder: (folder / "x").write_text(text)


def test_a_finished_step_is_taken_over_and_not_made_again(tmp_path):
    with Workspace(tmp_path, {"a": 1}) as work:
        assert (work.step("one", write("first")) / "x").read_text() == "first"
        assert work.resumed == ()
    with Workspace(tmp_path, {"a": 1}) as work:
        assert (work.step("one", write("second")) / "x").read_text() == "first"
        assert work.resumed == ("one",)


def test_a_step_that_fails_leaves_nothing_behind(tmp_path):
    def fail(folder):
        (folder / "x").write_text("half")
        raise RuntimeError("killed")

    with Workspace(tmp_path, {}) as work, pytest.raises(RuntimeError):
        work.step("one", fail)
    with Workspace(tmp_path, {}) as work:
        assert not (work.folder / "one").exists()
        assert (work.step("one", write("whole")) / "x").read_text() == "whole"


def test_other_settings_are_another_run(tmp_path):
    with Workspace(tmp_path, {"seed": 1}) as one, Workspace(tmp_path, {"seed": 2}) as two:
        assert one.folder != two.folder


def test_the_same_run_twice_at_once_is_refused(tmp_path):
    with Workspace(tmp_path, {}), pytest.raises(RunUnderWay), Workspace(tmp_path, {}):
        pass


def test_only_the_summary_and_the_rejects_stay_and_only_of_the_last_runs(tmp_path):
    for i in range(KEPT_RUNS + 3):
        with Workspace(tmp_path, {"seed": i}) as work:
            work.step("one", write("x"))
            (work.folder / "rejects.parquet").write_text("")
            work.finish({"version": i})
            assert sorted(p.name for p in work.folder.iterdir()) == [".lock", "rejects.parquet", "run.json"]
            assert json.loads((work.folder / "run.json").read_text()) == {"version": i}
    assert len(list((tmp_path / "runs").iterdir())) == KEPT_RUNS


def test_killed_while_it_tidies_up_no_half_step_is_taken_for_a_whole_one(tmp_path):
    files = 3000

    def many(folder):
        for i in range(files):
            (folder / str(i)).touch()

    with Workspace(tmp_path, {}) as work:
        folder = work.step("one", many)
    program = "import sys\nfrom pathlib import Path\nfrom training.workspace import Workspace\n"
    program += "with Workspace(Path(sys.argv[1]), {}) as work: work.finish({})"

    def untouched():
        try:
            return len(os.listdir(folder)) == files
        except FileNotFoundError:  # moved out of the way
            return False

    with subprocess.Popen([sys.executable, "-c", program, str(tmp_path)], cwd=ROOT) as process:
        while process.poll() is None and untouched():
            time.sleep(0.001)
        process.kill()
    with Workspace(tmp_path, {}) as work:
        assert len(os.listdir(work.step("one", many))) == files
        assert sorted(path.name for path in work.folder.iterdir()) == [".lock", "one", "run.json"]


def test_log_lines_are_key_value_pairs():
    assert line({"step": "train for test", "rows": 12, "seconds": 0.1234567}) == (
        'step="train for test" rows=12 seconds=0.123457'
    )


@pytest.mark.parametrize(
    ("value", "text"),
    [(3, "3"), (9999, "9,999"), (45_100, "45.1 k"), (1_200_000, "1.2 M"), (0.99123, "0.9912"), ("x", "x")],
)
def test_numbers_are_short_on_a_terminal(value, text):
    assert short(value) == text
