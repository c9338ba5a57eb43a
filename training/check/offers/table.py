"""All offers: what each needs is in the log or in the metadata, and it is off."""

from collections.abc import Callable, Iterator

from training.check.offers import age, items, people, types
from training.check.offers.offer import Facts, Offer

# In the order of docs/objectives.md. A further one is a line here.
OFFERS: tuple[Callable[[Facts], Iterator[Offer]], ...] = (
    types.weights,
    age.age,
    types.conversions,
    types.dislikes,
    items.segments,
    items.walks,
    items.attributes,
    people.user_types,
)


def offers_of(facts: Facts) -> list[Offer]:
    return [found for make in OFFERS for found in make(facts)]
