"""Documentation is part of the product: what is not written down fails here."""

import re
from pathlib import Path
from typing import Literal, get_args, get_origin

import pytest

from app.bodies.eventrow import ROW_CODES
from app.main import create_app
from app.problems import STATUS
from app.schemas.items import ITEM_CODES
from app.settings import Settings
from cli import flags
from cli.main import COMMANDS
from index import errors
from index.artifact.manifest import Manifest
from store.audit import Action
from training.config import TrainConfig

ROOT = Path(__file__).resolve().parent.parent
PAGES = sorted(
    page
    for pattern in ("*.md", "docs/*.md", "benchmarks/*.md", "benchmarks/results/*.md")
    for page in ROOT.glob(pattern)
)
CODE = ("app", "cli", "index", "store", "training")
LINE = 100
LINK = re.compile(r"\]\(([^)\s]+)\)")


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def settings() -> list[str]:
    """All, those without a flag as well."""

    def below(model, place):
        for name, field in model.model_fields.items():
            inner = hasattr(field.annotation, "model_fields")
            yield from below(field.annotation, (*place, name)) if inner else [".".join((*place, name))]

    return list(below(TrainConfig, ()))


def written_default(setting: str) -> str:
    model = TrainConfig
    for name in setting.split("."):
        field = model.model_fields[name]
        model = field.annotation
    if isinstance(field.default, bool):
        return "yes" if field.default else "no"
    return "none" if field.default in (None, ()) else str(field.default)


def choices_of() -> dict[str, list[str]]:
    """Setting -> the words it may be."""
    found = {}
    for section, field in TrainConfig.model_fields.items():
        if section != "seed":
            for _, place, setting in flags.flags_of(field.annotation, (section,)):
                if get_origin(setting.annotation) is Literal:
                    found[".".join(place)] = list(get_args(setting.annotation))
    return found


def undocumented(names: list[str], page: str) -> list[str]:
    return [name for name in names if f"`{name}`" not in page]


def rooms() -> list[str]:
    """The folders of our code: each says in its __init__.py what it is."""
    found = {init.parent.relative_to(ROOT) for folder in CODE for init in (ROOT / folder).rglob("__init__.py")}
    return sorted(f"{room}/" for room in found)


def prose(page: str) -> str:
    """A page without its blocks of code, whose lines stay as lines."""
    return re.sub(r"^```.*?^```$", lambda block: "\n" * block[0].count("\n"), page, flags=re.DOTALL | re.MULTILINE)


def long_lines(page: str) -> list[str]:
    """Lines of prose that an editor of usual width breaks; tables may be longer."""
    lines = enumerate(prose(page).split("\n"), 1)
    return [f"{number}: {len(line)} characters" for number, line in lines if len(line) > LINE and line[:1] != "|"]


def links(page: Path) -> list[tuple[Path, str]]:
    """Each link of a page to a file of ours: the file, and the place in it ("" for its beginning)."""
    found = []
    for link in LINK.findall(prose(page.read_text(encoding="utf-8"))):
        file, _, place = link.partition("#")
        if ":" not in file:
            found.append(((page.parent / file).resolve() if file else page, place))
    return found


