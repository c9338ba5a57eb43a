"""Vectors of items that were seldom seen, with what their content says of them: in all trainings after the choice."""

from collections.abc import Sequence
from dataclasses import replace

from index.artifact.manifest import ContentFacts
from index.catalogue.catalogue import Catalogue
from training.config import TrainConfig
from training.content.learn import design_of
from training.content.seldom import Blend
from training.corpus import Corpus
from training.pipeline.train import Fitted, Trainings
from training.workspace import Workspace


class WithContent:
    """As Trainings: those that are given, and then `with_content`."""

    def __init__(self, trainings: Trainings, items: Catalogue, content: ContentFacts | None) -> None:
        self._trainings, self._items, self._content = trainings, items, content

    def engines(self, config: TrainConfig, corpus: Corpus) -> Sequence[str]:
        return self._trainings.engines(config, corpus)

    def fit(self, name: str, corpus: Corpus, ids: list[str], config: TrainConfig, work: Workspace) -> Fitted:
        fitted = self._trainings.fit(name, corpus, ids, config, work)
        return with_content(fitted, self._items, self._content, config, work)


def with_content(
    fitted: Fitted, items: Catalogue, content: ContentFacts | None, config: TrainConfig, work: Workspace
) -> Fitted:
    """Blended as the choice says; the same object where it says nothing."""
    if content is None or not content.seldom:
        return fitted
    with work.told.step("seldom seen") as step:
        design = design_of(items, fitted.ids, config.cold.features, fitted.spaces.next.inputs.shape[1])
        step.facts |= {"content_counts": content.seldom, "features": 0 if design is None else len(design.lexicon)}
        if design is None:
            return fitted
        blend = Blend(fitted.spaces, design, fitted.corpus.counts(), content, content.seldom)
        return replace(fitted, spaces=blend.at(content.seldom))
