"""Settings of the objective: what vectors learn from a log beyond the order of its items."""

from pydantic import model_validator

from training.setting import Settings, setting


class ObjectiveConfig(Settings):
    """What vectors learn beyond the order of items; all off by default."""

    conversion_context: float = setting(
        0.0,
        "a converted item is a context of every item of its session, wherever it lies, with this weight beside the "
        "contexts that are near; 0: only where it lies (needs events.conversion_types)",
        ge=0,
        le=100,
    )
    conversion_weight: float = setting(
        1.0,
        "a session with a conversion counts as so many (needs events.conversion_types)",
        ge=0,
        le=1000,
    )
    dislike_weight: float = setting(
        1.0,
        "a disliked item is pushed away from the items around it in its session, with this weight beside that of a "
        "context; 0: it is only left out of the session (needs events.dislike_types)",
        ge=0,
        le=100,
    )
    attributes: tuple[str, ...] = setting(
        (),
        "columns of the items' metadata, a category, a brand, a price: an item's input vector is a weighted mean of "
        "its own and of those of its attributes, so that items learn from others that share them",
    )
    segment: str | None = setting(
        None, "column of the items' metadata: items with the same value there, a market or a category, are one segment"
    )
    segment_negatives: int = setting(
        0,
        "further negatives for each pair of an item and its context, drawn from the item's own segment (needs segment)",
        ge=0,
        le=100,
    )
    walks: int = setting(
        0,
        "walks from each item over the graph of what followed what, learnt from beside the sessions; 0: none",
        ge=0,
        le=100,
    )
    walk_length: int = setting(10, "items of a walk, at most", ge=2, le=100)

    @model_validator(mode="after")
    def _negatives_need_a_segment(self) -> "ObjectiveConfig":
        if self.segment_negatives and self.segment is None:
            raise ValueError("segment_negatives needs segment, the column that they are drawn by")
        return self

    @model_validator(mode="after")
    def _attributes_are_named_once(self) -> "ObjectiveConfig":
        if twice := [name for name in self.attributes if self.attributes.count(name) > 1]:
            raise ValueError(f"attributes names {twice[0]} twice")
        return self

    @property
    def converts(self) -> bool:
        """Whether conversions count as something."""
        return self.conversion_context > 0 or self.conversion_weight != 1
