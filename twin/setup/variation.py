"""Differences between swaps of one setup beyond seed and parking: weather, wear and load, as data.

`NOMINAL` changes nothing: a setup built with it equals, to the last bit, the one built without.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import numpy as np
from pydantic import BeforeValidator, Field, SerializerFunctionWrapHandler, ValidationError, model_serializer

from twin import seeding
from twin.catalogue.schema import FourRope
from twin.catalogue.schema.base import Strict
from twin.conditions import CONDITIONS, bias, canonical, lost_share, noise, parts
from twin.errors import InputError
from twin.records import AXES

if TYPE_CHECKING:
    from twin.catalogue import Pack, Station


class ScannerDegradation(NamedTuple):
    """Degradation of the pose scanner against a clear day."""

    noise_factor: float
    bias_factor: float
    least_dropout: float


SIGHT: dict[str, ScannerDegradation] = {
    # [estimate] in every number, the same as the docking lidar's in the station files: no published values
    "clear": ScannerDegradation(1.0, 1.0, 0.0),  # as the station file has it: bias 3 mm, 1 % of frames lost
    "night": ScannerDegradation(2.0, 2.0, 0.05),  # headlamps and glare: bias 6 mm, 5 % of frames lost
    "rain": ScannerDegradation(4.0, 4.0, 0.20),  # drops and a wet window: bias 12 mm, 20 % of frames lost
}
"""Scanner by single conditions: noise and bias (of lengths and angles) are factors of the station's own."""


def scanner_degradation(conditions: str) -> ScannerDegradation:
    """The scanner in canonical conditions, one or several at once (`twin.conditions` has the rules)."""
    each = [SIGHT[part] for part in parts(conditions)]
    return ScannerDegradation(
        noise([one.noise_factor for one in each]),
        bias([one.bias_factor for one in each]),
        lost_share([one.least_dropout for one in each]),
    )


MAX_GAIN_SPREAD = 0.5
"""Half or one and a half times the designed gain: beyond it an axis is faulty rather than badly tuned [estimate]."""
FRICTION_FACTORS = (0.3, 3.0)
"""Guide friction over the pack file's: fresh grease to dry and rusty [estimate]."""
POSE_FIELDS = ("truck_x_m", "truck_y_m", "truck_yaw_rad")
LATER_FIELDS = ("drive_seed", "rope_error", "drive_lag_s")
"""Fields that earlier recordings do not have."""
MAX_ROPE_ERROR = 0.2
"""Beyond it the hoist's encoder is not zeroed at all [chosen]."""
MAX_DRIVE_LAG_S = 0.2
"""Beyond it the position loop of an axis oscillates [derived: gain 4 to 8 /s]."""


