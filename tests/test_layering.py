"""Who may import whom: index nobody of us, training only index, and each heavy library in its own room."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
OURS = {"index": set(), "training": {"index"}, "app": {"index"}}
ROOMS = {  # library -> the only folder that may import it
    "faiss": {"index"},
    "gensim": {"training"},
    "numba": {"training"},
    "duckdb": {"training"},
    "pyarrow": {"training"},
    "scipy": {"training"},
    "optuna": {"training"},
    "fastapi": {"app"},
    "starlette": {"app"},
    "uvicorn": {"app"},
    "prometheus_client": {"app"},
    "alembic": {"app"},
    "dbos": {"training"},
    "sqlalchemy": {"index", "app", "training"},
}


def imports(path: Path) -> set[str]:
    """Top-level packages a file imports, anywhere in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            found.add(node.module.split(".")[0])
    return found


def violations(root: Path) -> list[str]:
    found = []
    for folder, allowed in OURS.items():
        for path in sorted((root / folder).rglob("*.py")):
            name = path.relative_to(root)
            used = imports(path)
            found += [f"{name} imports {other}" for other in sorted(used & (OURS.keys() - allowed - {folder}))]
            found += [f"{name} imports {lib}" for lib in sorted(used & ROOMS.keys()) if folder not in ROOMS[lib]]
            found += [f"{name} imports the command line"] if "item2vec" in used else []
    return found


def test_folders_only_import_what_they_may():
    assert violations(ROOT) == []


@pytest.mark.parametrize(
    ("file", "source"),
    [
        ("index/x.py", "import training.config"),
        ("index/x.py", "from app import main"),
        ("index/x.py", "def f():\n    import numba"),
        ("training/x.py", "from app.settings import Settings"),
        ("training/x.py", "import faiss"),
        ("app/x.py", "from training.pipeline import run"),
        ("app/x.py", "from gensim.models import Word2Vec"),
    ],
)
def test_a_forbidden_import_is_found(tmp_path, file, source):
    path = tmp_path / file
    path.parent.mkdir(parents=True)
    path.write_text(source)
    assert violations(tmp_path)


def test_the_command_line_starts_without_the_heavy_libraries():
    """Help must be instant: what a command needs is imported by the command."""
    tree = ast.parse((ROOT / "item2vec.py").read_text(encoding="utf-8"))
    top = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    names = {alias.name.split(".")[0] for n in top if isinstance(n, ast.Import) for alias in n.names}
    names |= {n.module.split(".")[0] for n in top if isinstance(n, ast.ImportFrom) and n.module}
    assert not names & {*ROOMS, "numpy", "training", "rich"}
