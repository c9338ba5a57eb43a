"""How many streams there may be: in the process, and of one client."""

from collections import Counter
from collections.abc import Hashable, Iterator
from contextlib import contextmanager

from app.problems import Busy, StreamsExceeded

RETRY = {"Retry-After": "5"}


class Places:
    """To be used on one event loop."""

    def __init__(self, most: int, most_per_client: int) -> None:
        self._most = most
        self._most_per_client = most_per_client
        self._held: Counter[Hashable] = Counter()

    @property
    def taken(self) -> int:
        return self._held.total()

    @contextmanager
    def one(self, who: Hashable) -> Iterator[None]:
        """Raises StreamsExceeded where the client has as many as it may, Busy where all together are as many."""
        if self._held[who] >= self._most_per_client:
            raise StreamsExceeded(f"this client follows {self._most_per_client} jobs already", headers=RETRY)
        if self.taken >= self._most:
            raise Busy("too many streams are open: ask again later, or GET /jobs/{job_id}", headers=RETRY)
        self._held[who] += 1
        try:
            yield
        finally:
            self._held[who] -= 1
            if not self._held[who]:
                del self._held[who]
