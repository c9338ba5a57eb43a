"""What a given test says of a model: figures of both questions, and what there is to know of the file."""

from typing import Literal

from index.report import Figures, Part


class GivenRow(Figures):
    """A method on the questions of the file."""

    method: str


class GivenTasks(Part):
    """T1: from the last item of each prefix. T2: from the whole prefix. The model's row is the first."""

    T1: tuple[GivenRow, ...]
    T2: tuple[GivenRow, ...]


class GivenReport(Part):
    """version: of the model. test: the file as it was named. form: how it gives the questions.

    unknown_targets: that the model does not know, which are misses. unknown_prefixes: without any item that it knows.
    immediate_repeat_share: of the targets, those that are the last item of their prefix; repeat_share: those anywhere
    in it. last_may_return: whether the model may recommend the last item of a session. rejected: rows of a log that
    are not events, by reason.
    """

    version: str
    test: str
    form: Literal["log", "table"]
    prefixes: int
    sessions: int
    unknown_targets: int
    unknown_prefixes: int
    immediate_repeat_share: float
    repeat_share: float
    last_may_return: bool
    rejected: dict[str, int]
    tasks: GivenTasks
