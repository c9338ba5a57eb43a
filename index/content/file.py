"""The content map as an artifact has it: content.json, and arrays beside it; see docs/formats.md."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from index.artifact.directory import Artifact, ArtifactWriter
from index.content.content import Content, Lengths, Linear, Nearest, Vectors
from index.content.lexicon import Lexicon, Rule
from index.content.standing import Standing
from index.errors import ArtifactCorrupt, ArtifactUnsupported

NAME = "content"
ROLES = Vectors._fields


def write_content(writer: ArtifactWriter, content: Content) -> None:
    lexicon = content.lexicon
    assert content.standing is not None  # what is published has been fitted whole
    writer.json(
        NAME,
        {
            "method": content.method,
            "fields": {name: {"kind": rule.kind, "edges": list(rule.edges)} for name, rule in lexicon.rules.items()},
            "features": [list(name) for name in lexicon.names],
            "lengths": content.lengths._asdict(),
            "deviation": content.standing.deviation,
            "offset": content.standing.offset,
        },
    )
    for name, values in _arrays(content).items():
        writer.array(f"{NAME}_{name}", values)


def _arrays(content: Content) -> dict[str, NDArray[Any]]:
    assert content.standing is not None
    arrays: dict[str, NDArray[Any]] = {"rarity": content.lexicon.rarity, "spread": content.standing.spread}
    if isinstance(content, Linear):
        arrays |= content.weights._asdict()
    elif isinstance(content, Nearest):
        arrays |= {"offsets": content.offsets, "rows": content.rows}
    return arrays


def read_content(artifact: Artifact, trained: Vectors) -> Content | None:
    """None where the artifact has none, as older ones. trained: the model's own matrices. Raises ArtifactCorrupt,
    ArtifactUnsupported."""
    if not artifact.has(f"{NAME}.json"):
        return None
    given = artifact.json(NAME)

    def array(name: str) -> NDArray[Any]:
        return artifact.array(f"{NAME}_{name}")

    try:
        method = given["method"]
        rules = {name: Rule(rule["kind"], tuple(rule["edges"])) for name, rule in given["fields"].items()}
        lexicon = Lexicon(rules, [(field, text) for field, text in given["features"]], array("rarity"))
        lengths = Lengths(**given["lengths"])
        standing = Standing(array("spread"), float(given["deviation"]), float(given["offset"]))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ArtifactCorrupt("is no content map; train again", artifact.path(f"{NAME}.json")) from error
    if method == "nearest":
        return Nearest(lexicon, trained, array("offsets"), array("rows"), lengths, standing)
    if method not in ("map", "mean"):
        raise ArtifactUnsupported(
            f"{artifact.directory} has a content map of a kind that this release does not know ({method!r}): upgrade "
            "item2vec, activate a version that this release made, or train again"
        )
    return Linear(method, lexicon, Vectors(*map(array, ROLES)), lengths, standing)


def faults(content: Content) -> list[tuple[str, str]]:
    """(file, what is wrong), for `index.sense`."""
    found, features = [], len(content.lexicon)
    if content.lexicon.rarity.shape != (features,) or not _sound(content.lexicon.rarity):
        found.append(("content_rarity", "does not hold a number for each feature"))
    spread = content.standing.spread if content.standing is not None else np.empty(0, np.float32)
    if spread.ndim != 2 or spread.shape[0] != spread.shape[1] or not _sound(spread):
        found.append(("content_spread", "is no square matrix of numbers"))
    if isinstance(content, Linear):
        for role, weights in content.weights._asdict().items():
            if weights.ndim != 2 or len(weights) != features + 1 or not _sound(weights):
                found.append((f"content_{role}", "does not hold a row of numbers for each feature"))
    if isinstance(content, Nearest):
        offsets, rows = content.offsets, content.rows
        whole = offsets.shape == (features + 1,) and offsets[0] == 0 and offsets[-1] == len(rows)
        if not whole or (np.diff(offsets) < 0).any():
            found.append(("content_offsets", "does not rise from 0 to the last entry"))
        if len(rows) and not (rows.min() >= 0 and rows.max() < len(content.trained.inputs)):
            found.append(("content_rows", "names rows that there are not"))
    return found


def _sound(values: NDArray[Any]) -> bool:
    return values.dtype == np.float32 and bool(np.isfinite(values).all())
