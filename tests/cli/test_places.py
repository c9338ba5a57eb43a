"""Paths that cannot be read, made or written: one line that names the place, and status 2."""

import os

import pytest
from support.factories import write_log

from cli.main import main


@pytest.fixture
def log(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_log(tmp_path / "log.csv", 20)
    (tmp_path / "file").write_text("a file")
    os.mkfifo(tmp_path / "pipe")
    return tmp_path


@pytest.mark.parametrize(
    ("command", "named"),
    [
        ("train --events log.csv --models file", "file/"),
        ("train --events log.csv --models file/below", "file/below"),
        ("train --events log.csv --models /proc/nowhere", "/proc/nowhere"),
        ("train --events log.csv --models /dev/null", "/dev/null"),
        ("train --events log.csv --models " + "x" * 300, "x" * 300),
        ("train --config . --models m", "config file ."),
        ("tune --events log.csv --models m --to /proc/nowhere --budget 1s", "/proc/"),
        ("check --events pipe", "pipe: is a pipe"),
        ("check --events /dev/null", "/dev/null: is a pipe or a device"),
        ("check --events log.csv --encoding utf-16", "no byte order mark"),
        ("models --models file", "file"),
        ("similar x --models file", "file"),
        ("demo-log --out file", "file"),
    ],
)
def test_a_place_that_cannot_be_used_is_named_in_one_line(log, capsys, command, named):
    assert main(command.split()) == 2
    said = capsys.readouterr().err
    assert named in said
    assert "Traceback" not in said
    assert said.count("\n") <= 2, said
