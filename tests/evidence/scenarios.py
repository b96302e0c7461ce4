"""What an interlock is tried with: hostile commands, faults and actions, with interlocks off or loosened.

On Bullet, but for whole swaps, which are played on the reduced-order plant.

Each takes the interlocks that are switched off and the factors by which thresholds are loosened, both by their index in
`params.interlock_off`, and says what came of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from tests.evidence.timing_sets import BATCH, Batch
from tests.physics import rig
from tests.twin import test_monitor as hand
from tests.twin.faults.setups import setup_of
from twin.catalogue import load_pack, load_station, load_timing, load_truck
from twin.catalogue.schema import TimingSet
from twin.control.interlocks.station import DISTANCE_MARGIN_M
from twin.faults import Fault, parse_fault
from twin.records import (
    BUSY,
    TRIP_DISTANCE,
    TRIP_LOW_TRAVERSE,
    TRIP_NONE,
    UNTIL_ACTUATED,
    UNTIL_DWELL,
    YAW,
    X,
    Z,
)
from twin.runner.kinds import rom_runner
from twin.runner.single import Runner
from twin.setup.setup import SwapSetup, build_setup
from twin.setup.variation import Variation
from twin.swap import SwapTwin

CAPTURE_M = 0.025
"""Of the guides, as of every shipped pack."""
CAB_SEEDS = (("sway", 200032), ("sway", 200292))
"""Episodes of the hostile runs whose load hits the cab where nothing damps it."""


LANDING_SETS = (547, 1008, 2091)
"""Random timing sets (`tests.evidence.timing_sets`) whose end effector hits a pack's side if nothing keeps it off."""


class Played(NamedTuple):
    """Invariants that the monitor has reported, and the consequence where no invariant stands for it."""

    violations: set[int]
    consequence: str = ""


Scenario = Callable[[Sequence[int], Mapping[int, float]], Played]
SCENARIOS: dict[str, Scenario] = {}


def scenario(function: Any) -> Any:
    """A function of a `Bench` (makes plants, loosens their interlocks, closes them) as an entry of SCENARIOS."""

    def play(off: Sequence[int], scale: Mapping[int, float]) -> Played:
        bench = Bench(off, scale)
        try:
            return function(bench)  # type: ignore[no-any-return]
        finally:
            bench.close()

    play.__doc__ = function.__doc__
    SCENARIOS[function.__name__] = play
    return play


class Bench:
    """Plants whose interlocks are off or loosened as the scenario requires."""

    def __init__(self, off: Sequence[int], scale: Mapping[int, float]) -> None:
        self.off, self.scale = off, scale
        self._plants: list[Runner] = []

    def __call__(self, *args: Any, **kwargs: Any) -> Runner:
        self._plants.append(rig.bench(*args, **kwargs))
        return self._plants[-1]

    def loosen(self, plant: Runner, *besides: int) -> Runner:
        """At rest, with every interlock at work but those that are off, and `besides`."""
        hand.settle(plant, *self.off, *besides)
        self.prepare(plant.params)
        return plant

    def prepare(self, params: np.ndarray) -> None:
        for index in self.off:
            params["interlock_off"][:, index] = 1
        for index, factor in self.scale.items():
            params["interlock_scale"][:, index] = factor

    def factor(self, index: int) -> float:
        return self.scale.get(index, 1e3 if index in self.off else 1.0)

    def close(self) -> None:
        for plant in self._plants:
            plant.close()


@scenario
def button(bench: Bench) -> Played:
    """The button at full speed of axis x."""
    plant, k = hand.full_speed(bench, "top_lift", False, "x", -5.9, 5.9)
    bench.prepare(plant.params)
    hand.stop(plant, k, "estop_button")
    return Played(hand.seen(plant))


@scenario
def power(bench: Bench) -> Played:
    """Power fails at full speed of axis x, and comes back."""
    plant, _ = hand.full_speed(bench, "top_lift", False, "x", -5.9, 5.9)
    bench.prepare(plant.params)
    plant.worlds["truth"]["power_off"] = 1
    rig.run(plant, 3.0)
    plant.worlds["truth"]["power_off"] = 0
    rig.run(plant, 3.0)
    return Played(hand.seen(plant))


@scenario
def heavy_pack(bench: Bench) -> Played:
    """5.1 t under a hoist for 4.5 t."""
    plant = bench(pack_kg={rig.OLD: 5100.0})
    rig.run(plant, 0.3)
    x, y, z = plant.worlds["truth"]["pack_pose"][0, rig.OLD, :3]
    rig.place_axes(plant, x=x, y=y, z=z + 0.001, ez=z - float(plant.params["sheave_height_m"][0]))
    rig.grip(plant, rig.OLD)
    rig.unlock(plant, rig.OLD)
    bench.loosen(plant)
    hand.command(plant, z=z + 0.12, velocity=0.08)
    rig.run(plant, 4.0)
    return Played(hand.seen(plant))


