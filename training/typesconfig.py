"""Settings of types: buckets of attributes that stand for items and users."""

from pydantic import model_validator

from training.setting import Settings, setting


class TypesConfig(Settings):
    """Types, buckets of attributes that stand for rare items and unknown users; off by default."""

    item: tuple[str, ...] = setting(
        (), "columns of the items' metadata whose values together are an item's type: city, room_type, price"
    )
    user: tuple[str, ...] = setting(
        (), "columns of the log whose values together are a user's type: country, device (needs types.item)"
    )
    quantiles: int = setting(5, "numbers, as prices, are cut into so many buckets of equal size", ge=2, le=100)
    dims: int = setting(32, "numbers per vector of a type", ge=2, le=512)
    conversions: bool = setting(
        False, "types are learnt from conversions alone, as bookings (needs events.conversion_types)"
    )

    @model_validator(mode="after")
    def _users_meet_items(self) -> "TypesConfig":
        if self.user and not self.item:
            raise ValueError("types.user needs types.item: what users of a type go for are items of a type")
        for name in ("item", "user"):
            if len(set(getattr(self, name))) < len(getattr(self, name)):
                raise ValueError(f"types.{name} names a column twice")
        return self
