"""item2vec train: --quick, --update, and flags that do not go together."""

from support.factories import write_log

from cli.main import main
from index.artifact.registry import Registry

SMALL = ("--min-item-count", "2", "--dims", "8", "--bootstrap", "50", "--no-blend")


def train(*arguments, models):
    return main(["train", "--models", str(models), *map(str, arguments)])


def test_a_quick_training_measures_no_baselines_and_is_updated_afterwards(tmp_path, capsys):
    log, models = write_log(tmp_path / "log" / "log.csv", sessions=300), tmp_path / "models"
    assert train("--events", log, "--quick", "--force", *SMALL, models=models) == 0
    manifest = Registry(models).open().manifest
    assert [row.method for row in manifest.metrics.tasks.T1] == ["item2vec", "vectors alone", "popularity"]
    assert manifest.config["evaluation"]["prefixes"] == 2000
    later = tmp_path / "later.csv"
    last = max(int(line.split(",")[2]) for line in log.read_text().splitlines()[1:])
    rows = [
        f"late {n},{item},{last + 7200 * (n + 1) + place}" for n in range(5) for place, item in enumerate(("a1", "a2"))
    ]
    later.write_text("user_id,item_id,timestamp\n" + "\n".join(rows) + "\n")
    capsys.readouterr()
    assert train("--update", "--events", log, later, models=models) == 0
    said = capsys.readouterr().out
    assert f"Added to version {manifest.version}: 10 events in 5 sessions, 0 items are new" in " ".join(said.split())
    assert f"rows were left out: they are not later than version {manifest.version}" in " ".join(said.split())
    assert Registry(models).open().manifest.update.base == manifest.version
    assert train("--update", "--events", later, models=models) == 2
    assert "no session that is later" in capsys.readouterr().err


def test_an_update_takes_no_other_settings(tmp_path, capsys):
    assert train("--update", "--dims", 64, "--seed", 3, "--quick", models=tmp_path) == 2
    assert "leave out quick, seed, trainer.dims" in capsys.readouterr().err
    assert train("--update", models=tmp_path) == 2
    assert "no model serves yet" in capsys.readouterr().err
