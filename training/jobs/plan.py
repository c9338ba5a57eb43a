"""What a retraining trains on, as it was decided when its job began."""

from dataclasses import dataclass

from index.artifact.manifest import StoredEvents


@dataclass(frozen=True)
class Plan:
    """stored: the events of the database that the new model will have seen; None where there are none. update: the
    version that is updated, None where the training is whole. why: the reason for a whole one, in words."""

    stored: StoredEvents | None
    update: str | None = None
    why: str = ""
    after: int = 0

    def to_json(self) -> dict[str, object]:
        stored = self.stored and self.stored.model_dump(mode="json")
        return {"stored": stored, "update": self.update, "why": self.why, "after": self.after}

    @classmethod
    def from_json(cls, fields: dict[str, object]) -> "Plan":
        stored = fields["stored"] and StoredEvents.model_validate(fields["stored"])
        return cls(**{**fields, "stored": stored})  # type: ignore[arg-type]
