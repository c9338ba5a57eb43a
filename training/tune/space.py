"""Which settings of the trainer a search varies, in which ranges, and where it starts."""

from collections.abc import Mapping
from typing import Any

from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution

from index.errors import ConfigError
from training.config import Engine, TrainerConfig

# Subsampling at a threshold of 1e-2 leaves nearly everything, so the scale goes on beyond it to "none": one range
# instead of a switch and a range, which the sampler would have to learn apart.
NONE_FROM, NO_SUBSAMPLING = 1e-2, 1e-1

# First steps mean different things to the two engines (benchmarks/README.md).
RATES = {"sgns": (0.2, 2.0), "gensim": (0.01, 0.3)}

# Beside the defaults: what has been good on one log or another, so that a short search meets it.
STARTS: tuple[dict[str, Any], ...] = (
    {"engine": "spectral", "spectral.window": 1},
    {"engine": "spectral", "spectral.window": 3, "spectral.behind": 0.3},
    {"engine": "spectral", "dims": 256},
    {"engine": "sgns"},
    {"engine": "sgns", "direction": "after", "window": 1},
    {"engine": "sgns", "window": 10, "exponent": 0.5},
    {"engine": "sgns", "window": 2},
    {"engine": "sgns", "direction": "after", "window": 3, "exponent": 0.5},
    {"engine": "sgns", "window": 5, "exponent": 0.75, "negatives": 5},
    {"engine": "sgns", "window": 10, "epochs": 30, "sample": 1e-3},
)


class Space:
    """The settings that may vary: those that matter and were not given.

    base: the settings where the search starts. Those that were given (in a flag or the file) stay as they are.
    Raises ConfigError when all of them were given.
    """

    def __init__(self, base: TrainerConfig) -> None:
        self.base = base
        given = set(base.model_dump(exclude_unset=True)) | {f"spectral.{n}" for n in base.spectral.model_fields_set}
        ranges = {name: r for name, r in _ranges(base.engine).items() if name not in given - {"spectral"}}
        if not ranges:
            raise ConfigError("nothing to search: every setting of the trainer that is searched was given")
        self.ranges = ranges

    def settings(self, drawn: Mapping[str, Any]) -> TrainerConfig:
        """What is trained with, from a point of `ranges`. Rounded, so that the file says exactly what was tried.
        Defaults are not set."""
        found = {name: value for name, value in drawn.items() if self._matters(name, drawn)}
        if "learning_rate" in found:
            found["learning_rate"] = float(f"{found['learning_rate']:.2g}")
        if "exponent" in found:
            found["exponent"] = round(found["exponent"], 2)
        if "sample" in found:
            found["sample"] = 0.0 if found["sample"] > NONE_FROM else float(f"{found['sample']:.1g}")
        if found.get("window", self.base.window) == 1:
            found.pop("dynamic", None)  # a window of 1 has no nearer part
        for name in ("power", "degree"):
            if f"spectral.{name}" in found:
                found[f"spectral.{name}"] = round(found[f"spectral.{name}"], 2)
        usual = self._plain(self.base)
        given = self.base.model_dump(exclude_unset=True)
        for name, value in found.items():
            section, _, field = name.rpartition(".")
            if value != usual[name]:
                (given.setdefault(section, {}) if section else given)[field] = value
        return TrainerConfig.model_validate(given)

    def _matters(self, name: str, drawn: Mapping[str, Any]) -> bool:
        """Whether the engine that was drawn, or given, knows the setting."""
        if name in ("engine", "dims"):
            return True
        spectral: bool = drawn.get("engine", self.base.engine) == "spectral"
        return name.startswith("spectral.") == spectral

    def changes(self, settings: TrainerConfig) -> dict[str, Any]:
        """Where settings differ from those the search started with."""
        usual = self._plain(self.base)
        return {name: value for name, value in self._plain(settings).items() if value != usual[name]}

    def plain(self, settings: TrainerConfig) -> dict[str, Any]:
        """The searched settings with their values, the engine's own where none is given."""
        return {name: value for name, value in self._plain(settings).items() if name in self.ranges}

    def starts(self) -> list[dict[str, Any]]:
        """Points of `ranges`, the defaults first, no two alike."""
        here = self._point(self.plain(self.base))
        found = [here]
        for start in STARTS:
            point = here | self._point({name: value for name, value in start.items() if name in self.ranges})
            if point not in found:
                found.append(point)
        return found

    def _plain(self, settings: TrainerConfig) -> dict[str, Any]:
        steps = settings.steps()
        own = {"epochs": steps.epochs, "learning_rate": steps.first}
        found = {name: _value(settings, name) for name in _ranges(self.base.engine)}
        return found | {name: value for name, value in own.items() if name in found}

    def _point(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        return {name: NO_SUBSAMPLING if name == "sample" and not value else value for name, value in settings.items()}


def _value(settings: TrainerConfig, name: str) -> Any:
    if name == "engine":
        return "spectral" if settings.engine == "auto" else settings.engine
    section, _, field = name.rpartition(".")
    return getattr(getattr(settings, section) if section else settings, field)


def _ranges(engine: Engine) -> dict[str, BaseDistribution]:
    """By name; those of a section with its name before a dot. auto: both of our own engines, and which."""
    if engine == "auto":
        which = {"engine": CategoricalDistribution(("spectral", "sgns"))}
        return {**which, **_ranges("spectral"), **_ranges("sgns")}
    if engine == "spectral":
        return {
            "spectral.window": IntDistribution(1, 10, log=True),
            "spectral.behind": CategoricalDistribution((0.0, 0.1, 0.3, 1.0)),
            "spectral.power": FloatDistribution(0.2, 1.0),
            "spectral.degree": FloatDistribution(0.0, 0.5),
            "spectral.products": CategoricalDistribution((2, 3, 4, 5)),
            "dims": CategoricalDistribution((64, 128, 256)),
        }
    both_ways: dict[str, BaseDistribution] = {
        "direction": CategoricalDistribution(("both", "after")),
        "dynamic": CategoricalDistribution((True, False)),
    }
    return {
        **(both_ways if engine == "sgns" else {}),
        "window": IntDistribution(1, 20, log=True),
        "exponent": FloatDistribution(-0.5, 1.0, step=0.05),
        "sample": FloatDistribution(1e-5, NO_SUBSAMPLING, log=True),
        "epochs": IntDistribution(3, 60, log=True),
        "learning_rate": FloatDistribution(*RATES[engine], log=True),
        "negatives": CategoricalDistribution((5, 10, 20)),
        "dims": CategoricalDistribution((64, 128, 256)),
    }
