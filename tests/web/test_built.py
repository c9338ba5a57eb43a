"""The page as committed: made of the sources beside it, whole, within what its policy allows. Needs no Node."""

import gzip
import hashlib
import json
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOURCES = ROOT / "web"
BUILT = ROOT / "app" / "static"
MOST_SCRIPT = 70_000  # bytes, gzipped


def record():
    return json.loads((BUILT / "build.json").read_text(encoding="utf-8"))


def test_the_page_was_built_from_the_sources_beside_it():
    named = ["build.mjs", "package.json", "package-lock.json", "tsconfig.json"]
    files = [SOURCES / name for name in named] + [p for p in (SOURCES / "src").rglob("*") if p.is_file()]
    found = {p.relative_to(SOURCES).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}
    assert found == record()["sources"], "sources changed after the last build: run make web and commit app/static"


def test_every_file_belongs_to_the_last_build():
    assert sorted(p.name for p in BUILT.iterdir()) == sorted([*record()["files"], "build.json"])


def test_all_that_the_page_and_its_style_name_is_there():
    page = (BUILT / "index.html").read_text(encoding="utf-8")
    named = re.findall(r'(?:href|src)="([^"]+)"', page)
    assert len(named) == 3
    assert all((BUILT / name.removeprefix("static/")).is_file() for name in named)
    style = (BUILT / record()["style"]).read_text(encoding="utf-8")
    fonts = re.findall(r'url\("?\./([^")]+)', style)
    assert len(fonts) == 2
    assert all((BUILT / font).is_file() for font in fonts)


def test_page_asks_no_other_host_and_has_nothing_inline():
    page = (BUILT / "index.html").read_text(encoding="utf-8")
    assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)|//", page)
    assert "//" not in re.sub(r"/\*.*?\*/", "", (BUILT / record()["style"]).read_text(encoding="utf-8"))


def test_script_is_small_and_needs_no_eval():
    script = (BUILT / record()["script"]).read_bytes()
    assert len(gzip.compress(script)) <= MOST_SCRIPT
    assert not re.search(rb"\beval\(|new Function|Function\.apply", script)


def test_sources_put_no_text_of_the_data_into_markup():
    for source in (SOURCES / "src").rglob("*.ts*"):
        assert not re.search(r"innerHTML|insertAdjacentHTML|document\.write", source.read_text(encoding="utf-8")), (
            source
        )


def test_lock_file_names_no_registry():
    lock = json.loads((SOURCES / "package-lock.json").read_text(encoding="utf-8"))
    assert not [name for name, package in lock["packages"].items() if "resolved" in package]


def test_licences_of_what_is_bundled_are_there():
    text = (BUILT / "LICENCES.txt").read_text(encoding="utf-8")
    for package in json.loads((SOURCES / "package.json").read_text(encoding="utf-8"))["dependencies"]:
        assert package in text
    assert "SIL OPEN FONT LICENSE" in text.upper()
