"""YooChoose (RecSys Challenge 2015): clicks and buys, without headers, with the session and without users."""

from training.presets.preset import Preset, Variant, unheaded

NUMBER, TIME, TEXT = r"\d+", r"\d{4}-\d\d-\d\dT.*", r".*"
NAMED = {"session": "session_id", "item": "item_id", "time": "timestamp"}

PRESET = Preset(
    "yoochoose",
    "YooChoose",
    (
        Variant(
            "YooChoose's clicks",
            names=("yoochoose-clicks*",),
            fits=unheaded(
                ",", ("session_id", "timestamp", "item_id", "category"), (NUMBER, TIME, NUMBER, r"\w*"), NAMED
            ),
            notes=(
                "clicks only: a session of buys has no order. The column category says where an item was seen, not "
                "what it is",
            ),
        ),
        Variant(
            "YooChoose's buys",
            names=("yoochoose-buys*",),
            fits=unheaded(
                ",",
                ("session_id", "timestamp", "item_id", "price", "quantity"),
                (NUMBER, TIME, NUMBER, NUMBER, NUMBER),
                NAMED,
            ),
        ),
    ),
)
