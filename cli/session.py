"""The commands that ask a model from what a user did: what comes next, and which candidates suit."""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from cli.ask import add_k, add_version, at_least_one, open_model
from cli.command import Command, Parser, add_json
from index.errors import ConfigError, ItemUnknown
from index.visible import say

if TYPE_CHECKING:
    from index.model import Model

# Flag -> what the user did; the names of `index.ranking.rank.ACTIONS`.
DONE = {
    "clicked": "were opened",
    "long_clicked": "were looked at for long",
    "skipped": "were shown and passed over",
    "wishlisted": "were put on a list",
    "contacted": "were asked about",
    "converted": "were booked or bought",
}


def recommend_flags(parser: Parser) -> None:
    parser.add_argument("items", nargs="+", metavar="ITEM", help="the session's items, oldest first: ids or titles")
    add_version(parser)
    add_k(parser)
    parser.add_argument("--exclude-seen", action="store_true", help="leave out all items of the session")
    help = "at most N items with the same element in FIELD of the metadata, as artist:2; may be given again"
    parser.add_argument("--max-per", action="append", default=[], metavar="FIELD:N", help=help)
    help = "share of the list that is new to the session, 0 to 1; the rest are its own items"
    parser.add_argument("--discovery", type=float, help=help)
    add_json(parser)


def rank_flags(parser: Parser) -> None:
    parser.add_argument("candidates", nargs="+", metavar="ITEM", help="the candidates: ids or titles")
    add_version(parser)
    for name, help in DONE.items():
        flag = f"--{name.replace('_', '-')}"
        parser.add_argument(flag, nargs="+", default=[], metavar="ITEM", dest=name, help=f"items that {help}")
    help = "field of the metadata, as a market: each value has a centroid of its own; default: as the model was trained"
    parser.add_argument("--segment", metavar="FIELD", help=help)
    help = "of a similarity in the score, as skipped=-1; may be given again"
    parser.add_argument("--weight", action="append", default=[], metavar="NAME=NUMBER", help=help)
    add_json(parser)


def run_recommend(options: argparse.Namespace) -> int:
    from cli.screen import show

    model = open_model(options)
    caps = dict(map(_cap, options.max_per))
    items, unknown, nobody = known_items(model, options.items)
    if not items:
        named = " or ".join(map(repr, unknown))
        raise ItemUnknown(f"no item has the id or the title {named}" if nobody else f"no vector is there of {named}")
    if unknown and not options.json:
        say(f"unknown, and left out: {', '.join(unknown)}", sys.stderr)
    k = at_least_one(options.k)
    if not caps and options.discovery is None:
        found = model.recommend(items, k, options.exclude_seen)
        show(model, "comes next", found, options.json, items=items, unknown=unknown)
        return 0
    mixed = model.mixed(items, k, options.exclude_seen, caps, options.discovery)
    left_out = asdict(mixed.left_out)
    show(model, "comes next", mixed.items, options.json, items=items, unknown=unknown, left_out=left_out)
    if not options.json:
        counts = {
            **{f"max_per {name}": n for name, n in mixed.left_out.max_per.items()},
            "discovery": mixed.left_out.discovery,
        }
        if told := ", ".join(f"{count} by {cause}" for cause, count in counts.items() if count):
            say(f"of the {k} best, left out: {told}", sys.stderr)
    return 0


def known_items(model: "Model", texts: Sequence[str]) -> tuple[list[str], list[str], bool]:
    """Ids with a vector, of ids or titles; what has none; whether nobody knows any of them."""
    items: list[str] = []
    unknown: list[str] = []
    nobody = True
    for text in texts:
        try:
            found_id = model.resolve(text)
        except ItemUnknown:
            unknown.append(text)
            continue
        nobody = False
        # As over HTTP: what is known, but has no vector, is passed over and listed too.
        (items if found_id in model.vocabulary else unknown).append(found_id)
    return items, unknown, nobody


def _cap(text: str) -> tuple[str, int]:
    field, _, number = text.rpartition(":")
    if not field or not (number.isascii() and number.isdigit()):
        raise ConfigError(f"--max-per {text!r} is not FIELD:N, as artist:2")
    return field, int(number)


def run_rank(options: argparse.Namespace) -> int:
    from cli.screen import show_ranking

    model = open_model(options)
    weights: dict[str, float] = {}
    for text in options.weight:
        name, _, number = text.partition("=")
        try:
            weights[name] = float(number)
        except ValueError:
            raise ConfigError(f"--weight {text!r} is not NAME=NUMBER, as skipped=-1") from None
    done = {name: [_id(model, item) for item in getattr(options, name)] for name in DONE}
    found = model.rank([_id(model, item) for item in options.candidates], done, weights, options.segment)
    show_ranking(model, found, options.json)
    return 0


def _id(model: "Model", text: str) -> str:
    """The item's id, of an id or a title; what nobody knows stays as it is."""
    try:
        return model.resolve(text)
    except ItemUnknown:
        return text


RECOMMEND = Command("recommend", "what comes next in a session", recommend_flags, run_recommend)
RANK = Command("rank", "candidates, by what a user has just done", rank_flags, run_rank)
