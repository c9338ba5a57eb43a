"""Text of the data, as a person may see it: a title or an id says what it says, and does nothing to the screen."""

import json
import logging
import re
import sys
from typing import IO, Any

# Letters that are written from right to left: Hebrew, Arabic and their neighbours, their forms, and the old scripts.
_RIGHT = "\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U00010fff\U0001e800-\U0001efff"
# Between such letters whatever is no letter goes with them: blanks, digits, points.
_RUN = f"[{_RIGHT}](?:(?:(?![{_RIGHT}])[\\W\\d_](?<![\\n\\x00-\\x1f\\x7f-\\x9f]))*[{_RIGHT}])*"
# Control characters but for the end of a line, what turns the direction of text or hides in it, halves of pairs.
_HARMFUL = "[\x00-\x09\x0b-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
_HARMFUL += "\ud800-\udfff\U000e0000-\U000e007f]"
_BEGIN, _END = "\u2067", "\u2069"  # right-to-left isolate, and its end (Unicode annex 9, section 2.4)
_PIECES = re.compile(f"{_BEGIN}(?:{_RUN}){_END}|{_RUN}|{_HARMFUL}")
_SHORT = {"\t": "\\t", "\r": "\\r", "\x1b": "\\e"}


def visible(text: str) -> str:
    """The text with control characters written out (`\\e`, `\\u202e`) and each run of right-to-left letters isolated,
    so that what stands beside it stays where it is. Ends of lines stay. Of its own result it changes nothing."""
    return _PIECES.sub(_seen, text) if _PIECES.search(text) else text


def one_line(text: str) -> str:
    """As `visible`, with ends of lines written out too: a text from outside cannot begin a line of its own."""
    return visible(text).replace("\n", "\\n")


def json_text(content: Any) -> str:
    """For people too: letters as they are, and what `visible` writes out as JSON writes it."""
    return re.sub(_HARMFUL, _as_json, json.dumps(content, ensure_ascii=False, indent=1, default=str))


def _seen(found: re.Match[str]) -> str:
    piece = found[0]
    if len(piece) == 1 and re.match(_HARMFUL, piece):
        return _SHORT.get(piece) or _escape(piece)
    return piece if piece[0] == _BEGIN else f"{_BEGIN}{piece}{_END}"


def _escape(letter: str) -> str:
    code = ord(letter)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _as_json(found: re.Match[str]) -> str:
    # A tab or any other below the blank stands in JSON only as its writer's layout, never inside a string.
    if found[0] < " ":
        return found[0]
    units = found[0].encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2))


def say(text: str, to: IO[str] | None = None) -> None:
    """Prints a text that may hold text of the data. to: standard output without it."""
    print(visible(text), file=to or sys.stdout)


def say_json(content: Any) -> None:
    print(json_text(content))


class Visible(logging.Formatter):
    """A log line is one line, whatever is told in it; a stack trace keeps its lines."""

    def formatMessage(self, record: logging.LogRecord) -> str:
        record.message = one_line(record.message)
        return super().formatMessage(record)

    def formatException(self, ei: Any) -> str:
        return visible(super().formatException(ei))


def log_to(stream: IO[str] | None, form: str, level: int) -> None:
    """Logging as `logging.basicConfig` sets it up, and visible. stream: standard error without it."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(Visible(form))
    logging.basicConfig(level=level, handlers=[handler])
