"""Settings of what takes the place of the model that serves: an update of it, or what the gate lets in."""

from training.setting import Settings, setting


class UpdateConfig(Settings):
    """When a retraining of the service only adds the new events to the model that serves."""

    share: float = setting(
        0.25, "as long as fewer events, as a share of the last whole training's, came since it; 0: never", ge=0, le=100
    )
    days: float = setting(7.0, "and as long as the last whole training is no older than this", ge=0, le=3650)


class GateConfig(Settings):
    """What a new model must keep of the one that serves, or it does not take its place."""

    items_kept: float = setting(
        0.2,
        "of the items of the model that serves, the share that the new one must still have; 0: not asked",
        ge=0,
        le=1,
    )
    events_answered: float = setting(
        0.8,
        "the newest events that the new model can answer, as a share of those that the one that serves can; 0: not "
        "asked",
        ge=0,
        le=1,
    )
    log_kept: float = setting(
        0.6,
        "of the sessions or of the events that the model that serves was trained on, the share that must be there "
        "again; 0: not asked",
        ge=0,
        le=1,
    )
    days_back: float = setting(
        7.0, "how many days the newest event may lie before that of the model that serves", ge=0, le=36_500
    )
    compared: bool = setting(
        True, "a model that shares too few test questions with the one that serves is refused, not let through"
    )
