"""The connections of a process: how many there are, of whom, and which of them only take up room."""

import asyncio
import logging
import resource
import time
from collections import Counter, OrderedDict
from ipaddress import IPv6Address
from typing import Protocol

from app.settings import Settings

log = logging.getLogger(__name__)

LOOK_SECONDS = 1.0
LOG_SECONDS = 60.0  # between two lines of what an attack can cause any number of times
# Descriptors that are no connections: the listening socket, the model's files, the database, what libraries open.
KEPT_FILES = 128
MOST_FILES = 1 << 16


class Connection(Protocol):
    """What a server's protocol is to us."""

    @property
    def owner(self) -> str:
        """Whose it is, as `owner_of` says."""

    @property
    def waits(self) -> bool:
        """Whether the server closes it by itself, since it is idle between two requests."""

    @property
    def stuck(self) -> bool:
        """Whether the client takes less than it is sent, or nothing of the last answer."""

    def give_up(self) -> None:
        """Ends it: no head came in time, or another needs the room."""

    def abort(self) -> None:
        """Ends it at once; what was to be sent is lost."""


class Connections:
    """To be used on one event loop. A connection is silent while none of its requests is answered: from its beginning
    until the first whole head, and between two requests.

    most: how many there may be, as far as the system gives descriptors.
    """

    def __init__(self, settings: Settings) -> None:
        self.most = min(settings.connections, room())
        if self.most < settings.connections:
            log.info("connections=%d of %d: the system gives no more open files", self.most, settings.connections)
        self._each = settings.connections_per_address or self.most
        self._head_seconds = settings.head_seconds
        self._take_seconds = settings.body_seconds
        self._all: Counter[str] = Counter()
        self._open: set[Connection] = set()
        self._silent: OrderedDict[Connection, float] = OrderedDict()  # since when, the longest first
        self._silent_of: dict[str, OrderedDict[Connection, None]] = {}
        self._stuck: dict[Connection, float] = {}
        self._looking = False
        self._told = -LOG_SECONDS

    def __len__(self) -> int:
        return len(self._open)

    def admit(self, connection: Connection) -> bool:
        """Whether there is room for it, perhaps in place of the one that has been silent for longest."""
        owner = connection.owner
        room = self._all[owner] < self._each or self._leave(self._silent_of.get(owner))
        room = room and (len(self._open) < self.most or self._leave(self._silent))
        if not room:
            self._tell()
            if not self._all[owner]:
                del self._all[owner]
            return False
        self._open.add(connection)
        self._all[owner] += 1
        self.silent(connection)
        if not self._looking:
            self._looking = True
            asyncio.get_running_loop().call_later(LOOK_SECONDS, self._look)
        return True

    def silent(self, connection: Connection) -> None:
        """From now on."""
        if connection not in self._open:
            return
        self._silent[connection] = time.monotonic()
        self._silent.move_to_end(connection)
        mine = self._silent_of.setdefault(connection.owner, OrderedDict())
        mine[connection] = None
        mine.move_to_end(connection)

    def busy(self, connection: Connection) -> None:
        """A request of it is being answered."""
        if self._silent.pop(connection, None) is None:
            return
        mine = self._silent_of[connection.owner]
        del mine[connection]
        if not mine:
            del self._silent_of[connection.owner]

    def forget(self, connection: Connection) -> None:
        """It is closed."""
        if connection not in self._open:
            return
        self.busy(connection)
        self._open.discard(connection)
        self._stuck.pop(connection, None)
        self._all[connection.owner] -= 1
        if not self._all[connection.owner]:
            del self._all[connection.owner]

    def _leave(self, silent: "OrderedDict[Connection, float] | OrderedDict[Connection, None] | None") -> bool:
        """Makes room; False where all are busy."""
        if not silent:
            return False
        first = next(iter(silent))
        self.forget(first)
        first.abort()
        self._tell()
        return True

    def _tell(self) -> None:
        moment = time.monotonic()
        if moment - self._told > LOG_SECONDS:
            self._told = moment
            log.warning("connections full open=%d most=%d each=%d", len(self._open), self.most, self._each)

    def _look(self) -> None:
        moment = time.monotonic()
        late = []
        for connection, since in self._silent.items():
            if moment - since < self._head_seconds:
                break
            if not connection.waits:
                late.append(connection)
        for connection in late:
            connection.give_up()
        for connection in list(self._open):
            if not connection.stuck:
                self._stuck.pop(connection, None)
            elif moment - self._stuck.setdefault(connection, moment) > self._take_seconds:
                connection.abort()
        self._looking = bool(self._open)
        if self._looking:
            asyncio.get_running_loop().call_later(LOOK_SECONDS, self._look)


def owner_of(address: str) -> str:
    """Who has an address. One who has an IPv6 address has all 2^64 that begin alike."""
    if ":" not in address:
        return address
    try:
        found = IPv6Address(address.partition("%")[0])
    except ValueError:
        return address
    mapped = found.ipv4_mapped
    return str(mapped) if mapped is not None else found.exploded[:19]


def room() -> int:
    """How many connections the system lets this process have."""
    soft = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    files = MOST_FILES if soft == resource.RLIM_INFINITY else soft
    return max(files // 4, files - KEPT_FILES)


def raise_file_limit() -> None:
    """As many open files as this process may have: the usual 1,024 are for programs that use `select`."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, MOST_FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
