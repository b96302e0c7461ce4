"""Inputs of an Alignment-v1 episode beyond its swap: ropes, and the state of the pack at hover."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from envs.options import known, number
from envs.swap_case import OPTIONS as SWAP_OPTIONS
from envs.swap_case import RANGES as SWAP_RANGES
from envs.swap_case import SwapCase, SwapChoice, outside_gate, tries
from twin import seeding
from twin.alignment.driver import InsertionError
from twin.alignment.episode import AlignmentTwin
from twin.alignment.hover import Hover
from twin.alignment.sensed import DECISION_S
from twin.catalogue import Station
from twin.catalogue.schema import FourRope
from twin.conditions import ALLOWED as CONDITIONS
from twin.errors import InputError
from twin.gravity import GRAVITY_MPS2
from twin.runner.kinds import runner_maker
from twin.setup.variation import POSE_FIELDS

HEIGHT_PINS = (1.3, 4.0)
"""Height at hover in lengths of the guide pins, from just over them [estimate: where fast lowering ends]."""
OFF_M, OFF_RAD = 0.030, math.radians(0.6)
"""Largest offset of the axes, a little over the guides' capture range: scanner, rebound, repeatability [estimate]."""
SWAY_SIGMA_M = 0.012
"""Sway at hand-over under ropes, each way; the limit is 15 mm [estimate: half of all hand-overs within the limit]."""
ROPE_SPREAD_M = 0.4
"""Largest difference of the sheave height from the station file: buildings and trucks differ [estimate]."""

STARTS = ("hand_over", "all_weather", "wide")
MAX_DELAY = 10
"""Most steps that actions may be late."""
WIDER = 1.0
"""Largest widening of a wide start's offsets and sway: drawn evenly from none to twice the spread [chosen: half of
those starts lie beyond what a hand-over leaves]."""

MAX_PARKINGS = 100
"""Most parkings tried: a truck still outside the station's gate has a pose that the options fix outside it."""

RANGES = {  # options that are numbers
    "height_m": (0.05, 1.0),
    "off_x_m": (-0.05, 0.05),
    "off_y_m": (-0.05, 0.05),
    "off_yaw_rad": (-0.03, 0.03),
    "sway_x_m": (-0.1, 0.1),
    "sway_y_m": (-0.1, 0.1),
    "sway_x_mps": (-0.3, 0.3),
    "sway_y_mps": (-0.3, 0.3),
    "sheave_up_m": (-ROPE_SPREAD_M, ROPE_SPREAD_M),
    "noise_factor": (0.0, 10.0),
    "delay_s": (0.0, MAX_DELAY * DECISION_S),
}
ALL_RANGES = {**SWAP_RANGES, **RANGES}
NOISES = {
    "scanner": ("sigma_m", "sigma_rad"),
    "sensors": ("load_cell_sigma_n", "sway_sigma_m", "lateral_force_sigma_n"),
}
"""Standard deviations of the station file that `noise_factor` multiplies."""
CARE = (0.0, 1.0)
OPTIONS = (*SWAP_OPTIONS, "job", "care", *RANGES)


@dataclass(frozen=True)
class AlignmentCase:
    """One episode, resolved."""

    swap: SwapCase
    hover: Hover
    care: float = 0.0
    noise_factor: float = 1.0
    delay_s: float = 0.0

    def new_twin(self, plant: str = "bullet") -> AlignmentTwin:
        """Build the twin on a plant of that name, with the pack at hover and the truck about to be measured."""
        return AlignmentTwin(self.swap.setup, self.hover, make_runner=runner_maker(plant, seat=True))

    def as_plain(self) -> dict[str, Any]:
        """Content of `info["case"]`, the same in every step."""
        return dict(self._plain)

    @cached_property
    def _plain(self) -> dict[str, Any]:
        ropes = self.swap.station.reeving
        sheave_m = ropes.sheave_height_m if isinstance(ropes, FourRope) else 0.0
        own = {"care": self.care, "noise_factor": self.noise_factor, "delay_s": self.delay_s}
        return {**self.swap.as_plain(), **self.hover.model_dump(), "sheave_height_m": sheave_m, **own}

    @property
    def late_steps(self) -> int:
        """Steps that pass until an action takes effect."""
        return round(self.delay_s / DECISION_S)


