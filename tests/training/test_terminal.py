"""Whatever is printed for people goes through one door."""

import io
import re
from pathlib import Path

from rich.cells import cell_len
from rich.table import Table
from rich.text import Text

from training.terminal import Screen

ROOT = Path(__file__).resolve().parent.parent.parent
TITLES = ["[/x]", "[bold]loud[/bold]", "Song [feat. X]", ":smiley:", "\x1b[31mred", "日本語のうた", "a\nb", "[link=x]y"]


def printed(*parts: object) -> str:
    stream = io.StringIO()
    console = Screen(file=stream, width=100, force_terminal=False)
    for part in parts:
        console.print(part)
    return stream.getvalue()


def test_brackets_names_of_pictures_and_control_characters_stay_what_they_are():
    for title in TITLES:
        shown = title.replace("\x1b", "\\e")
        table = Table(title=title)
        table.add_column(title)
        table.add_row(title)
        for part in (title, Text(title), table):
            text = printed(part)
            assert "\x1b" not in text
            for line in shown.split("\n"):
                assert line in text


def test_columns_stay_columns():
    table = Table()
    for name in ("title", "score"):
        table.add_column(name)
    for title in ("plain", "\x1b[31mred", "日本語のうた", "tab\there"):
        table.add_row(title, "0.5")
    lines = printed(table).splitlines()
    assert len({cell_len(line) for line in lines if line.strip()}) == 1, lines


def test_there_is_no_other_door():
    for folder in ("cli", "training"):
        for path in (ROOT / folder).rglob("*.py"):
            if path.name != "terminal.py":
                made = re.findall(r"\bConsole\(|print\(json", path.read_text(encoding="utf-8"))
                assert not made, path
