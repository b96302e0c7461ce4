"""Inputs of an episode of Docking: drawn from named streams, or fixed by arguments and options."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any

from envs.choosing import Pairs, fitting, name_in, pack_of, truck_of
from envs.options import choice, flag, known, number
from twin import seeding
from twin.catalogue import Pack, Scenario, Station, Truck, load_scenario, names
from twin.catalogue.schema import Trailer
from twin.conditions import CONDITIONS, canonical
from twin.docking import DockingPlant, docking_params
from twin.docking.operator import OPERATORS
from twin.docking.params import approach_of, driving_of, lidar_in
from twin.docking.plant import START_CLIP
from twin.docking.scenario import ScenarioDraw, draw, friction_factor
from twin.docking.state import START_STREAM
from twin.errors import InputError

if TYPE_CHECKING:
    from twin.recording.docking.configuration import DockingConfiguration

PACK_MASS_SIGMA = 0.01
"""Scatter of a pack's mass around nominal, as in a swap [estimate: manufacturing and coolant, 1 %]."""
TRAILER_TARE = 0.2
"""Empty over laden mass of a semi-trailer [estimate: 7 t of 36 t]."""
RIGID_TARE = 0.35
"""Empty over laden sprung mass of a rigid truck [derived: mixer 9 of 27 t, dump truck 8 of 26 t, box 5.5 of 14 t]."""
SPEED_SCALE_SIGMA = 0.01
"""Relative error of wheel speeds [estimate: a worn tyre's radius is 1 to 2 % less]."""
DIRECTIONS = ("forward", "reverse")
TRAILER_START_M = 1.0
"""Largest offset of a trailer's axles from the lane's middle at the start [chosen: within the lane]."""
RANGES = {  # options that are numbers; ranges far beyond those drawn, within the models' validity
    "load": (0.0, 1.0),
    "pack_mass_kg": (100.0, 10_000.0),
    "tyre_friction": (0.05, 1.2),
    "grade": (-0.1, 0.1),
    "camber": (-0.1, 0.1),
    "start_x_m": (-40.0, 40.0),
    "start_y_m": (-1.2, 1.2),
    "start_yaw_rad": (-0.3, 0.3),
    "start_hitch_rad": (-0.5, 0.5),
}
WORDS = ("truck", "pack", "conditions", "guided", "scenario", "direction", "operator")
OPTIONS = (*WORDS, *RANGES)


@dataclass(frozen=True)
class Case:
    """One episode, resolved: `truck` carries its drawn load and friction, `pack` its drawn mass."""

    seed: int
    station: Station
    truck: Truck
    pack: Pack
    conditions: str
    guided: bool
    scenario: Scenario
    direction: str
    operator: str
    draw: ScenarioDraw
    load: float
    speed_scale: float
    road_friction: float
    start: tuple[float, float, float, float]

    @property
    def sign(self) -> float:
        """1 into the bay forwards, -1 in reverse."""
        return 1.0 if self.direction == "forward" else -1.0

    @property
    def start_distance_m(self) -> float:
        """Nominal distance from the place at the start."""
        return start_distance_m(self.station, self.scenario, self.direction)

    @property
    def speed_limits_mps(self) -> tuple[float, float]:
        """Limits forwards and in reverse."""
        forward = min(approach_of(self.station).speed_limit_mps, self.scenario.speed_limit_mps)
        return forward, min(forward, self.scenario.reverse_limit_mps)

    def new_plant(self) -> DockingPlant:
        """Build the plant with the truck standing at its start."""
        params = docking_params(
            self.truck,
            self.station,
            self.pack,
            weather=self.conditions,
            guided=None if self.guided else False,
            scenario=self.draw,
        )
        plant = DockingPlant(params)
        plant.reset(self.seed, [self.start])
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
            scenario=self.draw,
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
            "scenario": self.scenario.name,
            "direction": self.direction,
            "operator": self.operator,
            "trailer": self.truck.driving is not None and self.truck.driving.trailer is not None,
            "load": self.load,
            "pack_mass_kg": self.pack.mass_kg,
            "tyre_friction": self.truck.tyre_friction,
            "grade": self.draw.grade,
            "camber": self.draw.camber,
        }


def start_distance_m(station: Station, scenario: Scenario, direction: str) -> float:
    """Nominal distance from the place at the start."""
    return approach_of(station).start_distance_m if direction == "forward" else scenario.reverse_start_m


def in_lane(hitch_rad: float, y_m: float, yaw_rad: float, trailer: Trailer) -> float:
    """Hitch angle nearest to a drawn one with which the trailer's axles stand in the lane."""
    kingpin_y_m = y_m + trailer.kingpin_x_m * math.sin(yaw_rad)
    axles_y_m = kingpin_y_m - trailer.wheelbase_m * math.sin(yaw_rad - hitch_rad)
    if abs(axles_y_m) <= TRAILER_START_M:
        return hitch_rad
    rise = (kingpin_y_m - math.copysign(TRAILER_START_M, axles_y_m)) / trailer.wheelbase_m
    return yaw_rad - math.asin(min(max(rise, -1.0), 1.0))


