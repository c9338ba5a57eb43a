"""A given test from beginning to end: read the file, answer every question, report."""

from pydantic import ValidationError
from threadpoolctl import threadpool_limits

from index.errors import ArtifactUnsupported
from index.model import Model
from training.config import TrainConfig
from training.given.file import read_questions
from training.given.measure import measure_given
from training.given.report import GivenReport
from training.progress import Reporter


def measure_file(model: Model, test: str, told: Reporter) -> GivenReport:
    """Raises EventsError for a file that is no test, ArtifactUnsupported for a model whose settings are unknown."""
    config = config_of(model)
    with threadpool_limits(1, "blas"):  # blocks are answered by threads of our own
        with told.step("read") as step:
            questions = read_questions(test, config)
            step.facts |= {"prefixes": len(questions), "items": len(questions.ids)}
        with told.step("evaluate") as step:
            report = measure_given(model, questions, test, config, step.share)
    return report


def config_of(model: Model) -> TrainConfig:
    """The settings that the model was trained with."""
    manifest, place = model.manifest, model.artifact.directory
    try:
        return TrainConfig.model_validate(manifest.config)
    except ValidationError as error:
        settings = ", ".join(".".join(map(str, e["loc"])) for e in error.errors())
        raise ArtifactUnsupported(
            f"was made by another release of item2vec: this one does not know its {settings}; train again", place
        ) from error
