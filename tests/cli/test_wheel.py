"""The wheel holds all of the product: installed where the checkout is not, its commands work."""

import os
import shutil
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PARTS = ("app", "cli", "index", "item2vec", "store", "training")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """Built from a copy: setuptools leaves its folders where it builds."""
    source, out = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    for name in PARTS:
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md"):
        shutil.copy(ROOT / name, source)
    pip = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "-w", out, source]
    done = subprocess.run(pip, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return next(out.glob("*.whl"))


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """The folder of the commands of an environment that has the wheel, and the libraries that the tests have."""
    home = tmp_path_factory.mktemp("environment")
    venv.create(home, symlinks=True)
    commands = home / "bin"
    site = next(home.glob("lib/python*/site-packages"))
    # A path in a .pth file brings the libraries there, but no .pth of theirs: so not the checkout.
    libraries = [path for path in sys.path if Path(path).name in ("site-packages", "dist-packages")]
    (site / "libraries.pth").write_text("\n".join(libraries))
    pip = [
        sys.executable,
        "-m",
        "pip",
        "-q",
        "--python",
        commands / "python",
        "install",
        "--no-deps",
        "--no-index",
        wheel,
    ]
    done = subprocess.run(pip, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    bring_compiled_kernels(site)
    return commands


def bring_compiled_kernels(site):
    """What Numba compiled for the checkout is as good for the same files elsewhere; it knows them by their times."""
    for part in PARTS:
        for path in (ROOT / part).rglob("*.py"):
            shutil.copystat(path, site / path.relative_to(ROOT))
        for kernel in (ROOT / part).rglob("__pycache__/*.nb[ic]"):
            place = site / kernel.relative_to(ROOT)
            place.parent.mkdir(exist_ok=True)
            shutil.copy(kernel, place)


def run(command, folder):
    quiet = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "ITEM2VEC_"))}
    return subprocess.run(command, cwd=folder, env=quiet, capture_output=True, text=True)


def test_the_wheel_holds_every_file_of_the_packages(wheel):
    with zipfile.ZipFile(wheel) as archive:
        packed = {name for name in archive.namelist() if ".dist-info/" not in name}
    files = [path for part in PARTS for path in (ROOT / part).rglob("*") if path.is_file()]
    here = {str(path.relative_to(ROOT)) for path in files if "__pycache__" not in path.parts}
    assert packed == here
    assert {f"{part}/py.typed" for part in PARTS} < packed
    assert "store/migrations/versions/0001_first_tables.py" in packed


def test_the_installed_command_and_the_door_are_those_of_the_wheel(installed, tmp_path):
    done = run([installed / "item2vec", "--help"], tmp_path)
    assert done.returncode == 0, done.stderr
    assert "usage: item2vec" in done.stdout
    done = run([installed / "python", "-c", "import item2vec; print(item2vec.open, item2vec.__file__)"], tmp_path)
    assert str(installed.parent) in done.stdout, done.stderr


def test_the_installed_demo_trains_and_answers_in_an_empty_folder(installed, tmp_path):
    done = run([installed / "item2vec", "demo", "--events", "3000", "--no-serve"], tmp_path)
    assert done.returncode == 0, done.stderr
    assert "Ask more: item2vec similar" in done.stdout
    assert "leaked" not in done.stderr, done.stderr  # as DuckDB says where something outlives it
    assert (tmp_path / "demo" / "models" / "current.json").is_file()
