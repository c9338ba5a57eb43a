"""The catalogue as an artifact has it: columns of texts as arrays, which are mapped, and all else as JSON."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from index.artifact.directory import Artifact, ArtifactWriter
from index.catalogue.catalogue import Catalogue
from index.catalogue.texts import Texts
from index.vocabulary import Vocabulary

PREFIX = "catalogue_"

Content = dict[str, Any]
Arrays = Mapping[str, NDArray[Any]]


def packed(catalogue: Catalogue, vocabulary: Vocabulary) -> tuple[Content, Arrays]:
    """(what goes into JSON, arrays by name): the items of the vocabulary first, in the order of their rows, so that
    their ids are not written again."""
    others = [item for item in catalogue.ids if item not in vocabulary]
    ids = [*vocabulary.ids, *others]
    arrays: dict[str, NDArray[Any]] = {
        f"{PREFIX}listed": np.array([item in catalogue for item in vocabulary.ids], dtype=np.bool_)
    }
    plain: dict[str, list[Any]] = {}
    for number, name in enumerate(catalogue.columns):
        values = [catalogue.field(item, name) for item in ids]
        if all(value is None or isinstance(value, str) for value in values):
            texts = Texts.of(values)
            arrays |= {f"{PREFIX}{number}_text": texts.text, f"{PREFIX}{number}_ends": texts.ends}
        else:
            plain[name] = values
    return {"ids": others, "fields": list(catalogue.columns), "columns": plain}, arrays


def unpacked(content: Content, arrays: Arrays, vocabulary: Vocabulary) -> Catalogue:
    if "fields" not in content:  # as release 0.1 wrote it
        return Catalogue(content["ids"], content["columns"])
    columns = {}
    for number, name in enumerate(content["fields"]):
        text = arrays.get(f"{PREFIX}{number}_text")
        columns[name] = content["columns"][name] if text is None else Texts(text, arrays[f"{PREFIX}{number}_ends"])
    return Catalogue(content["ids"], columns, vocabulary, arrays[f"{PREFIX}listed"])


def write_catalogue(writer: ArtifactWriter, catalogue: Catalogue, vocabulary: Vocabulary) -> None:
    content, arrays = packed(catalogue, vocabulary)
    writer.json("catalogue", content)
    for name, values in arrays.items():
        writer.array(name, values)


def read_catalogue(artifact: Artifact, vocabulary: Vocabulary) -> Catalogue:
    """Raises ArtifactCorrupt."""
    files = [file for file in artifact.manifest.files if file.startswith(PREFIX)]
    arrays = {name: artifact.array(name) for file in files if (name := file.removesuffix(".npy"))}
    return unpacked(artifact.json("catalogue"), arrays, vocabulary)
