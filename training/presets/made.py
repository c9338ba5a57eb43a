"""Files that a preset makes: the items of a log as JSON lines, and events that lie in several files as one.

They lie in the folder of the models, one set for each log. They are made again when a file of the log has changed.
"""

import hashlib
import json
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from index.artifact.files import os_errors_as, private_directory, sync_directory, sync_file
from index.errors import EventsError
from training.presets.preset import Made, Row

FORMAT = 1  # of what is made: another number makes all of it anew


class Place:
    """The folder for what is made of one log."""

    def __init__(self, models: Path, preset: str, sources: Sequence[str], asked: object = None) -> None:
        """asked: whatever else decides what is made."""
        states = [(os.path.realpath(file), os.stat(file).st_size, os.stat(file).st_mtime_ns) for file in sources]
        self._stamp = json.dumps([FORMAT, asked, states])
        key = hashlib.sha256(json.dumps([preset, [path for path, *_ in states]]).encode()).hexdigest()[:12]
        self.folder = models / "converted" / f"{preset}-{key}"

    def events(self, name: str, write: Callable[[Path], Made]) -> tuple[Path, Made]:
        """The file, and what was said when it was made."""

        def noted(path: Path) -> dict[str, Any]:
            made = write(path)
            return {"settings": dict(made.settings), "notes": list(made.notes)}

        note = self._once(name, noted)
        return self.folder / name, Made(note["settings"], note["notes"])

    def items(self, rows: Iterator[Row], column: str) -> Path | None:
        """JSON lines, the id in the column of that name; None where there are none. A row without an id keeps its
        place: the reader of the metadata counts it."""

        def write(path: Path) -> dict[str, Any]:
            count = 0
            with path.open("w", encoding="utf-8") as file:
                for row in rows:
                    content = {column: row.pop("item_id", None), **row}
                    file.write(json.dumps(content, ensure_ascii=False, default=str) + "\n")
                    count += 1
            return {"items": count}

        return self.folder / "items.jsonl" if self._once("items.jsonl", write)["items"] else None

    def _once(self, name: str, write: Callable[[Path], dict[str, Any]]) -> dict[str, Any]:
        """What `write` said, now or when the same files were read before."""
        note, file = self.folder / f".{name}.json", self.folder / name
        if file.exists() and note.exists():
            said: dict[str, Any] = json.loads(note.read_text(encoding="utf-8"))
            if said.pop("stamp", None) == self._stamp:
                return said
        with os_errors_as(EventsError, "cannot be written", self.folder):
            private_directory(self.folder.parent)
            private_directory(self.folder)
            note.unlink(missing_ok=True)
            unfinished = self.folder / f".{os.getpid()}.{name}"
            try:
                said = write(unfinished)
                sync_file(unfinished)
                unfinished.rename(file)
                unfinished.write_text(json.dumps({**said, "stamp": self._stamp}), encoding="utf-8")
                unfinished.rename(note)
            finally:
                unfinished.unlink(missing_ok=True)
            sync_directory(self.folder)
        return said