@scenario
def drifted_load_cell(bench: Bench) -> Played:
    """Whole chassis swaps whose load cell has drifted by -3 kN, from the beginning or at the pull test."""
    violations: set[int] = set()
    for spec in ("load_cell_offset:offset_n=-3000", "load_cell_offset:offset_n=-3000,phase=pull_test"):
        setup = setup_of("chassis")
        violations |= _violations(bench, setup, load_timing("factory", setup.station), parse_fault(spec))
    return Played(violations)


def _violations(bench: Bench, setup: SwapSetup, timing: TimingSet, *faults: Fault) -> set[int]:
    """The invariants that a whole swap on the reduced-order plant breaks."""
    params = setup.params.copy()
    bench.prepare(params)
    twin = SwapTwin(replace(setup, params=params), timing, faults, make_runner=rom_runner)
    try:
        return {int(violation["invariant"]) for violation in twin.run().violations}
    finally:
        twin.close()


@scenario
def pressed_aside(bench: Bench) -> Played:
    """A pack between its pins, the gantry sent 1 m beside it; low travel is allowed, and no invariant 3 counted."""
    plant = hand.grip_in_seat(bench, "top_lift")
    rig.unlock(plant, rig.OLD)
    bench.loosen(plant, TRIP_LOW_TRAVERSE)
    w = plant.worlds[0]
    hand.command(plant, z=float(w["truth"]["q"][0, Z]) + 0.06, velocity=0.05)
    rig.run(plant, 3.0)
    began = float(w["truth"]["q"][0, X])
    hand.command(plant, x=began + 0.35, velocity=0.2)
    rig.run(plant, 6.0)
    hand.command(plant, x=began + 1.0, velocity=0.05)
    rig.run(plant, 12.0)
    return Played(hand.seen(plant) - {3})


@scenario
def lock_stuck(bench: Bench) -> Played:
    """A pack hoisted out of its seat with a lock stuck at 0.3."""
    plant = hand.grip_in_seat(bench, "top_lift")
    bench.loosen(plant)
    hand.command(plant, grip=1, seat=rig.TRUCK_SEAT, until=UNTIL_ACTUATED)
    plant.run()
    hand.command(plant, lock=0, seat=rig.TRUCK_SEAT, until=UNTIL_DWELL, dwell_s=4.0)
    w = plant.worlds[0]
    while w["truth"]["lock_position"][rig.TRUCK_SEAT, 2] > 0.3:
        plant.run_ticks(5)
    w["faults"]["lock_stuck"][rig.TRUCK_SEAT, 2] = 1
    plant.run()
    hand.command(plant, z=float(w["image"]["axis_position"][0, Z]) + 0.5)
    plant.run()
    rig.run(plant, 3.0)
    return Played(hand.seen(plant))


@scenario
def let_go_in_the_air(bench: Bench) -> Played:
    """Grips commanded to open on a hanging pack."""
    plant = bench.loosen(hand.carry(bench, "top_lift"))
    hand.command(plant, grip=0, until=UNTIL_ACTUATED)
    rig.run(plant, 4.0)
    return Played(hand.seen(plant))


@scenario
def truck_goes(bench: Bench) -> Played:
    """The truck released after its locks have closed, without a pull test."""
    plant = bench.loosen(hand.grip_in_seat(bench, "top_lift"))
    hand.release(plant)
    return Played(hand.seen(plant))


@scenario
def sideways_while_low(bench: Bench) -> Played:
    """A low pack sent sideways as far as the permissive lets it."""
    plant = bench.loosen(hand.carry(bench, "top_lift", high=False))
    p = plant.params[0]
    away = min(float(p["traverse_deadband_m"]) * bench.factor(TRIP_LOW_TRAVERSE), 0.5)
    hand.command(plant, x=float(plant.worlds["truth"]["q"][0, 0, X]) + 0.999 * away)
    rig.run(plant, 5.0)
    return Played(hand.seen(plant))


@scenario
def swung_against_the_cab(bench: Bench) -> Played:
    """Setpoints that swing the pack up over its seat (Alignment-v1)."""
    from tests.evidence.hostile.alignment import replay

    violations: set[int] = set()
    for name, seed in CAB_SEEDS:
        row = {"station": "top_lift", "mode": "direct", "pattern": name, "seed": seed}
        violations |= {int(i) for i in replay(row, prepare=bench.prepare)["violations"]}
    return Played(violations)


