"""Inputs of an episode on a swap: drawn from named streams, or fixed by arguments and options."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from envs.choosing import Pairs, fitting, pack_of, truck_of
from envs.options import choice, known, number
from twin import seeding
from twin.catalogue import Pack, Station, Truck
from twin.conditions import CONDITIONS, canonical
from twin.setup.errors import NOMINAL, error_of, errors_at
from twin.setup.jobs import NEAREST
from twin.setup.setup import SwapSetup, build_setup
from twin.setup.variation import FRICTION_FACTORS, MAX_GAIN_SPREAD, POSE_FIELDS, Variation

PARKINGS = ("guided", "unguided")
"""Ways of parking that an episode draws from."""
DRIVEN = "driven"
"""Parking that is never drawn, only fixed: the driver model parks the truck (`twin.setup.parking`)."""
SERVO_GAIN_SPREAD = 0.1
"""Largest relative error of each axis' velocity and position gain [estimate: wear, load and temperature between two
services]."""

RANGES = {  # options that are numbers; a pack's own file may be narrower
    "servo_gain_spread": (0.0, MAX_GAIN_SPREAD),
    "friction_factor": FRICTION_FACTORS,
    "pack_mass_kg": (100.0, 10_000.0),
    "truck_x_m": (-0.15, 0.15),
    "truck_y_m": (-0.15, 0.15),
    "truck_yaw_rad": (-0.05, 0.05),
    "mass_beyond": (-0.3, 0.3),
}
OPTIONS = ("truck", "pack", "parking", "conditions", *RANGES)
ERROR_SHARE = 0.5
"""Share of the episodes in which the station has an error, where errors are drawn [chosen: as `swaptwin tune`]."""


@dataclass(frozen=True)
class SwapCase:
    """One episode, resolved: `setup` is ready to be built as a plant.

    `reparked`: how often the truck stood outside the station's gate and had to park again. `error`: the one that was
    drawn, see `twin.setup.errors`; None where none are.
    """

    seed: int
    station: Station
    truck: Truck
    pack: Pack
    parking: str
    variation: Variation
    setup: SwapSetup
    reparked: int = 0
    error: str | None = None

    def as_plain(self) -> dict[str, Any]:
        """Content of `info["case"]`: the drawn values, true ones included."""
        p = self.setup.params[0]
        x_m, y_m, yaw_rad = p["truck_park"][:3].tolist()
        error = {} if self.error is None else {"error": self.error}
        return error | {
            "seed": self.seed,
            "station": self.station.name,
            "truck": self.truck.name,
            "pack": self.pack.name,
            "parking": self.parking,
            "conditions": self.variation.conditions,
            "servo_gain_spread": self.variation.servo_gain_spread,
            "guide_friction": float(self.setup.guide_friction),
            "pack_masses_kg": p["pack_mass_kg"][: int(p["packs"])].tolist(),
            "truck_x_m": x_m,
            "truck_y_m": y_m,
            "truck_yaw_rad": yaw_rad,
            "reparked": self.reparked,
        }


@dataclass(frozen=True)
class SwapChoice:
    """Values that the constructor fixed; None is drawn in every episode.

    `planning`: of the timing set that is played, see `twin.setup.jobs.plan_jobs`. `errors`: True draws an error that
    the station has without noticing in `ERROR_SHARE` of the episodes.

    Raises:
        InputError: truck and pack do not fit the station, none does, or a word is unknown.
    """

    station: Station
    truck: Truck | None = None
    pack: Pack | None = None
    parking: str | None = None
    conditions: str | None = None
    planning: str = NEAREST
    errors: bool = False

    def __post_init__(self) -> None:
        if self.parking is not None:
            choice("parking", self.parking, (*PARKINGS, DRIVEN))
        if self.parking == DRIVEN:
            from twin.docking.params import approach_of  # pulls in all of docking, so only for DRIVEN

            approach_of(self.station)
        if self.conditions is not None:
            object.__setattr__(self, "conditions", canonical(self.conditions))
        assert self.fitting

    @cached_property
    def fitting(self) -> Pairs:
        """Trucks that can be drawn, each with the packs that fit it."""
        return fitting(self.station, self.truck, self.pack, driving=self.parking == DRIVEN)

    def draw(
        self,
        seed: int,
        options: Mapping[str, Any] | None = None,
        station: Station | None = None,
        again: Mapping[str, Any] | None = None,
    ) -> SwapCase:
        """Draw one episode from its seed; an option fixes one value without shifting the others.

        Args:
            seed: of the episode.
            options: its fixed values.
            station: the choice's station with changes for this episode.
            again: result of `parked_again` for a truck that has parked again.

        Raises:
            InputError: an unknown option, or a value that is out of its range or goes with nothing.
        """
        fixed = known(options, OPTIONS)
        numbers = {name: number(f"options[{name!r}]", fixed[name], *RANGES[name]) for name in RANGES if name in fixed}
        chosen = self._narrowed(fixed)
        trucks = [truck.name for truck, _ in chosen.fitting]
        truck, packs = chosen.fitting[seeding.pick(seed, "swap truck", trucks)]
        pack = packs[seeding.pick(seed, "swap pack", [pack.name for pack in packs])]
        parking = chosen.parking or PARKINGS[int(_stream(seed, "parking").integers(len(PARKINGS)))]
        conditions = chosen.conditions or CONDITIONS[int(_stream(seed, "conditions").integers(len(CONDITIONS)))]
        where = station or self.station
        error = self._error(seed, where) if self.errors else None
        drawn: dict[str, Any] = {"conditions": conditions, "servo_gain_spread": SERVO_GAIN_SPREAD}
        drawn |= error_of(error or NOMINAL, pack)
        beyond = numbers.pop("mass_beyond", 0.0)
        variation = Variation.of(**{**drawn, **numbers, **(again or {})})
        setup = build_setup(where, truck, pack, seed=seed, parking=parking, variation=variation, planning=self.planning)
        if beyond:
            p = setup.params[0]
            p["pack_mass_kg"][: int(p["packs"])] = mass_outside_kg(pack, beyond)
        return SwapCase(seed, where, truck, pack, parking, variation, setup, error=error)

    def _error(self, seed: int, station: Station) -> str:
        """Draw the station's error."""
        draw, known_errors = _stream(seed, "error"), errors_at(station)
        return known_errors[int(draw.integers(len(known_errors)))] if draw.uniform() < ERROR_SHARE else NOMINAL

    def _narrowed(self, fixed: Mapping[str, Any]) -> SwapChoice:
        """Return this choice with the options' values added."""
        if not fixed.keys() & {"truck", "pack", "parking", "conditions"}:
            return self
        parking, conditions = self.parking, self.conditions
        if "parking" in fixed:
            parking = choice("options['parking']", fixed["parking"], (*PARKINGS, DRIVEN))
        if "conditions" in fixed:
            conditions = canonical(fixed["conditions"], "options['conditions']")
        truck, pack = truck_of(fixed, self.truck), pack_of(fixed, self.pack)
        return SwapChoice(self.station, truck, pack, parking, conditions, self.planning, self.errors)