@dataclass(frozen=True)
class AlignmentChoice:
    """Values that the constructor fixed; all others are drawn in every episode.

    Attributes:
        care: None draws from CARE.
        starts: one of STARTS.
        fixed: options of every episode; `reset(options=...)` goes before them.

    Raises:
        InputError: an unknown option, or a number out of its range, in `fixed`.
    """

    swap: SwapChoice
    care: float | None = 0.0
    starts: str = STARTS[0]
    fixed: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, value in known(self.fixed, OPTIONS, "vary").items():
            if name in ALL_RANGES:
                number(f"vary[{name!r}]", value, *ALL_RANGES[name])

    def draw(self, seed: int, options: Mapping[str, Any] | None = None, *, widened: bool = True) -> AlignmentCase:
        """Draw one episode from its seed; an option fixes one value without shifting the others.

        `widened`: False draws a wide start's offsets and sway within the spread of a hand-over.

        Raises:
            InputError: an unknown option, or a value that is out of its range or goes with nothing.
        """
        fixed = {**self.fixed, **known(options, OPTIONS)}
        numbers = {name: number(f"options[{name!r}]", fixed[name], *RANGES[name]) for name in RANGES if name in fixed}
        up_m = numbers.pop("sheave_up_m", float(_stream(seed, "ropes").uniform(-ROPE_SPREAD_M, ROPE_SPREAD_M)))
        noise_factor, delay_s = numbers.pop("noise_factor", 1.0), whole_steps(numbers.pop("delay_s", 0.0))
        station = with_noise(with_sheaves(self.swap.station, up_m), noise_factor)
        rest = {name: value for name, value in fixed.items() if name in SWAP_OPTIONS}
        if self.starts != STARTS[0] and self.swap.conditions is None:
            drawn = CONDITIONS[int(_stream(seed, "conditions").integers(len(CONDITIONS)))]
            rest = {"conditions": drawn, **rest}
        care = self.care if "care" not in fixed else number("options['care']", fixed["care"], *CARE)
        if care is None:
            care = float(_stream(seed, "care").uniform(*CARE))
        wider = 1.0
        if self.starts == "wide" and widened:
            wider += float(_stream(seed, "wide").uniform(0.0, WIDER))
        parkings = tries(self.swap, seed, rest, _stream(seed, "parking again"), station)
        swap = next(parkings)
        for _ in range(MAX_PARKINGS):
            if not outside_gate(swap):
                break
            swap = next(parkings)
        else:
            if rest.keys() & set(POSE_FIELDS):
                swap = replace(swap, reparked=0)  # the options fix its pose: it did not park again
        hover = Hover(**{**_drawn(swap, seed, fixed, wider), **numbers})
        return AlignmentCase(swap, hover, care, noise_factor, delay_s)


def refused_start(error: InsertionError, options: Mapping[str, Any]) -> InputError:
    """Make the error of options from which no insertion begins."""
    return InputError(f"no episode begins there: {error}", key="options", value=dict(options))


def whole_steps(delay_s: float) -> float:
    """Return a delay that is a multiple of the decisions' period.

    Raises:
        InputError: it is none.
    """
    if abs(delay_s / DECISION_S - round(delay_s / DECISION_S)) > 1e-6:
        raise InputError("no multiple of a step", key="delay_s", value=delay_s, allowed=f"0, {DECISION_S:g}, ...")
    return delay_s


def with_noise(station: Station, factor: float) -> Station:
    """Multiply the noise of scanner, load cell, sway and side force by `factor`; biases stay."""
    if factor == 1.0:
        return station
    changed = {
        part: getattr(station, part).model_copy(
            update={name: factor * getattr(getattr(station, part), name) for name in names}
        )
        for part, names in NOISES.items()
    }
    return station.model_copy(update=changed)


def with_sheaves(station: Station, up_m: float) -> Station:
    """Raise the station's sheaves by `up_m`; a station without ropes is unchanged."""
    ropes = station.reeving
    if not isinstance(ropes, FourRope):
        return station
    longer = ropes.model_copy(update={"sheave_height_m": ropes.sheave_height_m + up_m})
    return station.model_copy(update={"reeving": longer})


def _drawn(swap: SwapCase, seed: int, fixed: Mapping[str, Any], wider: float) -> dict[str, Any]:
    """Draw the hover state; `wider` multiplies offsets and sway, within the options' ranges."""
    jobs = len(swap.setup.jobs)
    job = int(_stream(seed, "job").integers(jobs))
    if "job" in fixed:
        job = fixed["job"]
        if type(job) is not int or not 0 <= job < jobs:
            raise InputError("no such job", key="options['job']", value=job, allowed=f"0 to {jobs - 1}")
    ropes = swap.station.reeving
    pins = float(_stream(seed, "height").uniform(*HEIGHT_PINS))
    off = _stream(seed, "offset").uniform(-1.0, 1.0, 3)
    sway = _stream(seed, "sway").standard_normal(4)
    values: dict[str, Any] = {
        "job": job,
        "height_m": pins * swap.pack.guides.pin_length_m,
        "off_x_m": _within("off_x_m", wider * OFF_M * float(off[0])),
        "off_y_m": _within("off_y_m", wider * OFF_M * float(off[1])),
        "off_yaw_rad": _within("off_yaw_rad", wider * OFF_RAD * float(off[2])),
    }
    if isinstance(ropes, FourRope):
        # a swing of any phase: its speed scales with omega times its offset
        seat_m = swap.setup.seats[swap.setup.jobs[job].truck_seat].xyz_m[2] + swap.pack.size_m[2]
        omega = math.sqrt(GRAVITY_MPS2 / (ropes.sheave_height_m - seat_m))
        for i, name in enumerate(("sway_x_m", "sway_y_m", "sway_x_mps", "sway_y_mps")):
            scale = wider * SWAY_SIGMA_M * (1.0 if i < 2 else omega)
            values[name] = _within(name, scale * float(sway[i]))
    return values


def _within(name: str, value: float) -> float:
    low, high = RANGES[name]
    return min(max(value, low), high)


def _stream(seed: int, name: str) -> Any:
    return seeding.stream(seed, f"alignment {name}")
