"""Which engines are tried on a log."""

from training.config import TrainConfig
from training.corpus import Corpus

# Where skip-gram may pay: items are seen often enough for its steps to settle, and the log is no larger than what is
# trained on within seconds, and not so small that the closed form is done before skip-gram is compiled.
OFTEN, FEWEST_TOKENS, MOST_TOKENS = 40, 200_000, 2_000_000


def engines_of(config: TrainConfig, corpus: Corpus) -> list[str]:
    """What is tried, the one that is taken where nothing else is clearly better first."""
    if config.trainer.engine != "auto":
        return [config.trainer.engine]
    tokens = len(corpus.tokens)
    pays = FEWEST_TOKENS <= tokens <= MOST_TOKENS and tokens >= OFTEN * corpus.items
    return ["spectral", "sgns"] if pays else ["spectral"]


def with_engine(config: TrainConfig, engine: str) -> TrainConfig:
    return config.model_copy(update={"trainer": config.trainer.model_copy(update={"engine": engine})})
