"""Answers made before anybody asks, most popular items first: most requests then cost a look-up."""

import time
from collections.abc import Callable

from app.live import answers
from app.live.answers import Ask
from app.live.view import View

PLAIN = Ask()
SETTLED_SECONDS = 3.0  # a catalogue that changes all the time is not worth it
BATCH, PAUSE = 10, 0.003  # a fifth of the time at most, so that requests hardly notice


def prefill(view: View, is_current: Callable[[], bool]) -> int:
    """Renders `GET /similar/{item_id}` until the view's room for answers is full; how many it made.

    Stops when the view is no longer the one that serves.
    """
    made = 0
    if view.model is None or view.prefilled or time.monotonic() - view.since < SETTLED_SECONDS:
        return made
    for item_id in view.model.vocabulary.ids:  # by frequency
        if not view.visible(item_id) or view.bodies.get((item_id, b"")) is not None:
            continue
        body = answers.similar_bytes(view, item_id, "similar", answers.similar(view, item_id, "similar", PLAIN))
        if not view.bodies.has_room(body):
            break
        view.bodies.put((item_id, b""), body)
        made += 1
        if made % BATCH == 0:
            if not is_current():
                return made
            time.sleep(PAUSE)
    view.prefilled = True
    return made
