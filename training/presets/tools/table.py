"""The table of all presets."""

from training.presets.preset import Preset
from training.presets.tools import (
    gorse,
    instacart,
    lastfm,
    metarank,
    movielens,
    personalize,
    recbole,
    retailrocket,
    yoochoose,
)

PRESETS: dict[str, Preset] = {
    module.PRESET.name: module.PRESET
    for module in (gorse, personalize, metarank, recbole, movielens, yoochoose, retailrocket, instacart, lastfm)
}
