"""The images: what is in them and what is not, and how long a change takes to get there."""

import os
import shutil
import subprocess
import time

import pytest
from compose.stack import ROOT, docker, inspect

pytestmark = pytest.mark.compose

FIND = "import sys,importlib.util as u; print([n for n in sys.argv[1:] if u.find_spec(n)])"
TRAINING = ("numba", "gensim", "duckdb", "pyarrow", "scipy", "optuna", "croniter")


@pytest.mark.short
def test_no_image_runs_as_root_and_each_says_what_it_is(images):
    for name in images.values():
        assert inspect(name, "Config", "User") == "10001:10001"
        assert inspect(name, "Config", "Healthcheck", "Test")
        assert inspect(name, "Config", "StopSignal")
        assert inspect(name, "Config", "Labels")["org.opencontainers.image.title"].startswith("item2vec")


@pytest.mark.short
def test_the_api_has_no_library_of_training_and_the_worker_has_all(images):
    assert docker("run", "--rm", images["api"], "python", "-c", FIND, *TRAINING).strip() == "[]"
    assert docker("run", "--rm", images["worker"], "python", "-c", FIND, *TRAINING).strip() == str(list(TRAINING))


def test_every_container_has_a_root_file_system_that_cannot_be_written_to(stack):
    for service in ("api", "worker", "proxy"):
        assert stack.inside(service, "touch /opt/x 2>/dev/null && echo written || echo refused").strip() == "refused"
        assert stack.inside(service, "id -u").strip() == "10001"


def test_no_secret_is_in_an_environment_or_an_image(stack, images):
    for owner in ("api", "worker", "db"):
        password = stack.inside(owner, "cat /run/secrets/database_password").strip()
        assert len(password) > 20
        for service in ("api", "worker", "db"):
            assert password not in str(inspect(stack.containers(service)[0]))
        for name in images.values():
            assert password not in docker("history", "--no-trunc", name)


def test_a_change_of_code_is_in_the_image_within_seconds(images, figures, tmp_path):
    context = tmp_path / "context"
    shutil.copytree(ROOT, context, ignore=shutil.ignore_patterns(".venv", ".git", "demo", "build", "models"))
    with (context / "app" / "main.py").open("a", encoding="utf-8") as file:
        file.write("# changed\n")
    network = ["--network", os.environ["BUILD_NETWORK"]] if os.environ.get("BUILD_NETWORK") else []
    for service in ("api", "worker"):
        started = time.monotonic()
        docker("build", *network, "--target", service, "-t", f"item2vec-{service}:changed", str(context))
        seconds = time.monotonic() - started
        figures[f"rebuild_{service}_seconds"] = f"{seconds:.0f}"
        assert seconds < 60
        program = "import app.main as m; print(open(m.__file__).read().endswith('# changed\\n'))"
        assert docker("run", "--rm", f"item2vec-{service}:changed", "python", "-c", program).strip() == "True"
    for service in ("api", "worker"):
        docker("rmi", f"item2vec-{service}:changed")


def test_the_health_check_notices_a_process_that_does_nothing(images):
    """What answers nothing is unhealthy, and so is a worker that gave no sign of life."""
    command = ["docker", "run", "--rm", "-e", "ITEM2VEC_MODELS=/data/models", images["worker"], "python", "-S", "-E"]
    for arguments in (["http", "8000", "/healthz"], ["worker"]):
        done = subprocess.run([*command, "/opt/deploy/health.py", *arguments], capture_output=True, check=False)
        assert done.returncode == 1
