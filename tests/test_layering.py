"""The walls: who may import whom, folder by folder and room by room, and each heavy library in its own room."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest
from support.imports import imports

ROOT = Path(__file__).resolve().parent.parent
# folder -> what of ours it may import beside itself; cli, the front door, may import everything.
OURS = {
    "index": set(),
    "store": {"index.errors"},
    "training": {"index", "store"},
    "app": {"index", "store"},
    "cli": {"app", "index", "store", "training"},
}
# The floors inside training, from the ground up. A room imports rooms of lower floors only, so there is no circle.
FLOORS = (
    {
        "codec",
        "config",
        "configfile",
        "corpus",
        "eventsconfig",
        "progress",
        "replacement",
        "setting",
        "terminal",
        "typesconfig",
        "workspace",
        "counting",
        "objective",
        "walks",
    },
    {"events", "trainers", "baselines", "demo"},
    {"sessions", "evaluation", "items", "presets", "vectors"},
    {"choice", "given", "content", "map", "types"},
    {"check"},
    {"pipeline"},
    {"tune", "jobs"},
)
ROOMS = {  # library -> the only folders that may import it
    "faiss": {"index"},
    "numkong": {"index"},
    "gensim": {"training"},
    "numba": {"training"},
    "charset_normalizer": {"training"},
    "duckdb": {"training"},
    "pyarrow": {"training", "cli"},
    "scipy": {"training"},
    "threadpoolctl": {"app", "training"},
    "optuna": {"training"},
    "fastapi": {"app"},
    "starlette": {"app"},
    "uvicorn": {"app"},
    "prometheus_client": {"app"},
    "alembic": {"store"},
    "sqlalchemy": {"store"},
    "psycopg": {"store"},
    "httpx": {"cli"},
    "rich": {"cli", "training"},
}

# What is read must never run: these make objects of whatever class the bytes name.
RUNNING = {"pickle", "_pickle", "cPickle", "cloudpickle", "dill", "jsonpickle", "joblib", "marshal", "shelve", "yaml"}


def within(module: str, allowed: set[str]) -> bool:
    return any(module == name or module.startswith(f"{name}.") for name in allowed)


def violations(root: Path) -> list[str]:
    found = []
    for folder, allowed in OURS.items():
        for path in sorted((root / folder).rglob("*.py")):
            name = path.relative_to(root)
            for module in sorted(imports(path)):
                top = module.split(".")[0]
                if top in OURS and top != folder and not within(module, allowed):
                    found.append(f"{name} imports {module}")
                if top in ROOMS and folder not in ROOMS[top]:
                    found.append(f"{name} imports {top}")
                if top == "item2vec":
                    found.append(f"{name} imports the door")
    return found + climbs(root)


def climbs(root: Path) -> list[str]:
    """Imports inside training that do not go down."""
    floors = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}
    found = []
    for path in sorted((root / "training").rglob("*.py")):
        name = path.relative_to(root)
        room = name.parts[1].removesuffix(".py")
        if room == "__init__":
            continue
        if room not in floors:
            found.append(f"{name} is on no floor")
            continue
        used = {module.split(".")[1] for module in imports(path) if module.startswith("training.")}
        for other in sorted(used - {room}):
            ground = floors[room] == floors[other] == 0
            if floors[other] >= floors[room] and not ground:
                found.append(f"{name} imports training.{other}, which is not below it")
    return found


def loaders(root: Path) -> list[str]:
    """Places where what is read from a file, a request or the database could run as code."""
    found = []
    for path in sorted(path for folder in OURS for path in (root / folder).rglob("*.py")):
        name = path.relative_to(root)
        found += [f"{name} imports {m}" for m in sorted(imports(path)) if RUNNING & set(m.split("."))]
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            called = ast.unparse(node.func)
            top, _, last = called.partition(".")[0], *called.rpartition(".")[1:]
            told = {word.arg: ast.unparse(word.value) for word in node.keywords}
            if called in ("eval", "exec", "compile", "__import__"):
                found.append(f"{name}:{node.lineno} calls {called}")
            if last == "PickleType" or told.get("allow_pickle", "False") != "False":
                found.append(f"{name}:{node.lineno} allows pickle")
            if top in ("np", "numpy") and last in ("load", "read_array") and "allow_pickle" not in told:
                found.append(f"{name}:{node.lineno} calls {called} without allow_pickle=False")
    return found


def circles(root: Path) -> list[list[str]]:
    """Modules that import each other, directly or through others."""
    files = {
        str(path.relative_to(root).with_suffix("")).replace("/", ".").removesuffix(".__init__"): path
        for folder in OURS
        for path in (root / folder).rglob("*.py")
    }
    arrows = {
        name: {m if m in files else m.rpartition(".")[0] for m in imports(path)} & files.keys() - {name}
        for name, path in files.items()
    }
    found: list[list[str]] = []
    done: set[str] = set()

    def visit(name: str, way: list[str]) -> None:
        if name in way:
            found.append(way[way.index(name) :])
        elif name not in done:
            for other in sorted(arrows[name]):
                visit(other, [*way, name])
            done.add(name)

    for name in sorted(files):
        visit(name, [])
    return found


def test_folders_and_rooms_only_import_what_they_may():
    assert violations(ROOT) == []


def test_nothing_that_is_read_can_run():
    assert loaders(ROOT) == []


@pytest.mark.parametrize(
    "source",
    [
        "import pickle",
        "def f():\n    from multiprocessing.reduction import pickle",
        "import joblib",
        "from yaml import load",
        "import numpy as np\nnp.load('x')",
        "import numpy as np\nnp.load('x', allow_pickle=True)",
        "f('x', allow_pickle=wanted)",
        "import sqlalchemy as sa\nsa.Column('x', sa.PickleType())",
        "eval('1')",
    ],
)
def test_what_would_run_is_found(tmp_path, source):
    (tmp_path / "store").mkdir()
    (tmp_path / "store" / "x.py").write_text(source)
    assert loaders(tmp_path)


def test_no_modules_import_each_other():
    assert circles(ROOT) == []


@pytest.mark.parametrize(
    ("file", "source"),
    [
        ("index/x.py", "import training.config"),
        ("index/x.py", "from app import main"),
        ("index/x.py", "def f():\n    import numba"),
        ("store/x.py", "from index.model import Model"),
        ("training/jobs/x.py", "from app.settings import Settings"),
        ("training/jobs/x.py", "import faiss"),
        ("training/trainers/x.py", "from training.sessions.cut import sessionise"),
        ("training/events/x.py", "from training import evaluation"),
        ("training/attic/x.py", ""),
        ("app/x.py", "from training.pipeline.run import run"),
        ("app/x.py", "from gensim.models import Word2Vec"),
        ("app/x.py", "from sqlalchemy import Engine"),
        ("training/jobs/x.py", "import sqlalchemy"),
        ("app/x.py", "import item2vec"),
    ],
)
def test_a_forbidden_import_is_found(tmp_path, file, source):
    path = tmp_path / file
    path.parent.mkdir(parents=True)
    path.write_text(source)
    assert violations(tmp_path)


def test_a_circle_is_found(tmp_path):
    (tmp_path / "index").mkdir()
    for name, other in (("a", "b"), ("b", "c"), ("c", "a")):
        (tmp_path / "index" / f"{name}.py").write_text(f"def f():\n    from index import {other}")
    assert circles(tmp_path) == [["index.a", "index.b", "index.c"]]


def test_the_door_and_all_help_open_without_the_heavy_libraries():
    """Both must be instant: what a command needs is imported by the command."""
    program = (
        "import sys, item2vec; item2vec.main(['--help'])\n"
        "for name in ('similar', 'models', 'serve', 'keys'):\n"
        "    try: item2vec.main([name, '--help'])\n"
        "    except SystemExit: pass\n"
        "print(*sys.modules, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = {module.split(".")[0] for module in done.stderr.split()}
    assert "item2vec" in loaded
    assert loaded & {*ROOMS, "numpy", "pydantic", "app", "training"} == set()