class Variation(Strict):
    """One swap's departure from the nominal setup. None: drawn from the seed as without a variation."""

    conditions: Annotated[str, BeforeValidator(canonical)] = Field(
        default="clear", description="clear, night, rain or night+rain"
    )
    servo_gain_spread: Annotated[float, Field(ge=0.0, le=MAX_GAIN_SPREAD)] = Field(
        default=0.0, description="share by which velocity and position gain of each axis are drawn either way"
    )
    friction_factor: Annotated[float, Field(ge=FRICTION_FACTORS[0], le=FRICTION_FACTORS[1])] | None = None
    pack_mass_kg: Annotated[float, Field(gt=0.0)] | None = Field(
        default=None, description="of every pack that moves; within the pack file's least and most"
    )
    truck_x_m: float | None = Field(default=None, description="where the truck stands; within the station's clip")
    truck_y_m: float | None = None
    truck_yaw_rad: float | None = None
    drive_seed: Annotated[int, Field(ge=0, lt=2**63)] | None = Field(
        default=None, description="of the drive by which a driven truck came; None: the swap's own"
    )
    rope_error: Annotated[float, Field(ge=-MAX_ROPE_ERROR, le=MAX_ROPE_ERROR)] = Field(
        default=0.0, description="by how much the ropes are longer than the controller has it, as a share at mid-stroke"
    )
    drive_lag_s: Annotated[float, Field(ge=0.0, le=MAX_DRIVE_LAG_S)] = Field(
        default=0.0, description="time constant that each axis' velocity loop has beyond its design"
    )

    @model_serializer(mode="wrap")
    def _without_later_fields(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave out fields that have their default, as in recordings from before they existed."""
        plain: dict[str, Any] = handler(self)
        for name in LATER_FIELDS:
            if getattr(self, name) == type(self).model_fields[name].default:
                plain.pop(name, None)
        return plain

    @classmethod
    def of(cls, **values: Any) -> Variation:
        """Make a checked variation; raises InputError, which names the value that is wrong."""
        if "conditions" in values:
            values["conditions"] = canonical(values["conditions"])
        try:
            return cls(**values)
        except ValidationError as error:
            first = error.errors()[0]
            key = ".".join(str(part) for part in first["loc"])
            raise InputError(first["msg"], key=key, value=values.get(key)) from None

    def check(self, station: Station, pack: Pack, parking: str) -> None:
        """Raise InputError for values that this station, pack or way of parking cannot have."""
        mass_kg = self.pack_mass_kg
        if mass_kg is not None and not pack.mass_min_kg <= mass_kg <= pack.mass_max_kg:
            allowed = f"{pack.mass_min_kg:g} to {pack.mass_max_kg:g}"
            raise InputError(f"no mass of pack {pack.name}", key="pack_mass_kg", value=mass_kg, allowed=allowed)
        if self.drive_seed is not None and parking != "driven":
            problem = "a truck that is not driven in has no drive"
            raise InputError(problem, key="drive_seed", value=self.drive_seed)
        if self.rope_error and not isinstance(station.reeving, FourRope):
            raise InputError("nothing hangs on ropes at this station", key="rope_error", value=self.rope_error)
        for key in POSE_FIELDS:
            value, most = getattr(self, key), getattr(station.parking.clip, key.removeprefix("truck_"))
            if value is None:
                continue
            if parking == "driven":
                raise InputError("a truck that is driven in stands where it got to", key=key, value=value)
            if abs(value) > most:
                raise InputError("beyond the station's clip", key=key, value=value, allowed=f"{-most:g} to {most:g}")

    def apply(self, p: Any, seed: int, station: Station) -> None:
        """Change a filled PARAMS record: scanner, gains, ropes, masses, parked pose."""
        sight = scanner_degradation(self.conditions)
        p["scan_sigma_m"] *= sight.noise_factor
        p["scan_sigma_rad"] *= sight.noise_factor
        p["scan_bias"] *= sight.bias_factor
        p["scan_dropout"] = max(float(p["scan_dropout"]), sight.least_dropout)
        if self.servo_gain_spread:
            drawn = seeding.stream(seed, "servo gain").uniform(-1.0, 1.0, (2, 4))
            p["axis_velocity_gain"] *= 1.0 + self.servo_gain_spread * drawn[0]
            p["axis_position_gain"] *= 1.0 + self.servo_gain_spread * drawn[1]
        if self.drive_lag_s:
            bandwidth = np.array([getattr(station.axes, name).velocity_bandwidth_rad_per_s for name in AXES])
            p["axis_velocity_gain"] /= 1.0 + bandwidth * self.drive_lag_s  # 1 / (1 / bandwidth + lag) of the loop
        if self.rope_error and isinstance(station.reeving, FourRope):
            # of the plant alone: shapers are designed with the station file's sheaves; the spreader's height is right
            z = station.axes.z
            middle_m = station.reeving.sheave_height_m - 0.5 * (z.position_min_m + z.position_max_m)
            p["sheave_height_m"] += self.rope_error * middle_m
        if self.pack_mass_kg is not None:
            p["pack_mass_kg"][: int(p["packs"])] = self.pack_mass_kg
        for i, key in enumerate(POSE_FIELDS):
            if getattr(self, key) is not None:
                p["truck_park"][i] = getattr(self, key)


NOMINAL = Variation()
"""A clear day, gains as designed, friction and masses drawn."""

__all__ = ["CONDITIONS", "NOMINAL", "SIGHT", "Variation", "scanner_degradation"]
