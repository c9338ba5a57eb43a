"""Documentation is part of the product: what is not written down fails here."""

import re
from pathlib import Path

import pytest

from app.http.eventrow import ROW_CODES
from app.main import create_app
from app.problems import STATUS
from app.schemas.items import ITEM_CODES
from app.settings import Settings
from cli import flags
from cli.main import COMMANDS
from index import errors
from index.artifact.manifest import Manifest
from training.config import TrainConfig

ROOT = Path(__file__).resolve().parent.parent


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def settings() -> list[str]:
    found = ["seed"]
    for section, field in TrainConfig.model_fields.items():
        if section != "seed":
            found += [".".join(place) for _, place, _ in flags.flags_of(field.annotation, (section,))]
    return found


def undocumented(names: list[str], page: str) -> list[str]:
    return [name for name in names if f"`{name}`" not in page]


def leaves(root: type) -> list[type]:
    return [root, *(leaf for child in root.__subclasses__() for leaf in leaves(child))]


def test_every_setting_is_documented():
    assert undocumented(settings(), text("docs/configuration.md")) == []


def test_every_command_is_documented():
    page = text("docs/commands.md")
    assert [name for name in COMMANDS if f"## item2vec {name}" not in page] == []
    own_flags = {
        flag
        for command in COMMANDS.values()
        for action in command.parser()._actions
        if "." not in action.dest
        for flag in action.option_strings
    }
    assert undocumented(sorted(own_flags - {"-h", "--help"}), page) == []


def test_every_error_code_is_documented():
    codes = sorted({leaf.code for leaf in leaves(errors.Item2vecError)})
    assert undocumented(codes, text("docs/errors.md")) == []


def test_every_error_has_a_status_over_http():
    assert [e.__name__ for e in leaves(errors.Item2vecError) if not any(k in STATUS for k in e.__mro__)] == []


def test_every_code_of_a_rejected_row_or_item_is_documented():
    assert undocumented(sorted(ROW_CODES | ITEM_CODES), text("docs/errors.md")) == []


def test_every_setting_of_the_service_is_documented():
    names = [f"ITEM2VEC_{name.upper()}" for name in Settings.model_fields]
    assert undocumented(names, text("docs/configuration.md")) == []


def test_every_route_is_documented(tmp_path):
    paths = create_app(Settings(models=tmp_path)).openapi()["paths"]
    page = text("docs/api.md")
    routes = [f"{method.upper()} {path}" for path, methods in paths.items() for method in methods]
    assert [route for route in routes if f"`{route}`" not in page and f"`{route}?" not in page] == []


def test_every_metric_is_documented():
    from app.metrics import Metrics

    names = [m.name + ("_total" if m.type == "counter" else "") for m in Metrics().registry.collect()]
    assert undocumented(names, text("docs/operations.md")) == []


def test_every_reason_for_a_rejected_row_is_documented():
    from training.events.reasons import Reason

    names = [r.name.lower() for r in Reason if r not in (Reason.ACCEPTED, Reason.RULES)]
    assert undocumented(names, text("docs/formats.md")) == []


def test_every_field_of_the_manifest_is_documented():
    assert undocumented(list(Manifest.model_fields), text("docs/formats.md")) == []


def test_every_finding_of_the_check_is_documented():
    from training.check.examine import FINDINGS

    assert undocumented(list(FINDINGS), text("docs/check.md")) == []


def test_every_dependency_has_its_reason():
    project = text("pyproject.toml")
    named = set(re.findall(r'"([a-z0-9-]+)(?:\[[a-z]+\])?>=', project))
    assert undocumented(sorted(named), text("docs/dependencies.md")) == []


def test_every_relative_link_leads_somewhere():
    pages = [ROOT / "README.md", ROOT / "ARCHITECTURE.md", *(ROOT / "docs").glob("*.md"), ROOT / "benchmarks/README.md"]
    broken = [
        f"{page.name}: {link}"
        for page in pages
        for link in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
        if not (page.parent / link).exists()
    ]
    assert broken == []


def test_a_missing_setting_is_noticed():
    page = text("docs/configuration.md").replace("`events.user`", "")
    assert undocumented(settings(), page) == ["events.user"]


@pytest.mark.parametrize("name", ["README.md", "ARCHITECTURE.md", "CHANGELOG.md"])
def test_the_front_pages_exist(name):
    assert len(text(name)) > 200
