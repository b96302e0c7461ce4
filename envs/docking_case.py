"""Inputs of a Docking-v0 episode: drawn from named streams, or fixed by arguments and options."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from envs.choosing import Pairs, fitting, pack_of, truck_of
from envs.options import flag, known, number
from twin import seeding
from twin.catalogue import Pack, Station, Truck
from twin.conditions import CONDITIONS, canonical
from twin.docking import DockingPlant, docking_params
from twin.docking.params import approach_of, driving_of
from twin.errors import InputError

if TYPE_CHECKING:
    from twin.recording.docking.configuration import DockingConfiguration

PACK_MASS_SIGMA = 0.01
"""Scatter of a pack's mass around nominal, as in a swap [estimate: manufacturing and coolant, 1 %]."""
FRICTION_FACTOR = (0.8, 1.1)
"""Factor on the truck's dry tyre friction: polished or dusty concrete to rough concrete [estimate]."""
TRAILER_TARE = 0.2
"""Empty over laden mass of a semi-trailer [estimate: 7 t of 36 t]."""
RIGID_TARE = 0.35
"""Empty over laden sprung mass of a rigid truck [derived: mixer 9 of 27 t, dump truck 8 of 26 t, box 5.5 of 14 t]."""
SPEED_SCALE_SIGMA = 0.01
"""Relative error of wheel speeds [estimate: a worn tyre's radius is 1 to 2 % less]."""

RANGES = {  # options that are numbers; ranges far beyond those drawn, within the models' validity
    "load": (0.0, 1.0),
    "pack_mass_kg": (100.0, 10_000.0),
    "tyre_friction": (0.1, 1.2),
    "start_x_m": (-40.0, -2.0),
    "start_y_m": (-1.2, 1.2),
    "start_yaw_rad": (-0.3, 0.3),
}
OPTIONS = ("truck", "pack", "conditions", "guided", *RANGES)


@dataclass(frozen=True)
class Case:
    """One episode, resolved: `truck` carries its drawn load and friction, `pack` its drawn mass."""

    seed: int
    station: Station
    truck: Truck
    pack: Pack
    conditions: str
    guided: bool
    load: float
    speed_scale: float
    start: tuple[float | None, float | None, float | None]

    def new_plant(self) -> DockingPlant:
        """Build the plant with the truck standing at its start."""
        params = docking_params(
            self.truck, self.station, self.pack, weather=self.conditions, guided=None if self.guided else False
        )
        plant = DockingPlant(params)
        approach = approach_of(self.station)
        plant.start = (approach.start_distance_m, approach.start_y_sigma_m, approach.start_yaw_sigma_rad)
        plant.reset(self.seed)
        if any(value is not None for value in self.start):
            drawn = plant.pose()[0].tolist()
            pose = [was if value is None else value for value, was in zip(self.start, drawn, strict=True)]
            plant.reset(self.seed, [pose])
        return plant

    def configuration(self, plant: DockingPlant, policies: Mapping[str, str]) -> DockingConfiguration:
        """Configuration for a recording; `plant` is this episode's and has not been driven."""
        from twin.recording.docking.configuration import DockingConfiguration, start_of

        return DockingConfiguration(
            seed=self.seed,
            station=self.station,
            truck=self.truck,
            pack=self.pack,
            conditions=self.conditions,
            guided=self.guided,
            start=start_of(plant),
            load=self.load,
            wheel_speed_factor=self.speed_scale,
            policies=policies,
        )

    def as_plain(self) -> dict[str, Any]:
        """Content of `info["case"]`."""
        return {
            "seed": self.seed,
            "station": self.station.name,
            "truck": self.truck.name,
            "pack": self.pack.name,
            "conditions": self.conditions,
            "guided": self.guided,
            "load": self.load,
            "pack_mass_kg": self.pack.mass_kg,
            "tyre_friction": self.truck.tyre_friction,
        }


