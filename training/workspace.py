"""The steps of one run on disk, so that a run that was killed resumes.

A step's files are written into a hidden folder and renamed when complete: a step is there as a whole or not at all.
"""

import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from index.artifact.files import private_directory
from index.errors import RunUnderWay
from training.progress import LogReporter, Reporter

KEPT_RUNS = 20
UNFINISHED = ".step-"


class Workspace:
    """runs/<key>/ under the models folder. The key is of settings and files, so the same command finds it again.

    Use as a context manager. Two runs of one key at the same time would spoil each other's steps: the second raises
    RunUnderWay. told: hears how far the steps are. resumed: steps that were there on entering, from a run that was
    interrupted.
    """

    def __init__(self, root: Path, identity: dict[str, Any], told: Reporter | None = None) -> None:
        text = json.dumps(identity, sort_keys=True, default=str)
        self.key = hashlib.blake2b(text.encode(), digest_size=8).hexdigest()
        self.folder = root / "runs" / self.key
        self.told: Reporter = told or LogReporter()
        self.resumed: tuple[str, ...] = ()

    def __enter__(self) -> "Workspace":
        private_directory(self.folder)  # the steps hold what people did, and the rejects their ids
        self._lock = os.open(self.folder / ".lock", os.O_CREAT | os.O_RDWR, 0o644)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self._lock)
            raise RunUnderWay(
                f"a training with the same settings and files is running in {self.folder}: wait for its end"
            ) from None
        for left_over in self.folder.glob(f"{UNFINISHED}*"):
            shutil.rmtree(left_over, ignore_errors=True)
        steps = [path for path in self.folder.iterdir() if path.is_dir()]
        self.resumed = tuple(path.name for path in sorted(steps, key=lambda path: path.stat().st_mtime_ns))
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._lock)

    def step(self, name: str, make: Callable[[Path], None]) -> Path:
        """The folder of the step, made by `make` unless it is there from a run that was interrupted."""
        folder = self.folder / name
        if folder.exists():
            return folder
        unfinished = self.folder / f"{UNFINISHED}{name}"
        unfinished.mkdir()
        try:
            make(unfinished)
        except BaseException:
            # What is half done helps nobody, and where the disk is full it stands in the way.
            shutil.rmtree(unfinished, ignore_errors=True)
            raise
        os.sync()
        unfinished.rename(folder)
        return folder

    def finish(self, summary: dict[str, Any]) -> None:
        """The steps are in the artifact now: only what a person may want to read stays, for the last runs."""
        write_json(self.folder / "run.json", summary)
        for step in self.folder.iterdir():
            if step.is_dir():
                # Out of the way in one move: killed here, half a step would be taken for a whole one.
                left = self.folder / f"{UNFINISHED}{step.name}"
                step.rename(left)
                shutil.rmtree(left)
        finished = sorted(self.folder.parent.glob("*/run.json"), key=lambda p: p.stat().st_mtime)
        for old in finished[:-KEPT_RUNS]:
            if old.parent != self.folder:
                shutil.rmtree(old.parent, ignore_errors=True)


def write_json(path: Path, content: Any) -> None:
    path.write_text(json.dumps(content, indent=1, default=_plain), encoding="utf-8")


def read_json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def write_arrays(folder: Path, **arrays: NDArray[Any] | None) -> None:
    for name, values in arrays.items():
        if values is not None:
            np.save(folder / f"{name}.npy", values, allow_pickle=False)


def read_array(folder: Path, name: str) -> Any:
    """None where the step wrote no such array."""
    path = folder / f"{name}.npy"
    return np.load(path, allow_pickle=False) if path.exists() else None


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else str(value)
