"""Configuration of a drive into the bay, to and from the plain data in its recording's header."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, TypeGuard

from twin.catalogue import Pack, Station, Truck
from twin.catalogue.plain import model_from_plain
from twin.conditions import ALLOWED
from twin.docking import DockingPlant, docking_params
from twin.docking.scenario import ScenarioDraw
from twin.errors import InputError
from twin.recording.mcap.header import DOCKING
from twin.setup.setup import SwapSetup, build_setup

FARTHEST_M, FARTHEST_RAD = 1000.0, math.pi
"""Largest distance and angle at which a drive may start, in either direction."""
HEAVIEST_KG = 100_000.0


@dataclass(frozen=True)
class Start:
    """Pose of the truck at the start: in W, x along the lane, positive to the left."""

    x_m: float
    y_m: float
    yaw_rad: float
    hitch_angle_rad: float = 0.0


@dataclass(frozen=True)
class DockingConfiguration:
    """Everything needed to run one drive again.

    Attributes:
        truck, pack: with the load, friction and mass of this drive; a semi-trailer is part of its truck.
        conditions: weather, as in `docking_params`.
        guided: True if the station has its rails and wheel stop.
        load: share of the payload; None: as in the truck's file.
        wheel_speed_factor: reading of the truck's own speed sensor over the true speed.
        policies: name of each policy by what it decides; its decisions are among the recorded commands.
        scenario: ground, lags and sensor errors of Docking; None: level ground and the truck file's own values.
    """

    seed: int
    station: Station
    truck: Truck
    pack: Pack
    conditions: str
    guided: bool
    start: Start
    load: float | None = None
    wheel_speed_factor: float = 1.0
    policies: Mapping[str, str] = field(default_factory=dict)
    scenario: ScenarioDraw | None = None

    def as_plain(self) -> dict[str, Any]:
        """Plain data for the header; `jobs` and `seats` are derived, for viewers."""
        setup = self.setup()
        return {
            "kind": DOCKING,
            "plant": DOCKING,
            "seed": self.seed,
            "conditions": self.conditions,
            "guided": self.guided,
            "start": asdict(self.start),
            "load": self.load,
            "wheel_speed_factor": self.wheel_speed_factor,
            **({"policies": dict(self.policies)} if self.policies else {}),
            **({} if self.scenario is None else {"scenario": asdict(self.scenario)}),
            "station": self.station.model_dump(),
            "truck": self.truck.model_dump(),
            "pack": self.pack.model_copy(update={"mass_kg": within(self.pack)}).model_dump(),
            "pack_mass_kg": self.pack.mass_kg,
            "jobs": [asdict(job) for job in setup.jobs],
            "seats": [asdict(seat) for seat in setup.seats],
        }

    @classmethod
    def from_plain(cls, data: Mapping[str, Any], file: str | Path) -> DockingConfiguration:
        """Parse the output of `as_plain`; raises InputError, which names the file, for anything else."""
        if data.get("plant") != DOCKING:
            raise InputError("recorded on an unknown plant", file=file, key="plant", value=data.get("plant"))
        models: dict[str, Any] = {}
        for key, model in (("station", Station), ("truck", Truck), ("pack", Pack)):
            models[key] = model_from_plain(model, data.get(key), key, file, "its configuration is refused")
        seed, conditions, guided = data.get("seed"), data.get("conditions"), data.get("guided")
        if type(seed) is not int or seed < 0:
            raise InputError("damaged configuration", file=file, key="seed", value=seed)
        if conditions not in ALLOWED:
            raise InputError("damaged configuration", file=file, key="conditions", value=conditions)
        if type(guided) is not bool:
            raise InputError("damaged configuration", file=file, key="guided", value=guided)
        load, factor, policies = data.get("load"), data.get("wheel_speed_factor"), data.get("policies", {})
        if not (load is None or _is_number(load, 1.0)):
            raise InputError("damaged configuration", file=file, key="load", value=load)
        if not _is_number(factor, 10.0):
            raise InputError("damaged configuration", file=file, key="wheel_speed_factor", value=factor)
        mass_kg = data.get("pack_mass_kg")
        if not _is_number(mass_kg, HEAVIEST_KG) or not mass_kg > 0.0:
            raise InputError("damaged configuration", file=file, key="pack_mass_kg", value=mass_kg)
        models["pack"] = models["pack"].model_copy(update={"mass_kg": float(mass_kg)})
        if not isinstance(policies, dict) or not all(isinstance(name, str) for name in policies.values()):
            raise InputError("damaged configuration", file=file, key="policies", value=policies)
        start = _start(data.get("start"), file)
        return cls(seed, **models, conditions=conditions, guided=guided, start=start, load=load,
                   wheel_speed_factor=float(factor), policies=policies,
                   scenario=_scenario(data.get("scenario"), file))  # fmt: skip

    def setup(self) -> SwapSetup:
        """The station around the drive, at rest, for drawing."""
        return build_setup(self.station, self.truck, self.pack, seed=0)

    def new_plant(self) -> DockingPlant:
        """Build the plant with the truck at its start.

        Raises:
            InputError: a truck or station without docking data, or a pair that is not compatible.
        """
        guided = None if self.guided else False
        plant = DockingPlant(
            docking_params(
                self.truck, self.station, self.pack, weather=self.conditions, guided=guided, scenario=self.scenario
            )
        )
        start = self.start
        plant.reset(self.seed, [(start.x_m, start.y_m, start.yaw_rad, start.hitch_angle_rad)])
        return plant


def start_of(plant: DockingPlant) -> Start:
    """Current pose of the truck of a plant's one world."""
    x_m, y_m, yaw_rad = plant.pose()[0].tolist()
    return Start(x_m, y_m, yaw_rad, float(plant.hitch_angle_rad()[0]))


def within(pack: Pack) -> float:
    """Mass of the pack, kg, clipped to the range of its file: an experiment may use a mass outside it."""
    return min(max(pack.mass_kg, pack.mass_min_kg), pack.mass_max_kg)


def _start(data: object, file: str | Path) -> Start:
    limits = {"x_m": FARTHEST_M, "y_m": FARTHEST_M, "yaw_rad": FARTHEST_RAD, "hitch_angle_rad": FARTHEST_RAD}
    if not isinstance(data, Mapping) or set(data) != set(limits):
        raise InputError("damaged configuration", file=file, key="start", value=data)
    for name, limit in limits.items():
        if not _is_number(data[name], limit):
            raise InputError("damaged configuration", file=file, key=f"start.{name}", value=data[name])
    return Start(**{name: float(value) for name, value in data.items()})


LARGEST = 100.0
"""Magnitude that no value of a scenario reaches."""


def _scenario(data: object, file: str | Path) -> ScenarioDraw | None:
    if data is None:
        return None
    kinds = {one.name: bool if one.name == "anti_lock" else float for one in fields(ScenarioDraw)}
    if not isinstance(data, Mapping) or set(data) != set(kinds):
        raise InputError("damaged configuration", file=file, key="scenario", value=data)
    for name, kind in kinds.items():
        good = type(data[name]) is bool if kind is bool else _is_number(data[name], LARGEST)
        if not good or (name.endswith(("factor", "outage_s", "wander_s")) and not data[name] > 0.0):
            raise InputError("damaged configuration", file=file, key=f"scenario.{name}", value=data[name])
    values: dict[str, Any] = {name: kind(data[name]) for name, kind in kinds.items()}
    return ScenarioDraw(**values)


def _is_number(value: object, most: float) -> TypeGuard[float]:
    """True for a finite number of at most this magnitude."""
    return isinstance(value, int | float) and type(value) is not bool and abs(value) <= most
