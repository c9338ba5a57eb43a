"""The sessions of a model, as if they had just been cut: new ones join them, and the rules for all follow."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from index.errors import UpdateImpossible
from index.why.evidence import Evidence
from training.objective.dislikes import Dislikes
from training.sessions.encode import Cut
from training.sessions.repeats import PAUSES


@dataclass(frozen=True)
class Before:
    """ids: code -> item. rare: item -> occurrences, of items that were seen too seldom to be in any session here."""

    ids: list[str]
    cut: Cut
    rare: Mapping[str, int]

    @classmethod
    def of(cls, evidence: Evidence, ids: list[str], rare: Mapping[str, int]) -> "Before":
        """ids: row -> item. Raises UpdateImpossible for a model of release 0.1, which holds less."""
        if evidence.starts is None:
            raise UpdateImpossible(
                "the model was made by a release that did not keep when sessions began: train whole, once"
            )
        tokens, offsets = evidence.tokens()
        cut = Cut(
            events=len(tokens),
            bots=0,
            bot_events=0,
            repeats=0,
            lengths=np.diff(offsets),
            starts=np.asarray(evidence.starts),
            ends=np.asarray(evidence.ends),
            items=tokens,
            weights=None if evidence.weights is None else np.asarray(evidence.weights),
            converted=None if evidence.converted is None else np.asarray(evidence.converted),
            pauses=np.zeros((2, PAUSES), dtype=np.int64),
            again=np.zeros(len(tokens), dtype=np.bool_),
            new_ends=np.asarray(evidence.ends),
            dislikes=None if evidence.dislikes is None else Dislikes(*map(np.asarray, evidence.dislikes)),
        )
        return cls(ids, cut, rare)

    def joined(self, cuts: list[Cut], ids: list[str]) -> tuple[list[Cut], list[str]]:
        """(these sessions and the new ones, code -> item of both). cuts, ids: as `cut_all` gives them.

        Conversions and dislikes are left out where these sessions do not say theirs: then they are for measuring, and
        nothing is measured anew.
        """
        place = {item: code for code, item in enumerate(self.ids)}
        codes = np.array([place.setdefault(item, len(place)) for item in ids], dtype=np.int32)
        new = [replace(part, items=codes[part.items]) for part in cuts]
        if self.cut.converted is None:
            new = [replace(part, converted=None) for part in new]
        if self.cut.dislikes is None:
            new = [replace(part, dislikes=None) for part in new]
        else:
            new = [replace(part, dislikes=part.dislikes and part.dislikes.over(codes)) for part in new]
        return [self.cut, *new], list(place)
