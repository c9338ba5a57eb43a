"""The catalogue as an artifact has it: texts and lists of texts as arrays, which are mapped, all else as JSON."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from index.artifact.directory import Artifact, ArtifactWriter
from index.catalogue.catalogue import Catalogue
from index.catalogue.lists import Lists
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
        elif all(value is None or _is_texts(value) for value in values):
            arrays |= _of_lists(f"{PREFIX}{number}", Lists.of(values))
        else:
            plain[name] = values
    return {"ids": others, "fields": list(catalogue.columns), "columns": plain}, arrays


def _is_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(element, str) for element in value)


def _of_lists(name: str, lists: Lists) -> Arrays:
    return {
        f"{name}_words": lists.words.text,
        f"{name}_word_ends": lists.words.ends,
        f"{name}_members": lists.members,
        f"{name}_member_ends": lists.ends,
    }


def _to_lists(name: str, arrays: Arrays) -> Lists:
    words = Texts(arrays[f"{name}_words"], arrays[f"{name}_word_ends"])
    return Lists(words, arrays[f"{name}_members"], arrays[f"{name}_member_ends"])


def unpacked(content: Content, arrays: Arrays, vocabulary: Vocabulary) -> Catalogue:
    if "fields" not in content:  # as release 0.1 wrote it
        return Catalogue(content["ids"], content["columns"])
    columns: dict[str, Sequence[Any]] = {}
    for number, name in enumerate(content["fields"]):
        if f"{PREFIX}{number}_text" in arrays:
            columns[name] = Texts(arrays[f"{PREFIX}{number}_text"], arrays[f"{PREFIX}{number}_ends"])
        elif f"{PREFIX}{number}_words" in arrays:
            columns[name] = _to_lists(f"{PREFIX}{number}", arrays)
        else:
            columns[name] = content["columns"][name]
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
