"""The map of the model before, for the next one to begin with."""

import logging
from collections.abc import Sequence

import numpy as np

from index.artifact.registry import Registry
from index.errors import ArtifactError, RegistryError
from index.explorer.itemmap import read_map
from training.map.make import EarlierMap

log = logging.getLogger(__name__)


def earlier_map(registry: Registry, version: str | None, ids: Sequence[str]) -> EarlierMap | None:
    """ids: of the new model, by row. None where there is no such map: a first model, or one of a release without maps,
    or a damaged one, of which it is only said that it is."""
    if version is None:
        return None
    try:
        artifact = registry.open(version, verify=False)  # of gigabytes, and a map that is off misleads nobody for long
        found = read_map(artifact)
        if found is None:
            return None
        rows = {item: row for row, item in enumerate(artifact.json("vocabulary")["ids"])}
    except (ArtifactError, RegistryError) as error:
        log.warning("the map begins anew: that of version %s cannot be read (%s)", version, error)
        return None
    return EarlierMap(version, np.array([rows.get(item, -1) for item in ids], dtype=np.int64), found.places)
