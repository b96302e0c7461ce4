"""Base of every model: bounded numbers, names, and a base class that is frozen and strict."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Positive = Annotated[float, Field(gt=0.0)]
NonNegative = Annotated[float, Field(ge=0.0)]
Fraction = Annotated[float, Field(gt=0.0, le=1.0)]
Ratio = Annotated[float, Field(ge=0.0, lt=1.0)]
Coordinate = Annotated[float, Field(ge=-100.0, le=100.0)]
Count = Annotated[int, Field(ge=1, le=64)]
NAME_PATTERN = r"^[a-z0-9][a-z0-9_]{0,63}$"
Name = Annotated[str, Field(pattern=NAME_PATTERN)]
Vector2 = tuple[Coordinate, Coordinate]
Vector3 = tuple[Coordinate, Coordinate, Coordinate]
Size3 = tuple[Positive, Positive, Positive]


def below(owner: BaseModel, low: str, high: str, *, equal: bool = True) -> None:
    """Refuse limits out of order: field `low` must be below (or, with `equal`, no more than) field `high`."""
    a, b = getattr(owner, low), getattr(owner, high)
    if a > b or (a == b and not equal):
        raise ValueError(f"{low} {a:g} must be {'at most' if equal else 'below'} {high} {b:g}")


class Strict(BaseModel):
    """Frozen, unknown keys refused, no NaN or infinity, no silent conversion of strings to numbers."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, strict=True)
