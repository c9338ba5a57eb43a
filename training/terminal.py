"""The door to the terminal: whatever is printed in tables, pages and bars goes through it."""

import sys
from collections.abc import Iterable
from typing import Any

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.text import Text

from index.visible import visible

WIDE = 120  # columns where there is no terminal: no table is cut


class Screen(Console):
    """Text is text: brackets in it are no markup, numbers and paths get no colour, `:name:` is no picture, and control
    characters are shown (index/visible.py)."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(markup=False, highlight=False, emoji=False, **settings)

    def render_str(self, text: str, **settings: Any) -> Text:
        # Before widths are measured, so that columns stay columns.
        return super().render_str(visible(text), **settings)

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        # What was made a Text elsewhere has not come through `render_str`.
        for segment in super().render(renderable, options):
            yield segment if segment.control else segment._replace(text=visible(segment.text))


def screen(errors: bool = False) -> Screen:
    """Standard output, or standard error; where it is no terminal, WIDE."""
    stream = sys.stderr if errors else sys.stdout
    return Screen(stderr=errors, width=None if stream.isatty() else WIDE)
