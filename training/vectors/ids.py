"""The ids of a matrix that has none: a file with one for each row, in the same order."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np

from index.errors import VectorsError
from training.vectors.arrays import MAGIC, header_of, texts_of
from training.vectors.files import head_of, opened
from training.vectors.found import ends_early

NUMBERED = re.compile(r"(\d{1,18})[,;\t]")  # the row, as a table of rows and ids has it


def read_ids(path: Path) -> list[str]:
    """From text (one a line), JSON (a list, or an object of id to row or of row to id), or .npy of texts or whole
    numbers. Raises VectorsError."""
    head = head_of(path)
    with opened(path) as file:
        if head.startswith(MAGIC):
            header_of(file, path)  # refuses objects
            with ends_early(path, "a numpy array"), opened(path) as again:
                return texts_of(np.lib.format.read_array(again, allow_pickle=False), path)
        data = file.read()
    if head.lstrip()[:1] in (b"[", b"{"):
        with ends_early(path, "JSON"):
            return _of_json(json.loads(data), path)
    with ends_early(path, "text in UTF-8"):
        text = data.decode("utf-8-sig")
    lines = text.replace("\r\n", "\n").split("\n")
    lines = lines[:-1] if lines[-1] == "" else lines
    numbers = [int(found[1]) if (found := NUMBERED.match(line)) else -1 for line in lines]
    if len(lines) > 1 and numbers in (list(range(len(lines))), list(range(1, len(lines) + 1))):
        raise VectorsError(f"has a number before each id, as in {lines[0]!r}: write the ids alone, one a line", path)
    return lines


def _of_json(content: Any, path: Path) -> list[str]:
    if isinstance(content, dict):
        if list(content) == [str(row) for row in range(len(content))] and not all(map(_is_whole, content.values())):
            return _of_json(list(content.values()), path)  # row -> id
        rows = sorted(content.items(), key=lambda pair: pair[1] if _is_whole(pair[1]) else -1)
        if [row for _, row in rows] != list(range(len(rows))):
            raise VectorsError("is an object whose values are not the rows 0, 1, 2, ...: write a list of the ids", path)
        return [item for item, _ in rows]
    wrong = next((n for n, item in enumerate(content) if not (isinstance(item, str) or _is_whole(item))), None)
    if wrong is not None:
        raise VectorsError(f"has an id that is neither a text nor a whole number, in place {wrong + 1:,}", path)
    return [str(item) for item in content]


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
