"""item2vec tune: what is searched, what stays fixed, what a kill leaves, and what is written."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console
from support.factories import IDS, quick_config, two_groups, write_log
from support.reports import row, tasks

import item2vec
from index.errors import ConfigError, TrainingDiverged, TrainingFailed
from index.ranking.settings import RecommenderConfig
from training.choice.materials import Counted
from training.config import TrainConfig, TrainerConfig
from training.configfile import load_config
from training.evaluation.split import Prefixes, split_test
from training.objective.settings import ObjectiveConfig
from training.objective.signals import PLAIN
from training.progress import LogReporter
from training.trainers.spaces import Spaces
from training.trainers.trainer import Embeddings
from training.tune.budget import Budget, budget_of
from training.tune.effects import effects_of
from training.tune.final import Final, winner
from training.tune.report import hint, page
from training.tune.run import Tuning, questions_of, tune
from training.tune.search import Search
from training.tune.space import Space
from training.tune.study import Study, mend
from training.tune.summary import FinalRow
from training.tune.trial import Bench, Pace

ROOT = Path(__file__).resolve().parents[3]
LONG = 3600.0
SGNS = TrainerConfig(engine="sgns")


@pytest.fixture
def log(tmp_path):
    return write_log(tmp_path / "log" / "events.csv")


class Planted:
    """Vectors that know what follows each item, the noisier the further the settings are from window 4 and direction
    after. seen: the corpora it was given, with the settings."""

    def __init__(self, fails=lambda settings: False):
        self.fails = fails
        self.seen = []

    def __call__(self, corpus, settings, seed, progress, signals=PLAIN):
        self.seen.append((corpus, settings))
        if self.fails(settings):
            raise TrainingDiverged(f"training diverged: at window {settings.window}", short="training diverged")
        progress(0.5)
        wrong = abs(np.log(settings.window / 4)) + (settings.direction == "both")
        followed = np.zeros((corpus.items, corpus.items))
        inside = np.setdiff1d(np.arange(len(corpus.tokens) - 1), corpus.offsets[1:] - 1)
        np.add.at(followed, (corpus.tokens[inside + 1], corpus.tokens[inside]), 1)
        outputs = followed / followed.max() + np.random.default_rng(seed).normal(size=followed.shape) * wrong
        found = Embeddings(np.eye(corpus.items, dtype=np.float32), outputs.astype(np.float32))
        return Spaces(found, found)


def skipgram(log, **evaluation):
    config = quick_config(log, **evaluation)
    given = {name: getattr(config.trainer, name) for name in config.trainer.model_fields_set}
    return config.model_copy(update={"trainer": TrainerConfig(**{"engine": "sgns", **given})})


def tuning(log, trials, trainer, share=1.0, seconds=LONG, **evaluation):
    return Tuning(skipgram(log, **evaluation), Budget(seconds, trials), share, trainer)


def tuned(tmp_path, given, to="tuned.toml", force=False):
    return tune(given, tmp_path / "models", tmp_path / to, LogReporter(), force)


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """(folder, log, report) of a search of 20 trials."""
    folder = tmp_path_factory.mktemp("found")
    log = write_log(folder / "log" / "events.csv")
    return folder, log, tuned(folder, tuning(log, 20, Planted()))


# The budget


@pytest.mark.parametrize(("text", "seconds"), [("90s", 90), ("20m", 1200), ("2h", 7200), ("45", 45), ("1.5h", 5400)])
def test_a_budget_is_written_as_people_write_it(text, seconds):
    assert budget_of(text).seconds == seconds


@pytest.mark.parametrize("text", ["", "soon", "20 minutes", "-5", "0m", "1d", "nan"])
def test_what_is_not_a_length_of_time_is_refused(text):
    with pytest.raises(ConfigError, match="give 90s, 20m, 2h"):
        budget_of(text)


def test_a_budget_is_within_another_that_allows_as_much():
    assert Budget(60, 5).within(Budget(60))
    assert Budget(60, 5).within(Budget(90, 5))
    assert not Budget(60).within(Budget(60, 5))
    assert not Budget(90, 5).within(Budget(60, 5))


# The space


def test_the_search_starts_with_the_settings_that_were_given():
    for base in (SGNS, TrainerConfig(engine="sgns", dims=16, epochs=5), TrainerConfig(engine="gensim", window=3)):
        space = Space(base)
        assert space.settings(space.starts()[0]) == base


def test_what_was_given_stays_as_it_is():
    space = Space(TrainerConfig(engine="sgns", window=7, dims=128, sample=1e-4))
    assert not {"window", "dims", "sample"} & space.ranges.keys()
    assert all(space.settings(start).window == 7 for start in space.starts())
    assert space.settings(space.starts()[1] | {"epochs": 3}).sample == 1e-4


def test_gensim_is_not_asked_for_what_it_cannot():
    space = Space(TrainerConfig(engine="gensim"))
    assert not {"direction", "dynamic"} & space.ranges.keys()
    assert len(space.starts()) > 2


@pytest.mark.parametrize("engine", ["auto", "spectral", "sgns", "gensim"])
def test_every_start_is_a_setting_of_the_engine_and_no_two_are_alike(engine):
    space = Space(TrainerConfig(engine=engine) if engine != "auto" else TrainerConfig())
    found = [space.settings(start) for start in space.starts()]
    assert len(found) > 2
    assert len({settings.model_dump_json() for settings in found}) == len(found)
    if engine == "auto":
        assert {settings.engine for settings in found} == {"auto", "sgns"}
    else:
        assert {settings.engine for settings in found} == {engine}
    for settings in found:  # what the engine does not know is left as it was
        other = {"window", "epochs", "direction"} if settings.engine in ("auto", "spectral") else {"spectral"}
        assert not other & settings.model_fields_set


def test_with_every_setting_given_there_is_nothing_to_search():
    every = Space(SGNS).plain(SGNS)
    with pytest.raises(ConfigError, match="nothing to search"):
        Space(TrainerConfig(engine="sgns", **every))


def test_settings_of_a_point_are_rounded_and_of_one_form():
    space = Space(SGNS)
    point = space.starts()[0] | {"learning_rate": 0.123456, "sample": 0.00034567, "window": 1, "dynamic": False}
    settings = space.settings(point)
    assert (settings.learning_rate, settings.sample, settings.dynamic) == (0.12, 0.0003, True)
    assert space.settings(point | {"sample": 0.05}).sample == 0


# The study on disk


def test_half_a_line_and_a_dead_lock_do_not_stop_the_next_run(tmp_path):
    space, path = Space(SGNS), tmp_path / "trials.journal"
    study = Study(path, space.ranges, space.starts(), 1)
    study.complete(study.ask(), 0.5, seconds=2.0)
    with path.open("ab") as file:
        file.write(b'{"op_code":6,"worker')
    lock = path.with_name("trials.journal.lock")
    lock.symlink_to(path)
    mend(path)
    assert not lock.is_symlink()  # Optuna itself would wait 30 s for it
    again = Study(path, space.ranges, space.starts(), 1)
    again.complete(again.ask(), 0.6, seconds=3.0)
    assert [t.value for t in Study(path, space.ranges, space.starts(), 1).done()] == [0.5, 0.6]
    assert again.used == 5.0


def test_a_trial_that_was_killed_is_drawn_once_more_and_then_given_up(tmp_path):
    space = Space(SGNS)

    def reopened():
        return Study(tmp_path / "trials.journal", space.ranges, space.starts()[:1], 1)

    first = reopened().ask()
    again = reopened().ask()
    assert again.params == first.params
    study = reopened()
    other = study.ask()
    assert other.params != first.params
    assert study.interrupted() == 2
    assert study.done() == []


def test_a_search_that_was_killed_draws_what_it_would_have_drawn(tmp_path):
    space = Space(SGNS)

    def drawn(name, stops):
        study, points = Study(tmp_path / name, space.ranges, space.starts(), 1), []
        for i in range(16):
            if i in stops:
                study.ask()  # under way at the kill
                study = Study(tmp_path / name, space.ranges, space.starts(), 1)
            trial = study.ask()
            points.append(space.settings(trial.params))
            study.complete(trial, -float(trial.params["window"]))
        return sorted(map(str, points))

    assert drawn("killed", {13}) == drawn("whole", set())


# The search


def test_it_finds_what_is_better_than_the_defaults(found):
    report = found[2]
    best = report.best.changes
    assert best["direction"] == "after"
    assert best.get("window", TrainerConfig().window) in (3, 4, 5)
    assert report.ahead.both[1] > 0
    assert report.tried == 20
    effects = {row.setting: {g.values: g.effect for g in row.groups} for row in report.moved}
    assert effects["direction"]["after"] > effects["direction"]["both"]
    assert report.best.both > report.defaults.both


def test_settings_that_diverge_are_counted_and_the_search_goes_on(tmp_path, log):
    usual = TrainerConfig().window
    report = tuned(tmp_path, tuning(log, 15, Planted(lambda settings: settings.window == usual)))
    assert report.left == {"training diverged": 15 - report.completed}
    assert report.completed > 3
    assert report.defaults is None
    assert report.ahead is None
    assert "could not be trained" in text(report)


def test_when_nothing_can_be_trained_that_is_the_error(tmp_path, log):
    with pytest.raises(TrainingFailed, match="none of 3 trials could be trained: training diverged"):
        tuned(tmp_path, tuning(log, 3, Planted(lambda settings: True)))
    assert not (tmp_path / "tuned.toml").exists()


def test_where_nothing_is_better_the_defaults_are_kept(tmp_path, log):
    class Best(Planted):
        def __call__(self, corpus, settings, seed, progress, signals=PLAIN):
            usual = settings == skipgram(log).trainer
            planted = settings.model_copy(update={"window": 4 if usual else 20, "direction": "after"})
            return super().__call__(corpus, planted, seed, progress)

    report = tuned(tmp_path, tuning(log, 6, Best()))
    assert report.best == report.defaults
    assert load_config(tmp_path / "tuned.toml", {}) == skipgram(log)
    assert "Nothing that was tried is better" in text(report)


def final(number, vectors, blend):
    both = (vectors + blend) / 2
    values = {"vectors": np.full(4, vectors), "blend": np.full(4, blend), "both": np.full(4, both)}
    return Final(number, TrainerConfig(), {}, values)


def test_better_vectors_do_not_buy_a_worse_blend(found):
    prefixes = Prefixes([np.zeros(1, dtype=np.int32)] * 4, *(np.arange(4),) * 3)
    defaults, louder, fair = final(0, 0.3, 0.4), final(1, 0.5, 0.39), final(2, 0.35, 0.4)
    assert winner([defaults, louder, fair], defaults, prefixes, 100, 1)[0] is fair
    assert winner([defaults, louder], defaults, prefixes, 100, 1)[0] is defaults
    assert winner([louder, fair], None, prefixes, 100, 1) == (louder, None)
    rows = [
        FinalRow(trial=f.number, changes={"window": 9} if f.number else {}, **f.figures()) for f in (defaults, louder)
    ]
    kept = found[2].model_copy(update={"finals": rows, "best": rows[0], "defaults": rows[0]})
    assert "trial 1 has better vectors, but is worse blended" in " ".join(text(kept).split())


def test_one_finalist_is_the_trial_with_the_best_blend(tmp_path, log):
    space = Space(skipgram(log).trainer)
    study = Study(tmp_path / "trials.journal", space.ranges, space.starts(), 1)
    for value, blend in ((0.1, 0.1), (0.5, 0.2), (0.4, 0.1), (0.3, 0.3)):
        study.complete(study.ask(), value, blend=blend)
    search = Search(space, study, Budget(LONG, 20), 1.0, 2, 1)
    assert [t.value for t in search.best()] == [0.5, 0.3]


def test_trials_learn_from_what_a_training_learns_from(tmp_path, log):
    config, trainer = skipgram(log), Planted()
    rules = config.sessions.model_copy(update={"half_life_days": 2.0})
    objective = ObjectiveConfig(walks=2, walk_length=3)
    config = config.model_copy(update={"sessions": rules, "objective": objective})
    tuned(tmp_path, Tuning(config, Budget(LONG, 2), train=trainer))
    assert all(corpus.weights is not None and (corpus.starts == 0).any() for corpus, _ in trainer.seen)


def test_neither_test_nor_validation_sessions_are_trained_on(tmp_path, log):
    trainer, config = Planted(), skipgram(log)
    tuned(tmp_path, Tuning(config, Budget(LONG, 4), train=trainer))
    corpus = two_groups(400, 1)
    fit, prefixes = questions_of(config, corpus, IDS)
    test = split_test(corpus, IDS, config).held_out.corpus
    assert len(prefixes)
    assert max(seen.ends.max() for seen, _ in trainer.seen) < fit.held_out.corpus.starts.min() < test.starts.min()


def test_a_share_is_searched_and_the_best_five_are_compared_on_all_sessions(tmp_path, log):
    trainer = Planted()
    report = tuned(tmp_path, tuning(log, 12, trainer, share=0.3))
    whole = [settings for corpus, settings in trainer.seen if len(corpus) == report.sessions]
    assert len(whole) == 6  # and the defaults
    assert report.searched_on == round(0.3 * report.sessions)
    assert len(report.finals) == 6
    assert load_config(tmp_path / "tuned.toml", {}).trainer in whole


def test_a_trial_that_is_worse_on_a_quarter_of_the_sessions_is_left(tmp_path, log):
    config = skipgram(log)
    fit, prefixes = questions_of(config, two_groups(400, 1), IDS)
    trainer, space = Planted(), Space(config.trainer)
    study = Study(tmp_path / "trials.journal", space.ranges, space.starts(), 1)
    search = Search(space, study, Budget(LONG, 20), 1.0, 2, 1, short=0.0)
    counted = Counted(fit.train, 1)
    search.run(Bench(fit.train, prefixes, config.recommender, counted, 1, trainer), LogReporter())
    left = study.left().total()
    assert left > 0
    quarter = round(0.25 * len(fit.train))
    assert sum(len(corpus) == quarter for corpus, _ in trainer.seen) == 19  # the first says how long it takes
    assert len(trainer.seen) == 19 + 20 - left


def test_a_training_is_expected_to_take_as_long_as_its_settings_say():
    pace, settings = Pace(two_groups()), TrainerConfig(engine="sgns", epochs=10)
    assert pace.training(settings) == 0
    pace.learn(settings, 3.0, 0.5)
    assert pace.training(TrainerConfig(engine="sgns", epochs=20)) == pytest.approx(6.0)
    assert pace.trial(TrainerConfig(engine="sgns", epochs=20, dims=64)) == pytest.approx(3.5)
    assert pace.training(TrainerConfig(engine="sgns", epochs=10, direction="after")) < 3.0


def test_once_the_time_is_used_up_no_further_trial_is_begun(tmp_path, log):
    trainer = Planted()
    report = tuned(tmp_path, tuning(log, None, trainer, seconds=1e-6))
    assert report.tried == 1  # the defaults are always tried
    assert report.best == report.defaults


# A search that has ended


def test_the_same_search_again_trains_nothing_and_a_larger_one_goes_on(tmp_path, log):
    first = tuned(tmp_path, tuning(log, 6, Planted()))
    trainer = Planted()
    again = tuned(tmp_path, tuning(log, 6, trainer), to="again.toml")
    assert trainer.seen == []
    assert again.model_copy(update={"file": first.file}) == first
    assert (tmp_path / "again.toml").read_text() == (tmp_path / "tuned.toml").read_text()
    more = tuned(tmp_path, tuning(log, 9, trainer), force=True)
    assert more.tried == 9
    assert len(trainer.seen) == 1 + 3 + 3  # warming up, the trials that are new, the last comparison
    assert more.seconds > first.seconds


def test_where_every_point_was_tried_the_search_ends_and_stays_ended(tmp_path, log):
    config, searched = skipgram(log), ("negatives",)
    every = Space(SGNS).plain(config.trainer)
    given = {name: value for name, value in every.items() if name not in searched}
    given |= {"engine": "sgns", "epochs": 5, "workers": 1}
    config = config.model_copy(update={"trainer": TrainerConfig(**given)})
    trainer = Planted()
    report = tuned(tmp_path, Tuning(config, Budget(LONG), train=trainer))
    assert report.tried == 3
    assert "tried before" in report.skipped
    before = len(trainer.seen)
    assert tuned(tmp_path, Tuning(config, Budget(LONG), train=trainer), force=True).best == report.best
    assert len(trainer.seen) == before


# The file


def test_the_file_is_what_a_training_reads(found):
    folder, log, report = found
    read, base = load_config(folder / "tuned.toml", {}), skipgram(log)
    assert read.model_copy(update={"trainer": base.trainer}) == base
    assert {name: getattr(read.trainer, name) for name in report.best.changes} == report.best.changes
    comment = [line for line in (folder / "tuned.toml").read_text().splitlines() if line.startswith("#")]
    assert "20 trials" in comment[0]
    assert f"{report.defaults.both:.4f}" in comment[1]


def test_without_blend_the_chosen_readings_are_written_too(tmp_path, log):
    config = skipgram(log, blend=False)
    config = config.model_copy(update={"recommender": RecommenderConfig(session_items=7)})
    tuned(tmp_path, Tuning(config, Budget(LONG, 3), train=Planted()))
    read = load_config(tmp_path / "tuned.toml", {}).recommender
    assert read != config.recommender
    assert read.session_items == 7


def test_a_file_that_is_there_is_kept_unless_forced(tmp_path, log):
    target, trainer = tmp_path / "tuned.toml", Planted()
    target.write_text("mine")
    with pytest.raises(ConfigError, match="--force"):
        tuned(tmp_path, tuning(log, 3, trainer))
    assert target.read_text() == "mine"
    assert trainer.seen == []
    tuned(tmp_path, tuning(log, 3, trainer), force=True)
    assert load_config(target, {}).trainer
    with pytest.raises(ConfigError, match="the folder"):
        tuned(tmp_path, tuning(log, 3, trainer), to="nowhere/tuned.toml")


@pytest.mark.parametrize("share", [0, -1, 1.5, float("nan")])
def test_a_share_above_1_or_not_above_0_is_refused(tmp_path, log, share):
    with pytest.raises(ConfigError, match="--search-share"):
        tuned(tmp_path, tuning(log, 3, Planted(), share=share))


# The report


def text(report, width=90):
    console = Console(width=width, record=True, file=open("/dev/null", "w"))  # noqa: SIM115
    with console.file:
        console.print(page(report))
        return console.export_text()


def test_the_page_says_what_moved_and_what_the_best_settings_are(found):
    report = found[2]
    shown = text(report)
    assert "Which setting moved what" in shown
    assert "direction after" in shown
    assert "the defaults" in shown
    assert f"{report.ahead.both[0]:+.4f}" in " ".join(shown.split())


def test_a_setting_is_told_by_its_values_or_by_thirds():
    trials = [({"window": w, "dynamic": w % 2 == 0, "dims": 64}, w / 100) for w in range(1, 13)]
    found = {effect.setting: effect for effect in effects_of(trials)}
    assert [g.values for g in found["window"].groups] == ["1 to 4", "5 to 8", "9 to 12"]
    assert [g.median for g in found["window"].groups] == pytest.approx([0.025, 0.065, 0.105])
    assert [(g.values, g.trials) for g in found["dynamic"].groups] == [("no", 6), ("yes", 6)]
    assert "dims" not in found  # one value throughout says nothing
    assert effects_of([]) == []


def test_a_setting_is_not_praised_for_what_another_did():
    rng = np.random.default_rng(1)
    trials = []
    for _ in range(200):
        after = bool(rng.random() < 0.5)
        often = after if rng.random() < 0.9 else not after  # mostly tried together
        trials.append(({"direction": after, "dynamic": often}, float(after)))
    first, second = effects_of(trials)
    assert first.setting == "direction"
    assert first.spread > 0.9
    assert second.spread < 0.1


def test_a_training_with_the_defaults_says_what_a_search_could_bring():
    behind, level = row("SR", ahead=(-0.03, -0.01)), row("EASE", ahead=(-0.03, 0.01))
    told = hint(TrainConfig(), tasks(t2=[row("item2vec"), behind, level]))
    assert "item2vec tune" in told
    assert "SR did better" in told
    assert "did better" not in hint(TrainConfig(), tasks(t2=[level]))
    assert hint(TrainConfig(trainer=TrainerConfig(window=9)), tasks()) == ""


# The command


def command(log, models, to, trials, *more):
    found = [sys.executable, "-m", "item2vec", "tune", "--events", str(log), "--models", str(models), "--to", str(to)]
    found += [
        "--items",
        str(log.parent / "items.csv"),
        "--min-item-count",
        "2",
        "--dims",
        "16",
        "--workers",
        "1",
        "--engine",
        "sgns",
    ]
    return [*found, "--prefixes", "300", "--bootstrap", "50", "--trials", str(trials), *more]


def completed(models):
    """Trials in the journal that came to an end."""
    found = {}
    for journal in models.glob("runs/*/trials.journal"):
        for line in journal.read_text().splitlines():
            try:
                entry = json.loads(line)
            except json.JSONDecodeError:  # half a line, as a kill leaves it
                continue
            if entry["op_code"] == 6 and entry["state"] == 1:
                found[entry["trial_id"]] = entry["values"]
    return found


def test_killed_at_any_moment_the_same_command_goes_on(tmp_path, log):
    models, to = tmp_path / "models", tmp_path / "tuned.toml"
    before = {}
    for kept in (1, 6):
        process = subprocess.Popen(command(log, models, to, 10), cwd=ROOT, stderr=subprocess.DEVNULL)
        while process.poll() is None and len(completed(models)) < kept:
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
        process.wait()
        after = completed(models)
        assert {number: after[number] for number in before} == before
        assert not to.exists()
        before = after
    done = subprocess.run(command(log, models, to, 10, "--json"), cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    report, after = json.loads(done.stdout), completed(models)
    assert {number: after[number] for number in before} == before
    assert report["tried"] == 10
    assert report["interrupted"] <= 2
    assert load_config(to, {}).trainer.dims == 16
    assert json.loads(Path(report["report"]).read_text())["best"] == report["best"]


def test_a_bad_flag_is_a_clear_error(tmp_path, log, capsys):
    flags = ["tune", "--events", str(log), "--models", str(tmp_path), "--to", str(tmp_path / "x.toml")]
    assert item2vec.main([*flags, "--budget", "later"]) == 2
    assert "--budget 'later'" in capsys.readouterr().err
    assert item2vec.main([*flags, "--trials", "0"]) == 2
    assert "--trials must be at least 1" in capsys.readouterr().err
