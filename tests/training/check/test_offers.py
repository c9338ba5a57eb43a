"""What a log could use of docs/objectives.md: each switch on a log that has something for it, and on one without."""

import io
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from rich.console import Console

from cli.command import Parser
from cli.flags import add_settings, config_of
from index.errors import ConfigError
from training.check.examination import Examination
from training.check.examine import examine
from training.check.offers.kinds import DISLIKE, ON_THE_WAY, Kind
from training.check.page import page
from training.config import TrainConfig

Row = dict[str, Any]
START, DAY = 1_700_000_000, 86_400
SESSIONS, LENGTH = 400, 6


def log(change: Callable[[int, int, Row], Row]) -> list[Row]:
    """60 days of sessions of six of 100 items at random. change: (session, position, row) -> what is other."""
    rng = np.random.default_rng(1)
    rows = []
    for session in range(SESSIONS):
        for position, item in enumerate(rng.permutation(100)[:LENGTH].tolist()):
            moment = START + session * 60 * DAY // SESSIONS + position * 30
            row = {"user_id": f"u{session % 50}", "item_id": f"i{item}", "timestamp": moment, "kind": "view"}
            rows.append(row | change(session, position, row))
    return rows


def ends(session: int, position: int, _: Row) -> Row:
    return {"kind": "Booked now"} if position == LENGTH - 1 and session % 3 == 0 else {}


def middles(kind: str) -> Callable[[int, int, Row], Row]:
    return lambda session, position, _: {"kind": kind} if position == 2 and session % 3 == 0 else {}


def renewed(session: int, _: int, row: Row) -> Row:
    """In the last tenth all items are others, of which there were few before."""
    return {"item_id": f"n{row['item_id']}"} if session >= 0.9 * SESSIONS or session % 40 == 0 else {}


def markets(session: int, _: int, row: Row) -> Row:
    return {"item_id": f"i{int(row['item_id'][1:]) // 5 * 5 + session % 5}"}  # the last digit modulo five is the market


def rare(session: int, position: int, row: Row) -> Row:
    return {"item_id": f"rare{session // 5}"} if position == 3 else {}


def seldom_of_markets(session: int, position: int, row: Row) -> Row:
    """Sessions stay in their market, and some of its items are there five times."""
    own = {"item_id": f"ni{session // 25 * 5 + session % 5}"}
    return own if position == 3 else markets(session, position, row)


def countries(session: int, _: int, row: Row) -> Row:
    """Users of a country take more of its own market. Colours say nothing of anybody."""
    user, item = session % 100, int(row["item_id"][1:])
    item = item // 5 * 5 + user % 3 if item % 3 else item
    return {"user_id": f"u{user}", "item_id": f"i{item}", "country": f"c{user % 3}", "colour": f"{session % 7}"}


PLAIN = log(lambda *_: {})
ITEMS = [
    {"item_id": f"{new}i{n}", "title": f"Item {n}", "market": f"m{n % 5}", "price": n / 3, "half": n % 2}
    for n in range(100)
    for new in ("", "n")
]
CASES: dict[str, tuple[list[Row], list[str]]] = {
    "types": (log(middles("add_to_cart")), ["types"]),
    "conversions": (log(ends), ["types", "conversions"]),
    "dislikes": (log(middles("thumbs_down")), ["dislikes"]),
    "age": (log(renewed), ["age"]),
    "segments": (log(markets), ["segments"]),
    "walks": (log(rare), ["walks"]),
    "user types": (log(countries), ["segments", "user types"]),
    "attributes": (log(seldom_of_markets), ["segments", "walks", "attributes"]),
}


@pytest.fixture(scope="module")
def parser() -> Parser:
    parser = Parser()
    add_settings(parser)
    parser.add_argument("--models", type=Path)
    return parser


def flags_of(folder: Path, rows: list[Row]) -> list[str]:
    """The flags of a log in a folder, without what is to be offered."""
    for name, table in (("log", rows), ("items", ITEMS)):
        pq.write_table(pa.Table.from_pylist(table), folder / f"{name}.parquet")
    return ["--events", f"{folder}/log.parquet", "--items", f"{folder}/items.parquet", "--event-type", "kind"]


def looked_at(config: TrainConfig) -> Examination:
    return examine(config, forecaster=lambda *_: None)  # type: ignore[arg-type, return-value]


def switches(found: Examination) -> list[str]:
    return [offer.switch for offer in found.offers]


def test_a_log_that_says_nothing_beyond_order_is_offered_nothing(tmp_path: Path, parser: Parser) -> None:
    assert looked_at(config_of(parser.parse_args(flags_of(tmp_path, PLAIN)))).offers == []


