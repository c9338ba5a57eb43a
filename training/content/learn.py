"""Which features a catalogue has: how each field is read, and what of it occurs often enough to teach anything."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from index.catalogue.catalogue import AVAILABLE, Catalogue
from index.catalogue.values import elements
from index.content.lexicon import Feature, Lexicon, Rule, features_of, words_of
from index.ranking.readings import Rows

LEAST = 2  # trained items that must have a feature: what one item has says nothing of others
MOST_NUMBERS = 16_000_000  # of each matrix of a map, 64 MB
RANGES = 10  # of a number, each with as many items
FEW_NUMBERS = 20  # so many different ones are names rather than amounts
SAMPLE = 5000  # items that a field is judged by


@dataclass(frozen=True)
class Design:
    """lexicon: of all features. columns: of each trained item its features, none where it has none. fields: of each
    trained item what the catalogue says."""

    lexicon: Lexicon
    columns: list[Rows]

    @property
    def described(self) -> Rows:
        """Rows of the items that have a feature."""
        return np.flatnonzero([len(found) > 0 for found in self.columns]).astype(np.int32)


def design_of(catalogue: Catalogue, ids: Sequence[str], most: int, dims: int) -> Design | None:
    """Of the trained items; None where the catalogue says nothing that two of them share. most: features. dims: of the
    widest vectors that they are mapped to."""
    items = [catalogue.metadata(item) if item in catalogue else {} for item in ids]
    names = [name for name in catalogue.columns if name != AVAILABLE]
    rules = {name: rule for name in names if (rule := rule_of(name, [fields.get(name) for fields in items]))}
    found = [features_of(fields, rules) for fields in items]
    often: Counter[Feature] = Counter(feature for features in found for feature in features)
    kept = sorted((f for f, count in often.items() if count >= LEAST), key=lambda f: (-often[f], f))
    kept = kept[: min(most, MOST_NUMBERS // max(1, dims))]
    if not kept:
        return None
    described = sum(1 for features in found if features)
    rarity = np.log((1 + described) / (1 + np.array([often[f] for f in kept]))) + 1
    column = {feature: place for place, feature in enumerate(kept)}
    columns = [np.array(sorted(column[f] for f in some if f in column), dtype=np.int32) for some in found]
    return Design(Lexicon(rules, kept, rarity.astype(np.float32)), columns)


def rule_of(name: str, values: Sequence[Any]) -> Rule | None:
    """By what the field holds; None where it holds nothing."""
    some = [value for value in values if value is not None][:SAMPLE]
    if not some:
        return None
    if name == "title":
        return Rule("words")
    numbers = [float(v) for v in some if isinstance(v, int | float) and not isinstance(v, bool)]
    if len(numbers) == len(some) and len(set(numbers)) > FEW_NUMBERS:
        cuts = np.quantile(numbers, np.linspace(0, 1, RANGES + 1)[1:-1])
        return Rule("ranges", tuple(sorted(set(cuts.tolist()))))
    texts = [str(element) for value in some for element in elements(value)]
    # A description is another one for each item, and of several words; a category is neither.
    wordy = sum(len(words_of(text)) for text in texts) > 3 * len(texts)
    return Rule("words" if wordy and len(set(texts)) * 2 > len(texts) else "values")
