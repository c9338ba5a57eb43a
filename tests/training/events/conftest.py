"""One file of bytes, read as a log."""

from collections.abc import Callable
from pathlib import Path

import pytest
from support.reading import Read


@pytest.fixture
def read_bytes(tmp_path: Path) -> Callable[..., Read]:
    """Columns u, i and t, unless `config` names others."""

    def reading(content: bytes, name: str = "log.csv", **config: object) -> Read:
        path = tmp_path / name
        path.write_bytes(content)
        return Read(tmp_path, (str(path),), **config)

    return reading
