"""The commands that ask a model, or look after its versions. Each imports what it needs when it runs."""

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from index.errors import Item2vecError

if TYPE_CHECKING:
    from index.model import Model


def add(command: Callable[..., argparse.ArgumentParser]) -> None:
    """command: (name, runner, help) -> the new command's parser."""
    similar = command("similar", run_similar, "the items most similar to one, or what comes next after it")
    add_model(similar)
    similar.add_argument("item", help="an item id, or a title")
    similar.add_argument("-k", type=int, default=10, help="how many (default 10)")
    similar.add_argument(
        "--score",
        choices=("similar", "next"),
        default="similar",
        help="similar: could stand in for it; next: follows it",
    )
    similar.add_argument("--json", action="store_true", help="as JSON")

    recommend = command("recommend", run_recommend, "what comes next in a session")
    add_model(recommend)
    recommend.add_argument("items", nargs="+", metavar="ITEM", help="the session's items, oldest first: ids or titles")
    recommend.add_argument("-k", type=int, default=10, help="how many (default 10)")
    recommend.add_argument("--exclude-seen", action="store_true", help="leave out all items of the session")
    recommend.add_argument("--json", action="store_true", help="as JSON")

    explain = command("explain", run_explain, "why two items are close, or why one is not in the other's list")
    add_model(explain)
    explain.add_argument("item", help="an item id, or a title")
    explain.add_argument("candidate", help="the other item's id or title")
    explain.add_argument("--json", action="store_true", help="as JSON")

    evaluate = command("evaluate", run_evaluate, "the quality report that was made when the model was trained")
    add_model(evaluate)
    evaluate.add_argument("--json", action="store_true", help="as JSON")

    models = command("models", run_models, "list versions; activate, roll back or prune them")
    models.add_argument("models", type=Path, metavar="MODELS", help="folder of the models")
    models.add_argument("action", nargs="?", choices=("list", "activate", "rollback", "prune"), default="list")
    models.add_argument("version", nargs="?", help="the version to activate")
    models.add_argument("--keep", type=int, default=5, help="prune: how many of the newest stay (default 5)")
    models.add_argument("--json", action="store_true", help="as JSON")

    export = command("export", run_export, "write vectors or neighbours for other tools")
    add_model(export)
    export.add_argument(
        "format",
        choices=("word2vec-text", "word2vec-binary", "npy", "parquet", "tensorboard", "neighbours"),
        help="word2vec formats open in gensim; neighbours is JSON lines",
    )
    export.add_argument("--out", type=Path, required=True, help="the file to write; a folder for npy and tensorboard")
    export.add_argument("--matrix", choices=("inputs", "outputs"), default="inputs", help="which vectors")
    export.add_argument("--score", choices=("similar", "next"), default="similar", help="neighbours by which score")


def add_model(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("models", type=Path, metavar="MODELS", help="folder of the models")
    parser.add_argument("--version", help="a version; without it, the current one")


def open_model(options: argparse.Namespace) -> "Model":
    from index.artifact.registry import Registry
    from index.model import Model

    return Model(Registry(options.models).open(options.version))


def run_similar(options: argparse.Namespace) -> int:
    from cli.screen import show

    model = open_model(options)
    item = model.resolve(options.item)
    found = model.neighbours(item, at_least_one(options.k), options.score)
    words = {"similar": "similar to", "next": "comes with or after"}[options.score]
    show(model, f"{words} {model.catalogue.title(item)}", found, options.json, item=item, score=options.score)
    return 0


def run_recommend(options: argparse.Namespace) -> int:
    from cli.screen import show

    model = open_model(options)
    items = [model.resolve(item) for item in options.items]
    found = model.recommend(items, at_least_one(options.k), options.exclude_seen)
    show(model, "comes next", found, options.json, items=items)
    return 0


def at_least_one(k: int) -> int:
    if k < 1:
        raise Item2vecError(f"-k must be at least 1, not {k}")
    return k


def run_explain(options: argparse.Namespace) -> int:
    from cli.screen import show_explanation

    model = open_model(options)
    found = model.explain(model.resolve(options.item), model.resolve(options.candidate))
    if options.json:
        from dataclasses import asdict

        print(json.dumps(asdict(found), ensure_ascii=False, indent=1, default=str))
    else:
        show_explanation(model, found)
    return 0


def run_evaluate(options: argparse.Namespace) -> int:
    from cli.screen import screen, show_report
    from index.artifact.registry import Registry

    manifest = Registry(options.models).open(options.version).manifest
    if manifest.metrics is None:
        raise Item2vecError(f"version {manifest.version} was published without an evaluation")
    if options.json:
        report = manifest.metrics.model_dump(mode="json")
        print(json.dumps({"version": manifest.version, **report}, indent=1, ensure_ascii=False))
        return 0
    show_report(screen(), manifest.metrics)
    return 0


def run_models(options: argparse.Namespace) -> int:
    from cli.screen import show_versions
    from index.artifact.registry import Registry

    registry = Registry(options.models)
    if options.action == "activate":
        if options.version is None:
            raise Item2vecError(f"which version? item2vec models {options.models} activate VERSION")
        registry.activate(options.version)
        print(f"{options.version} is current")
    elif options.action == "rollback":
        print(f"{registry.rollback()} is current")
    elif options.action == "prune":
        removed = registry.prune(options.keep)
        print(f"removed {len(removed)}: {', '.join(removed)}" if removed else "nothing to remove")
    else:
        show_versions(registry, options.json)
    return 0


def run_export(options: argparse.Namespace) -> int:
    from cli.exports import export

    written = export(open_model(options), options.format, options.out, options.matrix, options.score)
    for path in written:
        print(path)
    return 0
