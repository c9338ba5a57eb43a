"""Answers as they went out, kept while they are true."""

ENTRY_BYTES = 300  # of a dict entry, its key and the objects around them


class Bodies:
    """Rendered answers by (item, query); the oldest go when they hold more than `most` bytes."""

    def __init__(self, most: int) -> None:
        self._bodies: dict[tuple[str, bytes], bytes] = {}
        self._room = most
        self.get = self._bodies.get

    def has_room(self, body: bytes) -> bool:
        return self._room >= len(body) + ENTRY_BYTES

    def put(self, asked: tuple[str, bytes], body: bytes) -> None:
        self._room -= len(body) + ENTRY_BYTES
        self._bodies[asked] = body
        while self._room < 0 and self._bodies:
            self._room += len(self._bodies.pop(next(iter(self._bodies)))) + ENTRY_BYTES