def places(page: Path) -> set[str]:
    """What a link may name after "#": a heading in lower case, hyphens for spaces."""
    titles = re.findall(r"^#+ (.*)$", prose(page.read_text(encoding="utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def reachable(start: Path) -> set[Path]:
    """The pages that a reader can come to by links."""
    found, waiting = set(), [start]
    while waiting:
        page = waiting.pop()
        if page not in found:
            found.add(page)
            waiting += [file for file, _ in links(page) if file.suffix == ".md" and file.exists()]
    return found


def dependencies() -> set[str]:
    return set(re.findall(r'"([a-z0-9-]+)(?:\[[a-z]+\])?>=', text("pyproject.toml")))


def leaves(root: type) -> list[type]:
    return [root, *(leaf for child in root.__subclasses__() for leaf in leaves(child))]


def test_every_setting_is_documented():
    assert undocumented(settings(), text("docs/configuration.md")) == []


def test_every_default_is_documented():
    page = text("docs/configuration.md")
    rows = dict(re.findall(r"^\| `([a-z_.]+)` \| `--[a-z0-9-]+` \| ([^|]+) \|", page, re.MULTILINE))
    assert {name: rows[name] for name in rows if rows[name] != written_default(name)} == {}
    assert len(rows) > 50


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


def test_every_error_class_is_in_the_drawing_or_a_table():
    page = text("docs/errors.md")
    assert [e.__name__ for e in leaves(errors.Item2vecError) if not re.search(rf"\b{e.__name__}\b", page)] == []


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
    assert undocumented(names, text("docs/alerts.md")) == []


def test_every_action_of_the_audit_is_documented():
    assert undocumented(list(Action), text("docs/audit.md")) == []


def test_every_reason_for_a_rejected_row_is_documented():
    from training.events.reasons import Reason

    names = [r.name.lower() for r in Reason if r not in (Reason.ACCEPTED, Reason.RULES)]
    assert undocumented(names, text("docs/formats.md")) == []


def test_every_field_of_the_manifest_is_documented():
    assert undocumented(list(Manifest.model_fields), text("docs/formats.md")) == []


def test_every_finding_of_the_check_is_documented():
    from training.check.words import FINDINGS

    assert undocumented(list(FINDINGS), text("docs/check.md")) == []


def test_every_dependency_has_its_reason():
    assert undocumented(sorted(dependencies()), text("docs/dependencies.md")) == []


def test_no_dependency_is_described_that_is_not_needed():
    described = re.findall(r"^\| `([a-z0-9-]+)` \| \w+ \|", text("docs/dependencies.md"), re.MULTILINE)
    assert set(described) - dependencies() == set()


def test_every_figure_of_the_report_is_documented():
    from training.evaluation.metrics import FIGURES

    assert undocumented(list(FIGURES), text("docs/evaluation.md")) == []


def test_every_baseline_is_documented():
    from training.baselines.families import FAMILIES

    page = text("docs/evaluation.md")
    assert [name for name in FAMILIES if not re.search(rf"^\|[^|]*\b{re.escape(name)}\b", page, re.MULTILINE)] == []


def test_every_choice_of_a_setting_is_documented():
    page = text("docs/configuration.md")
    lacking = [
        f"{name}: {choice}"
        for name, choices in choices_of().items()
        for choice in choices
        if not re.search(rf"^\| `{re.escape(name)}` .*\b{re.escape(choice)}\b", page, re.MULTILINE)
    ]
    assert lacking == []


def test_every_room_has_its_line_in_the_architecture():
    assert undocumented(rooms(), text("ARCHITECTURE.md")) == []


def test_every_page_can_be_reached_from_the_readme():
    found = reachable(ROOT / "README.md")
    assert [page.name for page in PAGES if page not in found] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page):
    broken = [
        f"{file.name}#{place}"
        for file, place in links(page)
        if not file.exists() or (place and file.suffix == ".md" and place not in places(file))
    ]
    assert broken == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_lines_of_prose_are_not_too_long(page):
    assert long_lines(page.read_text(encoding="utf-8")) == []


def test_a_missing_setting_is_noticed():
    page = text("docs/configuration.md").replace("`events.user`", "")
    assert undocumented(settings(), page) == ["events.user"]


def test_a_room_without_a_line_is_noticed():
    page = text("ARCHITECTURE.md").replace("`training/choice/`", "")
    assert undocumented(rooms(), page) == ["training/choice/"]


def test_a_long_line_is_noticed_outside_tables_and_code_only():
    long = "x" * (LINE + 1)
    assert long_lines(f"{long}\n\n| {long} |\n\n```\n{long}\n```\n") == [f"1: {LINE + 1} characters"]


def test_a_broken_link_is_noticed(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("# One place\n\n[a](#one-place) [b](other.md#x) [c](https://example.org)\n")
    assert links(page) == [(page, "one-place"), (tmp_path / "other.md", "x")]
    assert places(page) == {"one-place"}
    assert reachable(page) == {page}


@pytest.mark.parametrize("name", ["README.md", "ARCHITECTURE.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md"])
def test_the_front_pages_exist(name):
    assert len(text(name)) > 200
