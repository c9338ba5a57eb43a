"""The files of the deployment agree with the code and with each other; what they do is tested in tests/compose."""

import importlib.util
import os
import re
import socket
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from support.imports import imports

from app.main import create_app
from app.metrics import Metrics
from app.settings import Settings
from store.database import connect
from store.keys import Keyring, list_keys, revoke_key
from store.upkeep import rights

ROOT = Path(__file__).resolve().parent.parent
DEPLOY = ROOT / "deploy"
ALERTS = re.findall(r"alert: (\w+)", (DEPLOY / "alerts.yml").read_text(encoding="utf-8"))


def text(path: str) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


def script(name: str):
    """A module of deploy/, which is no package: the images have its files one by one."""
    spec = importlib.util.spec_from_file_location(name, DEPLOY / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("file", ["deploy/alerts.yml", "deploy/grafana/dashboards/item2vec.json"])
def test_every_metric_that_is_watched_is_one_that_is_exported(file):
    exported = {sample.name for metric in Metrics().registry.collect() for sample in metric.samples}
    families = {metric.name for metric in Metrics().registry.collect()}
    known = exported | {f"{name}{end}" for name in families for end in ("", "_total", "_bucket", "_count", "_sum")}
    watched = set(re.findall(r"\bitem2vec_[a-z0-9_]+", text(file)))
    assert len(watched) > 5
    assert watched - known == set()


def test_every_route_that_is_watched_is_one_that_is_served(tmp_path):
    paths = create_app(Settings(models=tmp_path)).openapi()["paths"]
    watched = set(re.findall(r'route="([^"]+)"', text("deploy/alerts.yml").replace("\\", "")))
    assert watched <= set(paths)


@pytest.mark.parametrize("alert", ALERTS)
def test_every_alert_says_what_to_do(alert):
    assert f"`{alert}`" in text("docs/alerts.md")


def test_every_variable_of_the_compose_file_is_in_the_example_with_the_same_default():
    used = dict(re.findall(r"\$\{([A-Z0-9_]+):-([^}]*)\}", text("docker-compose.yml")))
    example = dict(re.findall(r"^([A-Z0-9_]+)=(.*)$", text(".env.example"), re.MULTILINE))
    assert len(used) > 20
    assert {name: example.get(name) for name in used} == used
    assert set(example) - set(used) == {"COMPOSE_PROJECT_NAME"}


def test_every_service_setting_of_the_compose_file_exists():
    named = set(re.findall(r"\bITEM2VEC_([A-Z_]+): ", text("docker-compose.yml")))
    assert named - {name.upper() for name in Settings.model_fields} == {"DATABASE_PASSWORD_FILE"}


def test_the_lists_of_libraries_are_those_of_the_project():
    project = tomllib.loads(text("pyproject.toml"))["project"]
    requirements = script("requirements").requirements
    api, worker = requirements(project, "api"), requirements(project, "worker")
    assert set(api) < set(worker) == set(project["dependencies"])
    assert not [line for line in api if re.match(r"(numba|gensim|duckdb|pyarrow|scipy)\b", line)]


def test_the_api_image_has_what_serving_imports_and_nothing_more():
    lists = script("requirements")
    project = tomllib.loads(text("pyproject.toml"))["project"]
    api = {lists.name_of(line) for line in lists.requirements(project, "api")}
    files = [path for folder in ("app", "index", "store") for path in (ROOT / folder).rglob("*.py")]
    modules = {module.split(".")[0] for file in files for module in imports(file)}
    named = {name for module in modules for name in packages_distributions().get(module, ())}
    imported = {name.lower().replace("_", "-") for name in named} - {"item2vec"}
    # Starlette comes with FastAPI, pydantic-core with pydantic. uvicorn's loop is found by name.
    assert imported - {"starlette", "pydantic-core"} == api - {"uvloop"}


def test_what_the_api_image_leaves_out_are_libraries_of_the_project():
    lists = script("requirements")
    project = tomllib.loads(text("pyproject.toml"))["project"]
    assert lists.NOT_IN["api"] <= {lists.name_of(line) for line in project["dependencies"]}


def test_the_health_check_reads_a_status_and_a_sign_of_life(tmp_path):
    health = script("health")
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        assert not health.answers(nobody.getsockname()[1], "/healthz")
    assert not health.lives(str(tmp_path), "host")
    lock = tmp_path / "runs" / ".worker-host.lock"
    lock.parent.mkdir()
    lock.touch()
    assert health.lives(str(tmp_path), "host")
    assert not health.lives(str(tmp_path), "other")


def test_secrets_are_made_once_and_a_key_again_where_it_is_of_no_use(tmp_path):
    first_start = script("first_start")
    url = f"sqlite:///{tmp_path / 'test.db'}"
    folder = tmp_path / "secrets"
    folder.mkdir()
    (folder / "s3_password").write_text("my own")

    def start():
        first_start.passwords(folder, os.getuid(), os.getgid())
        first_start.keys(folder, url)
        return {name: (folder / name).read_text() for name in (*first_start.PASSWORDS, *first_start.KEYS)}

    made = start()
    assert len(made["database_password"]) == 32
    assert made["s3_password"] == "my own"
    modes = {file.name: file.stat().st_mode & 0o777 for file in folder.iterdir()}
    assert modes.pop("database_password") == 0o400
    assert set(modes.values()) == {0o440}
    assert start() == made
    engine = connect(url)
    ring = Keyring(engine)
    ring.refresh()
    admin, metrics = (ring.find(made[name].encode()) for name in ("admin_key", "metrics_key"))
    assert (admin.scopes, metrics.scopes) == ({"admin"}, {"read"})
    revoke_key(engine, admin.key_id)
    engine.dispose()
    again = start()
    assert again["admin_key"] != made["admin_key"]
    assert {**again, "admin_key": None} == {**made, "admin_key": None}


def test_the_first_start_makes_the_users_of_the_database_and_their_passwords(postgres, tmp_path):
    first_start = script("first_start")
    url = postgres.create("first_start")
    parts = {user: tmp_path / user for user in first_start.PARTS}
    for folder in (tmp_path / "secrets", *parts.values()):
        folder.mkdir()

    def start():
        first_start.keys(tmp_path / "secrets", url, parts)
        return {user: (place / "database_password").read_text() for user, place in parts.items()}

    try:
        made = start()
        assert set(made) == set(rights.RIGHTS)
        assert len(set(made.values())) == 2
        assert start() == made
        key = tmp_path / "secrets" / "admin_key"
        api, worker = (parts[user] for user in (rights.API, rights.WORKER))
        assert (api / "admin_key").read_text() == key.read_text()
        assert {file.name for file in worker.iterdir()} == {"database_password"}
        key.unlink()
        (worker / "database_password").unlink()
        again = start()
        assert (again[rights.API] == made[rights.API], again[rights.WORKER] == made[rights.WORKER]) == (True, False)
        assert (api / "admin_key").read_text() == key.read_text()
        engine = connect(url.replace("postgres@", f"{rights.API}@"))
        assert len(list_keys(engine)) == 3
        engine.dispose()
    finally:
        postgres.drop("first_start")


def test_the_compose_file_names_the_users_that_there_are():
    users = re.findall(r"ITEM2VEC_DATABASE: postgresql://(\w+)@db/item2vec", text("docker-compose.yml"))
    assert users == ["item2vec", rights.API, rights.WORKER]
