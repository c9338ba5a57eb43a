"""A given test from beginning to end: read the file, answer every question, report."""

from threadpoolctl import threadpool_limits

from index.model import Model
from training.configfile import config_of
from training.given.file import read_questions
from training.given.measure import measure_given
from training.given.report import GivenReport
from training.progress import Reporter


def measure_file(model: Model, test: str, told: Reporter) -> GivenReport:
    """Raises EventsError for a file that is no test, ArtifactUnsupported for a model whose settings are unknown."""
    config = config_of(model.artifact)
    with threadpool_limits(1, "blas"):  # blocks are answered by threads of our own
        with told.step("read") as step:
            questions = read_questions(test, config)
            step.facts |= {"prefixes": len(questions), "items": len(questions.ids)}
        with told.step("evaluate") as step:
            report = measure_given(model, questions, test, config, step.share)
    return report