@pytest.mark.parametrize("switch", CASES)
def test_what_a_log_could_use_is_offered_until_it_is_on(tmp_path: Path, parser: Parser, switch: str) -> None:
    rows, expected = CASES[switch]
    flags = flags_of(tmp_path, rows)
    found = looked_at(config_of(parser.parse_args(flags)))
    assert switches(found) == expected
    offer = found.offers[expected.index(switch)]

    # What is offered is what `train` takes: flags, and a file for tables.
    line, _, table = offer.line.partition("in the file of --config: ")
    (tmp_path / "more.toml").write_text(table)
    on = config_of(parser.parse_args([*flags, *shlex.split(line), "--config", str(tmp_path / "more.toml")]))
    for section, settings in offer.settings.items():
        given = getattr(on, section).model_dump(mode="json")
        assert settings.items() <= given.items()
    assert switch not in switches(looked_at(on))


def test_offers_are_on_the_page_and_in_the_json_with_their_figures(tmp_path: Path, parser: Parser) -> None:
    found = looked_at(config_of(parser.parse_args(flags_of(tmp_path, CASES["conversions"][0]))))
    out = io.StringIO()
    Console(file=out, width=100).print(page(found))
    text = " ".join(out.getvalue().split())
    assert "134 events (5.6 %) are 'Booked now'; 100 % of them end their session. → --conversion-types" in text
    assert found.to_json()["offers"][1] == {
        "switch": "conversions",
        "settings": {
            "events": {"conversion_types": ["Booked now"]},
            "objective": {"conversion_context": 1.0, "conversion_weight": 5.0},
        },
        "line": "--conversion-types 'Booked now' --conversion-context 1 --conversion-weight 5",
        "reason": "134 events (5.6 %) are 'Booked now'; 100 % of them end their session",
    }


def test_a_type_of_any_name_that_is_rare_and_ends_sessions_is_taken_for_a_conversion(
    tmp_path: Path, parser: Parser
) -> None:
    rows = [row | {"kind": "e7" if row["kind"] != "view" else "e1"} for row in CASES["conversions"][0]]
    assert switches(looked_at(config_of(parser.parse_args(flags_of(tmp_path, rows))))) == ["conversions"]


def test_dislikes_that_have_no_others_in_their_session_are_not_offered(tmp_path: Path, parser: Parser) -> None:
    rows = log(lambda session, *_: {"kind": "returned"} if session % 3 == 0 else {})
    assert looked_at(config_of(parser.parse_args(flags_of(tmp_path, rows)))).offers == []


def test_a_type_that_is_most_of_the_log_is_no_conversion(tmp_path: Path, parser: Parser) -> None:
    rows = log(lambda session, position, _: {"kind": "purchase" if position else "view"})
    assert looked_at(config_of(parser.parse_args(flags_of(tmp_path, rows)))).offers == []


def test_a_column_of_types_that_no_setting_names_is_named_in_the_line(tmp_path: Path, parser: Parser) -> None:
    rows = [
        {("action" if name == "kind" else name): value for name, value in row.items()} for row in CASES["dislikes"][0]
    ]
    flags = flags_of(tmp_path, rows)[:-2]
    (offer,) = looked_at(config_of(parser.parse_args(flags))).offers
    assert offer.line == "--event-type action --dislike-types thumbs_down --dislike-weight 0.3"


@pytest.mark.parametrize("without", [True, False])
def test_a_segment_that_no_item_has_is_refused_as_a_training_refuses_it(
    tmp_path: Path, parser: Parser, without: bool
) -> None:
    flags = [*flags_of(tmp_path, PLAIN), "--segment", "shelf", "--segment-negatives", "3"]
    flags = [flag for flag in flags if not without or flag not in ("--items", f"{tmp_path}/items.parquet")]
    with pytest.raises(ConfigError, match=r"objective\.segment"):
        looked_at(config_of(parser.parse_args(flags)))


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("skip", DISLIKE),
        ("thumbsDown", DISLIKE),
        ("Remove from cart", DISLIKE),
        ("not_interested", DISLIKE),
        ("order_cancelled", DISLIKE),
        ("addtocart", ON_THE_WAY),
        ("AddToCart", ON_THE_WAY),
    ],
)
def test_names_of_types_are_read_by_the_word(name: str, words: tuple[str, ...]) -> None:
    assert Kind(name, 1, 1, 1).named(words)


@pytest.mark.parametrize("name", ["download", "banner", "abandon", "view", "click", "play"])
def test_words_within_words_say_nothing(name: str) -> None:
    assert not Kind(name, 1, 1, 1).named(DISLIKE)
