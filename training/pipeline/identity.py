"""What makes two runs the same: the settings, and the files as they are now."""

import os
from typing import Any

from training.config import TrainConfig
from training.events.files import find_files


def identity_of(config: TrainConfig) -> dict[str, Any]:
    """For `Workspace`; equal as JSON for two runs that would do the same."""
    paths = find_files(config.events.paths, config.events.format)
    if config.events.items is not None:
        paths += find_files([config.events.items])
    files = [(path, os.stat(path).st_size, os.stat(path).st_mtime_ns) for path, _ in paths]
    return {"config": config.model_dump(mode="json"), "files": files}
