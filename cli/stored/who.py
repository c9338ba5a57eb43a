"""Who types the command, as the audit has it; and acts on the folder of the models, told to the service's database."""

import argparse
import logging
import os
import pwd
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

from index.errors import StoreUnavailable

if TYPE_CHECKING:
    from store.audit import Actor

log = logging.getLogger(__name__)


def local_actor() -> "Actor":
    """The user of this machine, as the system knows them: not as the environment says."""
    from store.audit import Actor

    try:
        name = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # in a container, for one
        name = f"user {os.getuid()}"
    return Actor("cli", name)


@contextmanager
def told(options: argparse.Namespace, action: str, thing: str | None = None, **facts: Any) -> Iterator[dict[str, Any]]:
    """As store.audit.around, where the folder of the models has a database, or one is named. A folder that no service
    has used has none, and none is made.

    One that does not answer is no reason to leave a bad model serving: the log says that the act is not in the audit.
    """
    from cli.serve import settings_of
    from store.audit import Action, around
    from store.database import connect
    from store.upkeep.migrate import migrate

    settings = settings_of(options)
    file = settings.models / "item2vec.db"
    if settings.database is None and not file.exists():
        yield {}
        return
    with ExitStack() as stack:
        engine = connect(settings.database_url)
        stack.callback(engine.dispose)
        try:
            migrate(engine)
            end = stack.enter_context(around(engine, local_actor(), Action(action), thing, **facts))
        except StoreUnavailable as error:
            log.warning("not in the audit action=%s error=%s", action, error)
            end = {}
        yield end
