"""Rows that did not become events or items, in a file: each with its file, its line, and why."""

import json
from collections import Counter
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from cli.loading.dump import Read
from index.artifact.files import os_errors_as
from index.errors import LoadFailed

LONGEST = 10_000  # characters of a row that are kept


class Rejects:
    """JSON lines; the file is there once there is one to write. counts: code -> rows."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.counts: Counter[str] = Counter()
        self._file: IO[str] | None = None

    def __enter__(self) -> Self:
        with os_errors_as(LoadFailed, "cannot be replaced", self.path):
            self.path.unlink(missing_ok=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            self._file.close()

    def add(self, row: Read, code: str, detail: str) -> None:
        self.counts[code] += 1
        with os_errors_as(LoadFailed, "cannot be written", self.path):
            if self._file is None:
                self._file = self.path.open("w", encoding="utf-8", errors="backslashreplace")
            kept = {"file": row.file, "line": row.line, "code": code, "detail": detail, "row": row.text[:LONGEST]}
            self._file.write(json.dumps(kept, ensure_ascii=False) + "\n")
