"""The command that takes vectors made elsewhere."""

import argparse
from pathlib import Path

from cli.command import Command, Parser, add_models
from cli.flags import add_flag, add_settings, config_of, flags_of

SECTIONS = ("events", "sessions", "index", "recommender", "cold", "evaluation", "gate")


def flags(parser: Parser) -> None:
    from training.config import TrainerConfig

    parser.add_argument("vectors", type=Path, metavar="VECTORS", help="a file of vectors, or a folder with them")
    add_models(parser)
    parser.add_argument("--ids", type=Path, metavar="FILE", help="ids of the rows, where they are not with the vectors")
    as_context = "vectors of the items as context, for what comes next; without them, next reads the same vectors"
    parser.add_argument("--outputs", type=Path, metavar="FILE", help=as_context)
    parser.add_argument("--id-column", metavar="NAME", help="column or array of the ids (default: found by its name)")
    of_vectors = "column, array or tensor of the vectors (default: the only one that can be it)"
    parser.add_argument("--vector-column", metavar="NAME", help=of_vectors)
    lengths = "similar: cosine, or inner product, where the lengths of the vectors matter (default cosine)"
    parser.add_argument("--metric", choices=("cosine", "dot"), help=lengths)
    words = "ids of word2vec formats are percent-encoded, as `item2vec export` writes them (default: found out)"
    parser.add_argument("--percent-encoded", action=argparse.BooleanOptionalAction, default=None, help=words)
    parser.add_argument("--force", action="store_true", help="make the version current even if the gate refuses it")
    add_settings(parser, SECTIONS)
    for flag, place, field in flags_of(TrainerConfig, ("trainer",)):
        if flag == "workers":
            add_flag(parser, flag, place, field, hidden=True)


def run(options: argparse.Namespace) -> int:
    from cli.screen import show_import, show_outcome, show_report
    from training.pipeline.imported import Import, import_vectors
    from training.progress import reporter
    from training.terminal import screen
    from training.vectors.source import VectorsFile

    def file(path: Path) -> VectorsFile:
        return VectorsFile(path, options.ids, options.id_column, options.vector_column)

    outputs = None if options.outputs is None else file(options.outputs)
    what = Import(file(options.vectors), outputs, options.metric, options.percent_encoded)
    outcome = import_vectors(what, config_of(options), options.models, reporter(), options.force)
    console = screen()
    if outcome.report is not None:
        show_report(console, outcome.report)
    assert outcome.manifest.imported is not None
    show_import(console, outcome.manifest.imported)
    return show_outcome(console, outcome, options.models)


IMPORT = Command("import", "publish vectors that were made elsewhere, measured on a log where there is one", flags, run)
