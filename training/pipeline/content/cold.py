"""Items without a past: how they get vectors is chosen on validation, measured on the test part, fitted on all."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from index.artifact.manifest import ContentFacts
from index.catalogue.catalogue import Catalogue
from index.content.content import Content, Method, Vectors
from index.ranking.scorer import NextScorer
from index.ranking.settings import RecommenderConfig
from index.report import ColdFacts, ColdRow
from index.vocabulary import Vocabulary
from training.choice.materials import Counted, Materials
from training.config import TrainConfig
from training.content.choose import choose_strengths, made_of
from training.content.fit import Fitter
from training.content.hidden import DEEP, Hiding, Pairs, by_popularity, hide, ranks_of
from training.content.learn import Design, design_of
from training.content.seldom import SELDOM, shares_that_pay
from training.content.stand import usual_standing
from training.evaluation.metrics import Ranks, hits
from training.evaluation.split import Prefixes, Split, split_validation, validation_prefixes
from training.objective.weights import counted_weights
from training.pipeline.choose import Chosen
from training.pipeline.measure import Measured
from training.pipeline.train import Fitted, Trainings
from training.progress import Reporter
from training.trainers.spaces import Spaces
from training.workspace import Workspace, read_json, write_json

QUESTIONS = 3000  # a hundred or more of them are about hidden items, or answered by one
SCORES = 300_000_000  # fewer questions where so many scores would be made
OTHERS = 3  # of so many questions about items that were often seen, one is looked at for their sake
ROUGHLY = 1e-2  # as `ridge` has it: which map is best is seen before the last digits are
METHODS: tuple[Method, ...] = ("map", "nearest", "mean")


def untried(config: TrainConfig) -> ContentFacts | None:
    """The way that the settings name, with strengths that did well on two logs; None: off."""
    return None if config.cold.method == "off" else ContentFacts(method=config.cold.method)


def choose_content(
    test: Split,
    catalogue: Catalogue,
    chosen: Chosen,
    config: TrainConfig,
    work: Workspace,
    trainings: Trainings,
    seldom: bool = True,
) -> ContentFacts | None:
    """None where it is off, or the catalogue says nothing of the items. A step: it resumes. seldom: whether vectors of
    items that were seldom seen may be changed."""
    start = untried(config)
    if start is None or not catalogue.ids or not config.evaluation.blend:
        return start if catalogue.ids else None

    def make(folder: Path) -> None:
        validation = split_validation(test, config)
        engines = list(trainings.engines(config, validation.train))
        name = "train for validation" + (f" {chosen.engine}" if chosen.engine != engines[0] else "")
        fitted = trainings.fit(name, validation.train, validation.ids, chosen.config(config), work)
        with work.told.step("content") as step:
            world = _world(fitted, catalogue, chosen.blend, validation_prefixes(validation, config), config)
            found: dict[str, ContentFacts] = {}
            # The other ways are chosen as well, so that they are measured at their best.
            for done, method in enumerate(METHODS, 1):
                if world is None:
                    break
                found[method] = choose_strengths(
                    world.fitter, world.design, world.trained, world.hiding, method, config.trainer.workers
                )
                step.share(done / len(METHODS))
            if world is not None and seldom:
                found[start.method] = world.with_seldom(found[start.method])
            if found:
                step.facts |= found[start.method].model_dump()
        write_json(folder / "content.json", {name: facts.model_dump() for name, facts in found.items()})

    found = read_json(work.step("content", make) / "content.json")
    return ContentFacts.model_validate(found[start.method]) if found else None


class _World:
    """A model from which items are hidden, and all that maps are made of."""

    def __init__(
        self, fitted: Fitted, design: Design, blend: RecommenderConfig, prefixes: Prefixes, config: TrainConfig
    ) -> None:
        weights = counted_weights(fitted.corpus, config)
        materials = Materials(fitted.spaces, Counted(fitted.corpus, config.trainer.workers, weights=weights))
        following = fitted.spaces.next
        self._materials, self._blend = materials, blend
        self.design = design
        self.counts = materials.counted.counts
        self.trained = Vectors(following.inputs, following.outputs, materials.similar(blend))
        hidden, scorer = hide(design, config.seed), materials.scorer(blend)
        self._pairs = Pairs.of(prefixes.spread(min(QUESTIONS, SCORES // len(fitted.ids))))
        self.hiding = Hiding(scorer, self._pairs, hidden, usual_standing(scorer, self.trained, self.counts))
        self.fitter = Fitter(design, self.trained, self.counts, np.flatnonzero(~hidden).astype(np.int32), ROUGHLY)

    def with_seldom(self, facts: ContentFacts) -> ContentFacts:
        """With the weight of content in the vectors of items that were seldom seen."""
        few = self.counts <= SELDOM
        about = few[self._pairs.asked] | few[self._pairs.wanted]
        looked_at = about | (np.arange(len(about)) % OTHERS == 0)
        pairs = self._pairs.where(looked_at)

        def ranks(spaces: Spaces) -> Ranks:
            return ranks_of(replace(self._materials, spaces=spaces).scorer(self._blend), pairs)

        return shares_that_pay(
            self._materials.spaces, self.design, self.counts, facts, ranks, about[looked_at], ROUGHLY
        )


def _world(
    fitted: Fitted, catalogue: Catalogue, blend: RecommenderConfig, prefixes: Prefixes, config: TrainConfig
) -> _World | None:
    """None where the catalogue says nothing that two items share, or says it of too few to hide any."""
    design = design_of(catalogue, fitted.ids, config.cold.features, fitted.spaces.next.inputs.shape[1])
    if design is None or not hide(design, config.seed).any():
        return None
    return _World(fitted, design, blend, prefixes, config)


def with_cold(
    measured: Measured,
    test: Split,
    catalogue: Catalogue,
    chosen: Chosen,
    content: ContentFacts | None,
    config: TrainConfig,
    work: Workspace,
) -> Measured:
    """The report with what hidden items tell, in the test part. Their vectors are left out of the map, but the sessions
    that the others were trained on held them; benchmarks/cold.py trains without."""
    if content is None or not config.evaluation.blend:
        return measured

    def make(folder: Path) -> None:
        with work.told.step("cold items") as step:
            world = _world(measured.fitted, catalogue, chosen.blend, measured.prefixes, config)
            told = read_json(work.folder / "content" / "content.json")
            order = sorted(map(ContentFacts.model_validate, told.values()), key=lambda facts: facts != content)
            found = None if world is None else _cold(world, order)
            if found is not None:
                step.facts |= {
                    "hidden": found.items,
                    "asked": found.rows[0].asked_hr20,
                    "found": found.rows[0].found_hr20,
                }
        write_json(folder / "cold.json", None if found is None else found.model_dump(mode="json"))

    found = read_json(work.step("cold-items", make) / "cold.json")
    if found is None:
        return measured
    report = measured.report.model_copy(update={"cold": ColdFacts.model_validate(found)})
    return replace(measured, report=report)


def _cold(world: _World, ways: list[ContentFacts]) -> ColdFacts:
    hiding, rows = world.hiding, []
    for facts in ways:
        made = made_of(world.fitter, world.design, hiding, facts)
        ranks = hiding.hits(made, facts)
        rows.append(_row(facts.method, ranks.asked, ranks.found, ranks.known))
    kinds = (hiding.asked, hiding.found.pairs, hiding.known.pairs)
    rows.append(_row("popularity", *(by_popularity(world.counts, pairs, hiding.hidden) for pairs in kinds)))
    whole = hiding.of_trained()
    rows.append(_row("had they been trained on", whole.asked, whole.found, whole.known))
    return ColdFacts(
        items=len(hiding.rows), asked=len(kinds[0]), found=len(kinds[1]), known=len(kinds[2]), rows=tuple(rows)
    )


def _row(method: str, asked: Ranks, found: Ranks, known: Ranks) -> ColdRow:
    rates = (round(float(hits(ranks, DEEP).mean()), 4) if len(ranks) else None for ranks in (asked, found, known))
    return ColdRow(**dict(zip(("method", "asked_hr20", "found_hr20", "known_hr20"), (method, *rates), strict=True)))


def content_of(
    facts: ContentFacts | None,
    trained: Vectors,
    vocabulary: Vocabulary,
    catalogue: Catalogue,
    config: TrainConfig,
    told: Reporter,
    scorer: NextScorer,
) -> Content | None:
    """Fitted on all items that have vectors. scorer: as they serve."""
    if facts is None or not catalogue.ids:
        return None
    with told.step("content map") as step:
        design = design_of(catalogue, vocabulary.ids, config.cold.features, max(part.shape[1] for part in trained))
        if design is None:
            return None
        fitter = Fitter(design, trained, vocabulary.counts)
        step.facts |= {"features": len(design.lexicon), "items": len(fitter.rows), "method": facts.method}
        usual = usual_standing(scorer, trained, vocabulary.counts)
        standing = replace(usual, deviation=usual.deviation * facts.length, offset=facts.offset)
        return replace(fitter.fit(facts), standing=standing)
