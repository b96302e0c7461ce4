"""What differs between swaps of one cell beyond seed and parking: weather, wear and load, as data.

`NOMINAL` changes nothing: a cell built with it is, to the last bit, the one built without.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple

from pydantic import Field, ValidationError

from twin import seeding
from twin.catalogue.schema.base import Strict
from twin.errors import InputError

if TYPE_CHECKING:
    from twin.catalogue import Pack, Station


class Sight(NamedTuple):
    """How much worse than by clear day the pose scanner sees."""

    noise_factor: float
    bias_factor: float
    least_dropout: float


SIGHT: dict[str, Sight] = {
    # [estimate] in every number, the same as the docking lidar's in the station files: there are no published ones
    "clear": Sight(1.0, 1.0, 0.0),  # as the station file has it: bias 3 mm, 1 % of frames lost
    "night": Sight(2.0, 2.0, 0.05),  # headlamps and glare: bias 6 mm, 5 % of frames lost
    "rain": Sight(4.0, 4.0, 0.20),  # drops and a wet window: bias 12 mm, 20 % of frames lost
}
"""Scanner by conditions: noise and bias (of lengths and angles) are factors of the station's own."""
CONDITIONS = tuple(SIGHT)

MOST_GAIN_SPREAD = 0.5
"""Half or one and a half times the designed gain: beyond it an axis is broken rather than badly tuned [estimate]."""
FRICTION_FACTORS = (0.3, 3.0)
"""Guide friction over the pack file's: fresh grease to dry and rusty [estimate]."""
POSE_FIELDS = ("truck_x_m", "truck_y_m", "truck_yaw_rad")


class Variation(Strict):
    """One swap's departure from the nominal cell. None: drawn from the seed as ever."""

    conditions: Literal["clear", "night", "rain"] = "clear"
    servo_gain_spread: Annotated[float, Field(ge=0.0, le=MOST_GAIN_SPREAD)] = Field(
        default=0.0, description="share by which velocity and position gain of each axis are drawn either way"
    )
    friction_factor: Annotated[float, Field(ge=FRICTION_FACTORS[0], le=FRICTION_FACTORS[1])] | None = None
    pack_mass_kg: Annotated[float, Field(gt=0.0)] | None = Field(
        default=None, description="of every pack that moves; within the pack file's least and most"
    )
    truck_x_m: float | None = Field(default=None, description="where the truck stands; within the station's clip")
    truck_y_m: float | None = None
    truck_yaw_rad: float | None = None

    @classmethod
    def of(cls, **values: Any) -> Variation:
        """A checked variation; raises InputError, which names the value that is wrong."""
        try:
            return cls(**values)
        except ValidationError as error:
            first = error.errors()[0]
            key = ".".join(str(part) for part in first["loc"])
            raise InputError(first["msg"], key=key, value=values.get(key)) from None

    def check(self, station: Station, pack: Pack, parking: str) -> None:
        """InputError for what this station, pack or way of parking cannot have."""
        mass_kg = self.pack_mass_kg
        if mass_kg is not None and not pack.mass_min_kg <= mass_kg <= pack.mass_max_kg:
            allowed = f"{pack.mass_min_kg:g} to {pack.mass_max_kg:g}"
            raise InputError(f"no mass of pack {pack.name}", key="pack_mass_kg", value=mass_kg, allowed=allowed)
        for key in POSE_FIELDS:
            value, most = getattr(self, key), getattr(station.parking.clip, key.removeprefix("truck_"))
            if value is None:
                continue
            if parking == "driven":
                raise InputError("a truck that is driven in stands where it got to", key=key, value=value)
            if abs(value) > most:
                raise InputError("beyond the station's clip", key=key, value=value, allowed=f"{-most:g} to {most:g}")

    def apply(self, p: Any, seed: int) -> None:
        """Change a filled PARAMS record: scanner, gains, masses, parked pose."""
        sight = SIGHT[self.conditions]
        p["scan_sigma_m"] *= sight.noise_factor
        p["scan_sigma_rad"] *= sight.noise_factor
        p["scan_bias"] *= sight.bias_factor
        p["scan_dropout"] = max(float(p["scan_dropout"]), sight.least_dropout)
        if self.servo_gain_spread:
            drawn = seeding.stream(seed, "servo gain").uniform(-1.0, 1.0, (2, 4))
            p["axis_velocity_gain"] *= 1.0 + self.servo_gain_spread * drawn[0]
            p["axis_position_gain"] *= 1.0 + self.servo_gain_spread * drawn[1]
        if self.pack_mass_kg is not None:
            p["pack_mass_kg"][: int(p["packs"])] = self.pack_mass_kg
        for i, key in enumerate(POSE_FIELDS):
            if getattr(self, key) is not None:
                p["truck_park"][i] = getattr(self, key)


NOMINAL = Variation()
"""By clear day, gains as designed, friction and masses drawn."""

__all__ = ["CONDITIONS", "NOMINAL", "SIGHT", "Variation"]
