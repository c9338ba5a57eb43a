"""How items are scored: the settings that the artifact records, the same in evaluation and serving."""

from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from index.ranking.readings import Reading, SimilarReading
from index.ranking.rules import RulesConfig

Weights = dict[str, float]
"""Part -> weight, of either sign. See docs/evaluation.md for the parts."""

# Parts that are neither vectors nor counts.
POPULAR = ("popular", "popular.recent", "popular.newest")
OWN = ("own", "own.newest", "own.root", "own.often", "own.last")
VECTORS = ("vectors", "alike")
LAST = ".last"  # ends the name of a vectors or counts part that looks at a session's last item alone

COUNTS: dict[str, RulesConfig] = {
    "after": RulesConfig(steps=10, source_power=0.5),
    "next": RulesConfig(steps=1, source_power=0.5),
    "both": RulesConfig(steps=10, backward=1.0, source_power=0.5),
    "far": RulesConfig(steps=20, decay="linear", source_power=0.5),
    "recent": RulesConfig(steps=10, source_power=0.5, newest=0.25),
    "together": RulesConfig(steps=1000, decay="flat", backward=1.0, baskets=True, target_power=0.5, source_power=0.5),
}
FORMER = {"item_popularity", "item_counts", "session_popularity", "session_counts", "own_items", "rules"}


class RecommenderConfig(BaseModel):
    """Which vectors are read and how, which pairs are counted, and what each part weighs."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    similar_reading: SimilarReading = Field(
        "in",
        description="similar: cosine of input vectors, or of in + out; dot: inner product of input vectors, whose "
        "lengths count",
    )
    next_reading: Reading = Field("in-out-cosine", description="next: which vectors of the two items are multiplied")
    session_items: int = Field(10, ge=1, le=1000, description="how many recent items of a session are used")
    session_decay: Literal["last", "rank", "exponential"] = Field(
        "rank", description="how their weight falls: only the last, 1/rank, or by half every half_life items"
    )
    half_life: float = Field(2.0, gt=0, le=1e6, description="items after which an exponential weight has halved")
    last_may_return: Literal["auto"] | bool = Field(
        "auto",
        description="next in a session: whether the last item itself may come next; auto: where repeats are kept, and "
        "validation says that it is better",
    )
    counts: dict[str, RulesConfig] = Field(
        {"after": COUNTS["after"]}, description="the parts that are counts: name -> how they are taken"
    )
    item: Weights = Field({"vectors": 1.0, "after": 4.0}, description="next of one item: part -> weight")
    session: Weights = Field({"vectors": 1.0, "after": 4.0}, description="next in a session: part -> weight")

    @model_validator(mode="before")
    @classmethod
    def _from_the_former(cls, given: Any) -> Any:
        """Up to 0.1 there were vectors, one kind of counts in standard deviations, and one form of own items."""
        if not isinstance(given, dict) or not FORMER & given.keys():
            return given
        rules = given.get("rules", {})
        rules = rules.model_dump() if isinstance(rules, RulesConfig) else rules
        new = {name: value for name, value in given.items() if name not in FORMER}
        item = {"rules": given.get("item_counts", 1.0), "popular": given.get("item_popularity", 0.0)}
        session = {"rules": given.get("session_counts", 1.0), "popular": given.get("session_popularity", 0.0)}
        session["own.newest"] = given.get("own_items", 0.0)
        return {
            "similar_reading": "in",
            "next_reading": "in-out",
            **new,
            "counts": {"rules": {"scale": "z", **rules}},
            "item": {"vectors": 1.0, **_used(item)},
            "session": {"vectors": 1.0, **_used(session)},
        }

    @model_validator(mode="after")
    def _every_part_is_known(self) -> Self:
        known = {*VECTORS, *POPULAR, *self.counts}
        of_session = known | set(OWN) | {name + LAST for name in (*VECTORS, *self.counts)}
        for question, weights, parts in (("item", self.item, known), ("session", self.session, of_session)):
            if unknown := weights.keys() - parts:
                raise ValueError(f"{question}: {', '.join(sorted(unknown))} is no part; these are: {sorted(parts)}")
        return self

    @property
    def repeats_last(self) -> bool:
        """Whether the last item may come next: what is not decided yet is no."""
        return self.last_may_return is True

    def used_counts(self) -> dict[str, RulesConfig]:
        """Those of the counts that have a weight."""
        return {name: rules for name, rules in self.counts.items() if name in self.used()}

    def used(self) -> set[str]:
        """Names of the parts that have a weight, without the ending of those of the last item."""
        return {name.removesuffix(LAST) for weights in (self.item, self.session) for name in _used(weights)}


def _used(weights: Weights) -> Weights:
    return {name: weight for name, weight in weights.items() if weight}
