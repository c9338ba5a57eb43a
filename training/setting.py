"""One setting, and the base of the sections that hold them."""

from typing import Any, TypeVar, cast

from pydantic import BaseModel, ConfigDict, Field

T = TypeVar("T")


def setting(default: T, description: str, **limits: Any) -> T:
    """A field with its one description. limits: as pydantic's Field takes them."""
    return cast(T, Field(default, description=description, **limits))


class Settings(BaseModel):
    """Base of the sections: frozen, and an unknown name is an error. Every number has a least and a largest value: one
    beyond what makes sense would train for ever, or run out of memory, and say nothing."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)
