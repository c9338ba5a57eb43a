"""What the parts of a written file are made of: frozen, and open to what a later release adds."""

from typing import Annotated, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WrapSerializer

T = TypeVar("T")


class Record(BaseModel):
    """Base of the parts: frozen; fields a later release added to the same schema are ignored."""

    # NaN stays NaN, for to_json to refuse; pydantic's own way would write null, which `timings` could not read back.
    model_config = ConfigDict(frozen=True, extra="ignore", ser_json_inf_nan="constants")


Omitted = Annotated[T | None, Field(exclude_if=lambda value: value is None)]
"""A field that is not written where it is None."""

Noted = Annotated[
    T | None,
    BeforeValidator(lambda value: None if value == {} else value),
    WrapSerializer(lambda value, write: {} if value is None else write(value)),
]
"""None is written as {}: what was not noted, or not measured."""
