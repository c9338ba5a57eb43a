"""The door: open a model, train one, or run the command line.

    import item2vec
    model = item2vec.open("models/")
    model.similar("t000327", k=10)

Nothing heavy is imported before it is needed. This is a package because a single file cannot carry py.typed: type
checkers would take everything here for Any.
"""

from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from cli.command import models_folder
from cli.main import main

if TYPE_CHECKING:
    from index.model import Model
    from training.pipeline.publish import Outcome

__all__ = ["import_vectors", "main", "open", "train", "update"]


def open(models: str | PathLike[str] | None = None, version: str | None = None) -> "Model":
    """The model of a version, or the current one, of the folder `models`.

    Without a folder: the one ITEM2VEC_MODELS names in the environment, else `models`. Raises NoModel, RegistryError
    for an unknown version, ArtifactError for a damaged one; all of them are Item2vecError.
    """
    from index.artifact.registry import Registry
    from index.model import Model

    return Model(Registry(models_folder(models)).open(version))


def train(
    events: str | PathLike[str] | Sequence[str | PathLike[str]] = (),
    *,
    models: str | PathLike[str] | None = None,
    config: str | PathLike[str] | None = None,
    seed: int | None = None,
    force: bool = False,
    sessions: Mapping[str, Any] | None = None,
    objective: Mapping[str, Any] | None = None,
    types: Mapping[str, Any] | None = None,
    trainer: Mapping[str, Any] | None = None,
    index: Mapping[str, Any] | None = None,
    recommender: Mapping[str, Any] | None = None,
    evaluation: Mapping[str, Any] | None = None,
    gate: Mapping[str, Any] | None = None,
    **log: Any,
) -> "Outcome":
    """Trains on a log, measures, and publishes a version. The outcome says which, and whether it is current now.

    events: files, folders or globs. models: as in `open`. config: a TOML file; what is given here goes before it.
    force: make the version current even if the gate refuses it. sessions, trainer, ...: settings by section, for
    example trainer={"dims": 64}. log: settings of the section events: user, item, time, items, session, preset (whose
    files they are), ...; all are in docs/configuration.md. A run that was killed resumes with the next call that has
    the same arguments.
    Raises ConfigError, EventsError, TrainingFailed; all of them are Item2vecError.
    """
    from training.configfile import load_config
    from training.pipeline.run import run
    from training.presets.unfold import unfold
    from training.progress import reporter

    overrides = {
        "events": {"paths": _paths(events) or None, **log},
        "sessions": sessions or {},
        "objective": objective or {},
        "types": types or {},
        "trainer": trainer or {},
        "index": index or {},
        "recommender": recommender or {},
        "evaluation": evaluation or {},
        "gate": gate or {},
    }
    settings = load_config(None if config is None else Path(config), overrides, seed=seed)
    folder = models_folder(models)
    return run(unfold(settings, folder), folder, reporter(), force)


def import_vectors(
    vectors: str | PathLike[str],
    events: str | PathLike[str] | Sequence[str | PathLike[str]] = (),
    *,
    ids: str | PathLike[str] | None = None,
    outputs: str | PathLike[str] | None = None,
    id_column: str | None = None,
    vector_column: str | None = None,
    metric: Literal["cosine", "dot"] | None = None,
    percent_encoded: bool | None = None,
    models: str | PathLike[str] | None = None,
    config: str | PathLike[str] | None = None,
    seed: int | None = None,
    force: bool = False,
    sessions: Mapping[str, Any] | None = None,
    index: Mapping[str, Any] | None = None,
    recommender: Mapping[str, Any] | None = None,
    evaluation: Mapping[str, Any] | None = None,
    gate: Mapping[str, Any] | None = None,
    **log: Any,
) -> "Outcome":
    """Publishes vectors that were made elsewhere, as `item2vec import` does; docs/import.md lists the formats.

    vectors: a file, or a folder. ids: a file with the id of each row, where they are not with the vectors. outputs:
    vectors of the items as context. id_column, vector_column: of a table. metric: "dot" where lengths count.
    percent_encoded: whether ids are written as `item2vec export` writes them; None: found out. events: a log, which
    explains, measures and counts; without one nothing is measured. All else as in `train`.
    Raises VectorsError, and what `train` raises.
    """
    from training.configfile import load_config
    from training.pipeline.imported import Import
    from training.pipeline.imported import import_vectors as run_import
    from training.progress import reporter
    from training.vectors.source import VectorsFile

    overrides = {
        "events": {"paths": _paths(events) or None, **log},
        "sessions": sessions or {},
        "index": index or {},
        "recommender": recommender or {},
        "evaluation": evaluation or {},
        "gate": gate or {},
    }
    settings = load_config(None if config is None else Path(config), overrides, seed=seed)
    beside = None if ids is None else Path(ids)
    file = VectorsFile(Path(vectors), beside, id_column, vector_column)
    pair = None if outputs is None else VectorsFile(Path(outputs), beside, id_column, vector_column)
    what = Import(file, pair, metric, percent_encoded)
    return run_import(what, settings, models_folder(models), reporter(), force)


def update(
    events: str | PathLike[str] | Sequence[str | PathLike[str]] = (),
    *,
    models: str | PathLike[str] | None = None,
    force: bool = False,
    gate: Mapping[str, Any] | None = None,
    **log: Any,
) -> "Outcome":
    """Adds new events to the model that serves, with its settings, without choosing and measuring anew: a version
    within seconds.

    events: the files; of what is in them, the events later than all that the model has seen. Without them, those that
    the model was trained on, which may have grown. gate, log: settings of the sections gate and events that differ from
    the model's.
    Raises UpdateImpossible, and what `train` raises.
    """
    from index.artifact.registry import Registry
    from training.pipeline.updating.base import base_of
    from training.pipeline.updating.update import update
    from training.progress import reporter

    given = {**({"paths": _paths(events)} if events else {}), **log}
    folder = models_folder(models)
    return update(base_of(Registry(folder), given, gate=gate), folder, reporter(), later=True, force=force)


def _paths(events: str | PathLike[str] | Sequence[str | PathLike[str]]) -> tuple[str, ...]:
    return tuple(map(str, (events,) if isinstance(events, str | PathLike) else events))