@dataclass(frozen=True)
class Choice:
    """Values that the constructor fixed; None is drawn in every episode.

    Raises:
        InputError: truck and pack do not fit the station, none does, or a word is unknown.
    """

    station: Station
    truck: Truck | None
    pack: Pack | None
    conditions: str | None
    guided: bool | None

    def __post_init__(self) -> None:
        approach_of(self.station)
        if self.conditions is not None:
            object.__setattr__(self, "conditions", canonical(self.conditions))
        if self.guided is not None:
            _check_guided("guided", self.guided, self.station)
        assert self.fitting

    @cached_property
    def fitting(self) -> Pairs:
        """Trucks that can be drawn, each with the packs that fit it."""
        if self.truck is not None:
            driving_of(self.truck)
        return fitting(self.station, self.truck, self.pack, driving=True)

    def draw(self, seed: int, options: Mapping[str, Any] | None = None) -> Case:
        """Draw one episode from its seed; an option fixes one value without shifting the others.

        Raises:
            InputError: an unknown option, or a value that is out of its range or goes with nothing.
        """
        fixed = known(options, OPTIONS)
        for name, (low, high) in RANGES.items():
            if name in fixed:
                fixed[name] = number(f"options[{name!r}]", fixed[name], low, high)
        chosen = self._narrowed(fixed)
        trucks = [truck.name for truck, _ in chosen.fitting]
        truck, packs = chosen.fitting[seeding.pick(seed, "docking truck", trucks)]
        pack = packs[seeding.pick(seed, "docking pack", [pack.name for pack in packs])]
        scatter = 1.0 + PACK_MASS_SIGMA * float(_stream(seed, "pack mass").standard_normal())
        mass_kg = min(max(pack.mass_kg * scatter, pack.mass_min_kg), pack.mass_max_kg)
        load = float(fixed.get("load", _stream(seed, "load").uniform()))
        friction = truck.tyre_friction * float(_stream(seed, "friction").uniform(*FRICTION_FACTOR))
        conditions = chosen.conditions or CONDITIONS[int(_stream(seed, "conditions").integers(len(CONDITIONS)))]
        drawn_guided = bool(_stream(seed, "parking").uniform() < 0.5) and bool(approach_of(self.station).rails)
        return Case(
            seed=seed,
            station=self.station,
            truck=laden(truck, load).model_copy(update={"tyre_friction": fixed.get("tyre_friction", friction)}),
            pack=pack.model_copy(update={"mass_kg": fixed.get("pack_mass_kg", mass_kg)}),
            conditions=conditions,
            guided=drawn_guided if chosen.guided is None else chosen.guided,
            load=load,
            speed_scale=1.0 + SPEED_SCALE_SIGMA * float(_stream(seed, "wheel speed").standard_normal()),
            start=(fixed.get("start_x_m"), fixed.get("start_y_m"), fixed.get("start_yaw_rad")),
        )

    def _narrowed(self, fixed: Mapping[str, Any]) -> Choice:
        """Return this choice with the options' values added."""
        if not fixed.keys() & {"truck", "pack", "conditions", "guided"}:
            return self
        conditions, guided = fixed.get("conditions", self.conditions), fixed.get("guided", self.guided)
        if "conditions" in fixed:
            conditions = canonical(conditions, "options['conditions']")
        if "guided" in fixed:
            _check_guided("options['guided']", guided, self.station)
        return Choice(self.station, truck_of(fixed, self.truck), pack_of(fixed, self.pack), conditions, guided)


def laden(truck: Truck, load: float) -> Truck:
    """Return the truck with a share of its payload: 1 as in its file, 0 empty. A tractor's is on its trailer."""
    driving = truck.driving
    if driving is None or driving.trailer is None:
        factor = RIGID_TARE + (1.0 - RIGID_TARE) * load
        return _with_sprung(truck, truck.sprung_mass_kg * factor, truck.sprung_com_m[0])
    trailer = driving.trailer
    factor = TRAILER_TARE + (1.0 - TRAILER_TARE) * load
    lighter = {"mass_kg": trailer.mass_kg, "kingpin_load_kg": trailer.kingpin_load_kg}
    lighter["yaw_inertia_kgm2"] = trailer.yaw_inertia_kgm2
    part = trailer.model_copy(update={name: factor * value for name, value in lighter.items()})
    relief_kg = (1.0 - factor) * trailer.kingpin_load_kg
    left_kg = truck.sprung_mass_kg - relief_kg
    com_x_m = (truck.sprung_mass_kg * truck.sprung_com_m[0] - relief_kg * trailer.kingpin_x_m) / left_kg
    relieved = _with_sprung(truck, left_kg, com_x_m)
    return relieved.model_copy(update={"driving": driving.model_copy(update={"trailer": part})})


def _with_sprung(truck: Truck, mass_kg: float, com_x_m: float) -> Truck:
    """Return the truck with another sprung mass, of the same shape and at the same height."""
    ratio = mass_kg / truck.sprung_mass_kg
    changed = {
        "sprung_mass_kg": mass_kg,
        "sprung_com_m": (com_x_m, *truck.sprung_com_m[1:]),
        "sprung_inertia_kgm2": tuple(ratio * value for value in truck.sprung_inertia_kgm2),
    }
    return truck.model_copy(update=changed)


def _check_guided(key: str, value: object, station: Station) -> None:
    if flag(key, value) and not approach_of(station).rails:
        raise InputError(f"station {station.name} has no guide rails", key=key, value=value, allowed="False")


def _stream(seed: int, name: str) -> Any:
    return seeding.stream(seed, f"docking {name}")
