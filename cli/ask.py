"""The commands that ask a model, or write it for other tools."""

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from cli.command import Command, Parser, add_json, add_models
from index.errors import ArtifactError, ConfigError
from index.visible import say, say_json

if TYPE_CHECKING:
    from index.model import Model


def similar_flags(parser: Parser) -> None:
    parser.add_argument("item", metavar="ITEM", help="an item id, or a title")
    add_version(parser)
    add_k(parser)
    add_score(parser, "similar: could stand in for it; next: follows it")
    add_json(parser)


def explain_flags(parser: Parser) -> None:
    parser.add_argument("item", metavar="ITEM", help="an item id, or a title")
    help = "the other item's id or title; without it, what the first one's vector is made of"
    parser.add_argument("candidate", metavar="OTHER", nargs="?", help=help)
    add_version(parser)
    add_json(parser)


def evaluate_flags(parser: Parser) -> None:
    add_version(parser)
    help = "measure on this file instead: a log, or a table with the columns prefix and target; all of it is asked"
    parser.add_argument("--test", metavar="FILE", help=help)
    add_json(parser)


def export_flags(parser: Parser) -> None:
    parser.add_argument(
        "format",
        choices=("word2vec-text", "word2vec-binary", "npy", "parquet", "tensorboard", "neighbours"),
        help="word2vec formats open in gensim; neighbours is JSON lines",
    )
    parser.add_argument("--out", type=Path, required=True, help="the file to write; a folder for npy and tensorboard")
    add_version(parser)
    parser.add_argument("--matrix", choices=("inputs", "outputs"), default="inputs", help="which vectors")
    add_score(parser, "neighbours by which score")


def add_version(parser: argparse.ArgumentParser) -> None:
    add_models(parser)
    parser.add_argument("--version", help="a version; without it, the current one")


def add_score(parser: argparse.ArgumentParser, help: str) -> None:
    parser.add_argument("--score", choices=("similar", "next"), default="similar", help=help)


def add_k(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("-k", type=int, default=10, help="how many (default 10)")


def open_model(options: argparse.Namespace) -> "Model":
    from index.artifact.registry import Registry
    from index.model import Model

    return Model(Registry(options.models).open(options.version))


def run_similar(options: argparse.Namespace) -> int:
    from cli.screen import show_neighbours

    model = open_model(options)
    show_neighbours(model, model.resolve(options.item), at_least_one(options.k), options.score, options.json)
    return 0


def at_least_one(k: int) -> int:
    if k < 1:
        raise ConfigError(f"-k must be at least 1, not {k}")
    return k


def run_explain(options: argparse.Namespace) -> int:
    from cli.screen import show_explanation

    model = open_model(options)
    if options.candidate is None:
        return _made_of(model, model.resolve(options.item), options.json)
    found = model.explain(model.resolve(options.item), model.resolve(options.candidate))
    if options.json:
        say_json(asdict(found))
    else:
        show_explanation(model, found)
    return 0


def _made_of(model: "Model", item: str, json: bool) -> int:
    from index.why.makeup import sentence

    shares = model.made_of(item)
    if json:
        say_json({"item": item, "made_of": [asdict(share) for share in shares]})
    else:
        say(f"{model.catalogue.title(item)}: {sentence('its', shares)}")
    return 0


def run_evaluate(options: argparse.Namespace) -> int:
    from cli.screen import show_report
    from index.artifact.registry import Registry
    from training.terminal import screen

    if options.test is not None:
        return run_test(options)
    manifest = Registry(options.models).open(options.version).manifest
    if manifest.metrics is None:
        raise ArtifactError(f"version {manifest.version} was published without an evaluation")
    if options.json:
        say_json({"version": manifest.version, **manifest.metrics.model_dump(mode="json")})
        return 0
    show_report(screen(), manifest.metrics)
    return 0


def run_test(options: argparse.Namespace) -> int:
    from training.given.run import measure_file
    from training.given.text import given_facts, given_tables
    from training.progress import reporter
    from training.terminal import screen

    report = measure_file(open_model(options), options.test, reporter())
    if options.json:
        say_json(report.model_dump(mode="json"))
        return 0
    console = screen()
    for table in given_tables(report):
        console.print(table)
    console.print(given_facts(report), soft_wrap=not console.is_terminal)
    return 0


def run_export(options: argparse.Namespace) -> int:
    from cli.exports import export, is_standard_output, refuse_own

    refuse_own(options.out, options.models)
    for path in export(open_model(options), options.format, options.out, options.matrix, options.score):
        if not is_standard_output(path):
            say(str(path))
    return 0


SIMILAR = Command("similar", "the items most similar to one, or what comes after it", similar_flags, run_similar)
EXPLAIN = Command("explain", "why two items are close, or one is not in the other's list", explain_flags, run_explain)
EVALUATE = Command(
    "evaluate",
    "the quality report, as measured after the training, or on a test of yours",
    evaluate_flags,
    run_evaluate,
)
EXPORT = Command("export", "write vectors or neighbours for other tools", export_flags, run_export)