@scenario
def lands_while_it_travels(bench: Bench) -> Played:
    """Whole top_lift swaps that pick a pack while the gantry still travels to it, in timing sets drawn at random."""
    station, violations = load_station("top_lift"), set[int]()
    for number in LANDING_SETS:
        batch = Batch("top_lift", "random", number // BATCH * BATCH, BATCH, draw_seed=0)
        names = batch.swap(station)
        setup = build_setup(
            station, load_truck(names["truck"]), load_pack(names["pack"]), seed=number, parking=names["parking"],
            variation=Variation.of(conditions=names["conditions"]),
        )  # fmt: skip
        violations |= _violations(bench, setup, batch.set_of(station, number))
    return Played(violations)


@scenario
def truck_rolls(bench: Bench) -> Played:
    """The truck rolls 60 mm while a pack is lowered to it."""
    plant = bench()
    rig.hang(plant, rig.OLD, 1.1, x=0.0, y=0.0)
    bench.loosen(plant)
    w = plant.worlds[0]
    began = float(w["truth"]["truck_q"][0])
    hand.command(plant, z=3.6, velocity=0.03)
    w["faults"]["truck_brake_off"] = 1
    moved_by = 0.0
    for _ in range(1100):
        going = abs(float(w["truth"]["truck_q"][0]) - began) < 0.06
        w["faults"]["truck_push_n"][0] = 3000.0 if going else 0.0
        w["faults"]["truck_brake_off"] = int(going)
        plant.run_ticks(5)
        if abs(float(w["truth"]["qd"][0, Z])) > 0.01:
            moved_by = max(moved_by, abs(float(w["truth"]["truck_q"][0]) - began))
    said = f"pack lowered to a seat {1e3 * moved_by:.0f} mm off, guides catch {1e3 * CAPTURE_M:.0f}"
    return Played(hand.seen(plant), said if moved_by > CAPTURE_M else "")


@scenario
def weak_hoist(bench: Bench) -> Played:
    """A hoist whose drive gives 3 % less than its pack weighs."""
    plant = bench.loosen(hand.carry(bench, "top_lift"))
    p = plant.params[0]
    weight_n = (float(p["e_mass_kg"]) + float(p["pack_mass_kg"][rig.OLD])) * float(p["gravity_mps2"])
    hand.command(plant, z=3.5, velocity=0.02)
    rig.run(plant, 0.5)
    p["axis_force_limit"][Z] = 0.97 * weight_n - float(p["axis_coulomb"][Z])
    p["axis_following_limit"][Z] = 10.0  # its own limit is tried alone
    rig.run(plant, 4.0)
    return Played(hand.seen(plant))


@scenario
def past_the_stroke(bench: Bench) -> Played:
    """A load that untwists and turns a yaw axis past its end, its drive without torque."""
    plant = bench()
    end = float(plant.params["axis_max"][0, 0, YAW])
    rig.hang(plant, rig.OLD, 1.1, x=-4.0, y=2.0, twist_rad=end + 0.012)
    rig.place_axes(plant, yaw=end)
    bench.prepare(plant.params)
    p = plant.params[0]
    p["axis_force_limit"][YAW], p["axis_coulomb"][YAW] = 1.0, 0.0
    p["axis_following_limit"][YAW] = 10.0  # the following error has its own row
    rig.run(plant, 3.0)
    return Played(hand.seen(plant))


@scenario
def robots_meet(bench: Bench) -> Played:
    """A robot sent to where it stands as close to the other as it may."""
    plant = bench.loosen(bench("chassis", "chassis_tractor_3"))
    w, p = plant.worlds[0], plant.params[0]
    least = (float(p["robot_length_m"]) + DISTANCE_MARGIN_M) / min(bench.factor(TRIP_DISTANCE), 2.0)
    hand.command(plant, 0, x=float(w["truth"]["q"][1, X]) + least + 0.001)
    rig.run(plant, 8.0)
    return Played(hand.seen(plant))


@scenario
def loaded_at_empty_speed(bench: Bench) -> Played:
    """A pack sent at up to the speed of the empty gantry, or as fast as the permissive lets it."""
    plant = bench.loosen(hand.carry(bench, "top_lift"))
    p = plant.params[0]
    loaded, empty = float(p["axis_velocity_loaded"][X]), float(p["axis_velocity"][X])
    speed = min(0.999 * loaded * bench.factor(TRIP_NONE), empty)
    if bench.factor(TRIP_NONE) == 1.0:
        assert hand.command(plant, x=3.0, velocity=empty) != BUSY
    hand.command(plant, x=3.0, velocity=speed)
    rig.run(plant, 5.0)
    return Played(hand.seen(plant))
