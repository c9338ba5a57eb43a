"""What the worker's folder still holds of users who were erased: it goes as soon as the worker hears of them."""

import logging
from pathlib import Path

from index.artifact.files import replace_file
from index.errors import StoreUnavailable
from store import erasures
from store.database import Database
from store.upkeep import compact

log = logging.getLogger(__name__)

VACUUM_BYTES = 256 << 20  # a file of this size is written anew within seconds, while writers wait


class Erasures:
    """Follows them in the database. runs/.erased has the number of the last one that was followed."""

    def __init__(self, database: Database, models: Path) -> None:
        self._database = database
        self._runs = models / "runs"
        self._seen: int | None = None

    def follow(self) -> None:
        """Looks for new ones; cheap where there are none. The copies of a job go by themselves, see Pulse.

        Raises StoreUnavailable.
        """
        last = erasures.last(self._database)
        if last == self._seen:
            return
        note = self._runs / ".erased"
        known = int(note.read_text()) if note.exists() else 0
        if last != known:
            rejects = list(self._runs.glob("*/rejects.parquet"))
            for path in rejects:  # rows as they were written, with the ids of users
                path.unlink(missing_ok=True)
            log.info("erasures followed last=%d rejects_removed=%d", last, len(rejects))
            self._compact()
            self._runs.mkdir(parents=True, exist_ok=True)
            replace_file(note, str(last).encode())
        self._seen = last

    def _compact(self) -> None:
        size = compact.size(self._database)
        if size > VACUUM_BYTES:
            log.warning("erased rows may leave copies in the file bytes=%d: item2vec retention --vacuum", size)
            compact.empty_log(self._database)
            return
        try:
            compact.vacuum(self._database)
        except StoreUnavailable as error:  # no space, for one; not tried again
            log.warning("the database was not compacted error=%s", error)
