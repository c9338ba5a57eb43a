"""What an engine takes from a log beside the sessions: numbers, and arrays over items."""

from dataclasses import dataclass

from training.objective.attributes import Attributes
from training.objective.segments import Segments


@dataclass(frozen=True)
class Signals:
    """conversion_context: weight of a converted item as context of every centre of its session; which events were
    conversions is in the corpus. dislike_weight: of a dislike as negative of the items around it, beside a context; the
    dislikes are in the corpus. segment_negatives: noise items from the centre's own of the segments, for each context.
    attributes: of the items, which input vectors are made of besides the item's own.
    """

    conversion_context: float = 0.0
    dislike_weight: float = 0.0
    segments: Segments | None = None
    segment_negatives: int = 0
    attributes: Attributes | None = None


PLAIN = Signals()
"""Nothing but the order of items, as word2vec has it."""