@dataclass(frozen=True)
class Choice:
    """Values that the constructor fixed; None is drawn in every episode.

    Raises:
        InputError: truck and pack do not fit the station, none does, or a word is unknown or goes with another.
    """

    station: Station
    truck: Truck | None = None
    pack: Pack | None = None
    conditions: str | None = None
    guided: bool | None = None
    scenario: Scenario | None = None
    direction: str | None = None
    operator: str | None = None
    key: str = "{}"
    """How a word's key is written in errors: an argument's own name, or an option's."""

    def __post_init__(self) -> None:
        approach = approach_of(self.station)
        if self.conditions is not None:
            object.__setattr__(self, "conditions", canonical(self.conditions, self.key.format("conditions")))
        if self.direction is not None:
            choice(self.key.format("direction"), self.direction, DIRECTIONS)
        if self.operator is not None:
            choice(self.key.format("operator"), self.operator, OPERATORS)
        if self.guided is not None and flag(self.key.format("guided"), self.guided):
            if not approach.rails:
                problem = f"station {self.station.name} has no guide rails"
                raise InputError(problem, key=self.key.format("guided"), value=True, allowed="False")
            if self.direction == "reverse":
                problem = "rails open to trucks that drive in forwards"
                raise InputError(problem, key=self.key.format("direction"), value="reverse", allowed="forward")
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
        conditions = chosen.conditions or CONDITIONS[int(_stream(seed, "conditions").integers(len(CONDITIONS)))]
        scenario = chosen.scenario or _shipped()[seeding.pick(seed, "docking scenario", [s.name for s in _shipped()])]
        guided, direction = chosen._guided_and_direction(seed)
        operator = chosen.operator or OPERATORS[int(_stream(seed, "operator kind").integers(len(OPERATORS)))]
        values = draw(scenario, seed, conditions)
        slopes = {name: fixed[name] for name in ("grade", "camber") if name in fixed}
        friction = truck.tyre_friction * friction_factor(scenario, seed)
        weather = lidar_in(approach_of(self.station).lidar, conditions).tyre_friction_factor
        return Case(
            seed=seed,
            station=self.station,
            truck=laden(truck, load).model_copy(update={"tyre_friction": fixed.get("tyre_friction", friction)}),
            pack=pack.model_copy(update={"mass_kg": fixed.get("pack_mass_kg", mass_kg)}),
            conditions=conditions,
            guided=guided,
            scenario=scenario,
            direction=direction,
            operator=operator,
            draw=replace(values, **slopes),
            load=load,
            speed_scale=1.0 + SPEED_SCALE_SIGMA * float(_stream(seed, "wheel speed").standard_normal()),
            road_friction=truck.tyre_friction * weather * sum(scenario.friction_factor) / 2.0,
            start=self._start(seed, scenario, direction, truck, fixed),
        )

    def _guided_and_direction(self, seed: int) -> tuple[bool, str]:
        """Draw what is not fixed; rails are for trucks that drive in forwards."""
        drawn_guided = bool(_stream(seed, "parking").uniform() < 0.5) and bool(approach_of(self.station).rails)
        drawn_direction = DIRECTIONS[int(_stream(seed, "direction").integers(len(DIRECTIONS)))]
        direction = self.direction or ("forward" if self.guided else drawn_direction)
        guided = drawn_guided if self.guided is None else self.guided
        return guided and direction == "forward", direction

    def _start(
        self, seed: int, scenario: Scenario, direction: str, truck: Truck, fixed: Mapping[str, Any]
    ) -> tuple[float, float, float, float]:
        """Draw x, y, yaw and hitch angle."""
        approach = approach_of(self.station)
        y, yaw = seeding.stream(seed, START_STREAM).standard_normal(2)
        hitch = _stream(seed, "start hitch").standard_normal()
        y, yaw, hitch = (min(max(float(value), -START_CLIP), START_CLIP) for value in (y, yaw, hitch))
        x_m = start_distance_m(self.station, scenario, direction) * (-1.0 if direction == "forward" else 1.0)
        y_m = fixed.get("start_y_m", approach.start_y_sigma_m * y)
        yaw_rad = fixed.get("start_yaw_rad", approach.start_yaw_sigma_rad * yaw)
        hitch_rad = 0.0
        if truck.driving is not None and truck.driving.trailer is not None:
            drawn = in_lane(scenario.start_hitch_sigma_rad * hitch, y_m, yaw_rad, truck.driving.trailer)
            hitch_rad = fixed.get("start_hitch_rad", drawn)
        return fixed.get("start_x_m", x_m), y_m, yaw_rad, hitch_rad

    def _narrowed(self, fixed: Mapping[str, Any]) -> Choice:
        """Return this choice with the options' values added."""
        if not fixed.keys() & set(WORDS):
            return self
        words = {
            name: fixed.get(name, getattr(self, name)) for name in ("conditions", "guided", "direction", "operator")
        }
        scenario = load_scenario(name_in(fixed, "scenario")) if "scenario" in fixed else self.scenario
        truck, pack = truck_of(fixed, self.truck), pack_of(fixed, self.pack)
        return Choice(self.station, truck, pack, scenario=scenario, key="options[{!r}]", **words)


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


@cache
def _shipped() -> tuple[Scenario, ...]:
    """The scenarios of models/, in the order of their names."""
    return tuple(load_scenario(name) for name in names("scenario"))


def _stream(seed: int, name: str) -> Any:
    return seeding.stream(seed, f"docking {name}")