def mass_outside_kg(pack: Pack, beyond: float) -> float:
    """Mass outside the pack file's range: by a share `beyond` over its heaviest or, negative, under its lightest."""
    return (1.0 + beyond) * (pack.mass_max_kg if beyond > 0.0 else pack.mass_min_kg)


def outside_gate(case: SwapCase) -> bool:
    """True if the truck stands outside the station's gate and has to park again."""
    limits, standing = case.station.limits, case.as_plain()
    gate = {"truck_x_m": limits.repark_m, "truck_y_m": limits.repark_m, "truck_yaw_rad": limits.repark_yaw_rad}
    return any(abs(standing[key]) > gate[key] for key in POSE_FIELDS)


def tries(
    choice: SwapChoice, seed: int, options: Mapping[str, Any], random: Any, station: Station | None = None
) -> Iterator[SwapCase]:
    """Yield episode `seed`, then the same with its truck parked again by `random`, inside the gate or not."""
    case = choice.draw(seed, options, station)
    for reparked in itertools.count():
        yield replace(case, reparked=reparked)
        case = choice.draw(seed, options, station, parked_again(case, random, options))


def parked_again(case: SwapCase, random: Any, fixed: Collection[str]) -> dict[str, float | int]:
    """Draw the truck's pose after another parking; options in `fixed` stay.

    The pose follows the station's spread or, for a truck that is driven in, the end of another drive.
    """
    if case.parking == DRIVEN:
        return {"drive_seed": int(random.integers(2**63))}
    spread, clip = getattr(case.station.parking, case.parking), case.station.parking.clip
    pose: dict[str, float | int] = {}
    for key in POSE_FIELDS:
        if key not in fixed:
            name = key.removeprefix("truck_")
            most = getattr(clip, name)
            pose[key] = min(max(random.normal(0.0, getattr(spread, name)), -most), most)
    return pose


def _stream(seed: int, name: str) -> Any:
    return seeding.stream(seed, f"swap {name}")
