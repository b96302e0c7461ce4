"""Whole swaps without stops: they complete, break nothing, and what is overlapped is stopped where it may not be."""

from __future__ import annotations

from collections import defaultdict
from functools import cache
from typing import Any

import numpy as np
import pytest

from twin.catalogue import load_pack, load_station, load_timing, load_truck, with_overrides
from twin.catalogue.schema import TimingSet
from twin.errors import InputError
from twin.faults import parse_fault
from twin.records import EX, TRIP_LOW_TRAVERSE, TRIP_SWAY, UNTIL_DONE, Z
from twin.runner.kinds import rom_runner
from twin.sequence.heights import CREEP_OUT_SHARE, LET_OFF_M, between_z
from twin.setup.errors import error_of
from twin.setup.setup import build_setup
from twin.setup.variation import Variation
from twin.swap import SwapTwin

TRUCKS = {"top_lift": "tractor_6x4", "chassis": "chassis_tractor_3"}
BLENDED = {"default.blending": True, "default.overlap_s": 0.3, "planning": "shortest"}


def swap(name: str, timing: TimingSet, faults: tuple[str, ...] = (), seed: int = 1) -> SwapTwin:
    station, truck = load_station(name), load_truck(TRUCKS[name])
    pack = load_pack(truck.default_pack)
    setup = build_setup(station, truck, pack, seed=seed, planning=timing.planning)
    return SwapTwin(setup, timing, tuple(parse_fault(fault) for fault in faults), make_runner=rom_runner)


@cache
def blended(name: str) -> TimingSet:
    return with_overrides(load_timing("factory", name), BLENDED)


@pytest.mark.parametrize(("name", "saved_s"), [("top_lift", 20.0), ("chassis", 40.0)])
def test_moves_without_stops_save_time_and_break_nothing(name: str, saved_s: float) -> None:
    results = [swap(name, timing).run() for timing in (load_timing("factory", name), blended(name))]
    for result in results:
        assert result.outcome == "completed"
        assert not result.violations
    assert results[0].mechanical_time_s - results[1].mechanical_time_s > saved_s
    for result in results:
        assert result.procedure_bound_s is not None
        assert result.lower_bound_s is not None
        assert result.lower_bound_s < result.procedure_bound_s < result.mechanical_time_s
    assert results[1].procedure_bound_s < results[0].procedure_bound_s, "of the plan that was played"


def test_two_robots_take_turns_at_a_seat_and_keep_their_distance() -> None:
    """The shared block leaves its seat before the new one comes, and the robots never come too near."""
    twin = swap("chassis", blended("chassis"))
    least = twin.setup.station.robots.length_m
    gaps: list[float] = []
    both: list[tuple[int, int]] = []
    shared = next(job for job in twin.setup.jobs if job.shared)

    def look(runner: Any) -> None:
        truth = runner.worlds["truth"][0]
        gaps.append(abs(float(truth["q"][0, 0] - truth["q"][1, 0])))
        both.append((int(truth["locked"][shared.truck_seat]), int(truth["held"][shared.in_robot])))

    twin.watch(look)
    result = twin.run()
    assert result.outcome == "completed"
    assert not result.violations
    assert min(gaps) >= least
    locked = [pack for pack, _ in both if pack >= 0]
    assert locked[0] == shared.old_pack
    assert locked[-1] == shared.new_pack
    assert (
        result.plan[result.setup.jobs.index(shared)]["in_by"] != result.plan[result.setup.jobs.index(shared)]["out_by"]
    )


@pytest.mark.parametrize(
    ("name", "fault", "outcome"),
    [
        ("top_lift", "lock_wont_open:lock=2", "lock_stuck"),
        ("chassis", "lock_wont_open:lock=2", "lock_stuck"),
        ("top_lift", "lock_snag", "overload"),
        ("chassis", "lock_snag", "overload"),
        ("top_lift", "lock_false_closed", "lock_stuck"),  # found by the pull, fast or slow
        ("chassis", "lock_false_closed", "lock_stuck"),
        ("top_lift", "estop:at_s=46", "estop"),
        ("top_lift", "estop:at_s=80", "estop"),
        ("chassis", "power_loss:at_s=70", "power_loss"),
    ],
)
def test_faults_end_a_swap_without_stops_as_they_should(name: str, fault: str, outcome: str) -> None:
    result = swap(name, blended(name), (fault,)).run()
    assert result.outcome == outcome
    assert not result.violations


def test_a_robot_that_does_not_make_way_stops_the_other_one() -> None:
    """One sets off behind another that leaves; where that one is held back, the distance interlock trips."""
    plain = swap("chassis", blended("chassis")).run()
    shared = next(i for i, job in enumerate(plain.setup.jobs) if job.shared)
    leaves = next(span for span in plain.phases if span.name == "traverse_to_slot" and span.job == shared)
    follows = next(span for span in plain.phases if span.name == "traverse_to_truck" and span.job == shared)
    assert follows.start_s < leaves.end_s, "it does not wait for the other's arrival"
    drag = f"axis_drag:axis=x,robot={leaves.robot + 1},factor=40,at_s={leaves.start_s + 0.5:.2f}"
    held_back = swap("chassis", blended("chassis"), (drag,)).run()
    assert held_back.outcome in ("robot_distance", "following_error")
    assert not held_back.violations


@pytest.mark.parametrize("seed", [0, 50003, 50051])
def test_robots_that_stand_ready_at_neighbouring_seats_take_turns(seed: int) -> None:
    """Both set off in the same scan, to places 0.85 m apart, and later to those of the truck as measured.

    Of the seeds, the truck of 50003 stands aside by more than the robots' spare, that of 50051 leans.
    """
    station, truck = load_station("chassis"), load_truck("chassis_tractor_2")
    timing = blended("chassis")
    setup = build_setup(station, truck, load_pack("chassis_171"), seed=seed, planning=timing.planning)
    result = SwapTwin(setup, timing, make_runner=rom_runner).run()
    assert result.outcome == "completed"
    assert not result.violations


@pytest.mark.parametrize("name", ["top_lift", "top_lift_mast", "chassis", "chassis_single"])
@pytest.mark.parametrize("which", ["tuned", "careful"])
def test_the_sets_that_ship_save_time_and_break_nothing(name: str, which: str) -> None:
    station = load_station(name)
    truck = load_truck(TRUCKS[station.kind])
    timing = load_timing(which, station)
    setup = build_setup(station, truck, load_pack(truck.default_pack), seed=50000, planning=timing.planning)
    result = SwapTwin(setup, timing, make_runner=rom_runner).run()
    assert result.outcome == "completed"
    assert not result.violations
    assert result.procedure_bound_s is not None
    most = {"tuned": 1.19, "careful": 1.36}[which]
    assert result.procedure_bound_s < result.mechanical_time_s < most * result.procedure_bound_s


def commands_of(twin: SwapTwin) -> dict[str, list[tuple[int, float, np.ndarray]]]:
    """Run a swap; robot, position of axis z and command by step, as each begins."""
    program, found = twin.program, defaultdict(list)

    def note(n: int, r: int, command: np.ndarray) -> None:
        z = float(twin.runner.worlds["image"]["axis_position"][n, r, Z])
        found[program.table[int(command["step"])].name].append((r, z, command.copy()))

    program.on_command = note
    result = twin.run()
    assert result.outcome == "completed"
    assert not result.violations
    return found


@pytest.mark.parametrize("name", ["top_lift", "chassis"])
def test_an_end_effector_that_grips_again_stops_clear_of_the_pack(name: str) -> None:
    """It lands again: axis z does not run on to its travel height first."""
    of = commands_of(swap(name, blended(name), ("grip_wont_close:tries=1",)))
    assert of["regrip_off"]
    for _, z, command in of["regrip_off"]:
        assert command["until"] == UNTIL_DONE
        assert abs(command["target"][Z] - z) == pytest.approx(LET_OFF_M)
    assert len(of["regrip_scan"]) == len(of["regrip_off"]), (
        "a second try with the pose that has missed would miss again"
    )


def test_a_table_creeps_off_from_where_it_holds_the_pack() -> None:
    twin = swap("chassis", blended("chassis"))
    creep_m = CREEP_OUT_SHARE * twin.setup.station.limits.creep_out_height_m
    for _, z, command in commands_of(twin)["creep_out"]:
        assert z - command["threshold"] == pytest.approx(creep_m)
    plain = swap("chassis", load_timing("factory", "chassis"))
    for _, z, command in commands_of(plain)["creep_out"]:
        assert z - command["target"][Z] > creep_m + 0.005, "it has raised the pack since it was gripped"


def test_a_lock_that_stays_shut_holds_back_a_table_that_does_not_stop() -> None:
    result = swap("chassis", blended("chassis"), ("lock_wont_open:tries=9",)).run()
    assert result.outcome == "lock_stuck"
    assert not result.violations


def test_a_table_passes_to_the_next_pack_of_the_truck_clear_of_the_measured_ones() -> None:
    twin = swap("chassis", blended("chassis"))
    of, height_m = commands_of(twin), twin.setup.pack.size_m[2]
    on = next((r, command) for r, _, command in of["clear"] if len(twin.program.queue[r]) > 1)
    truck_z = [seat.xyz_m[2] for seat in twin.setup.seats if seat.on_truck]
    limit = float(on[1]["threshold"])
    assert limit < min(truck_z) - height_m - LET_OFF_M
    assert limit > between_z(twin.program), "nearer than the packs of a truck that was not measured"


def test_a_table_takes_most_of_a_block_fast_and_the_rest_slowly() -> None:
    twin = swap("chassis", blended("chassis"))
    of, contact_mps = commands_of(twin), twin.setup.station.limits.contact_speed_mps
    assert len(of["take_slack"]) == len(of["take_weight"]) == len(twin.setup.jobs)
    for (_, _, fast), (_, _, slow) in zip(of["take_slack"], of["take_weight"], strict=True):
        assert fast["threshold"] < slow["threshold"]
        assert slow["velocity"][Z] < fast["velocity"][Z] <= contact_mps
    assert "take_slack" not in commands_of(swap("chassis", load_timing("factory", "chassis")))


@pytest.mark.parametrize("noise", [1.0, 6.0])
def test_the_insertion_creeps_from_higher_where_the_scanner_sees_badly(noise: float) -> None:
    gain = 8.0
    timing = with_overrides(blended("top_lift"), {"phases.insert.creep_height_per_scatter": gain})
    twin = swap("top_lift", timing, (f"scanner_noise:factor={noise}",))
    seen: list[tuple[float, float]] = []

    def watch(runner: Any) -> None:
        command = runner.commands[0][0]
        if twin.program.table[int(twin.program.step[0, 0])].name == "insert" and not seen:
            height = abs(float(command["creep_at"]) - float(command["seat_z"]))
            seen.append((height, float(np.sqrt(runner.worlds["image"]["scan_variance_m2"][0, 0]))))

    twin.watch(watch)
    twin.run()
    [(height, scatter)] = seen
    sigma = twin.setup.station.scanner.sigma_m
    assert scatter == pytest.approx(noise * sigma, rel=0.5)
    assert height == pytest.approx(timing.of("insert").creep_height_m + gain * max(scatter - sigma, 0.0), abs=1e-9)


def test_a_setup_that_was_planned_otherwise_is_refused() -> None:
    truck = load_truck("tractor_6x4")
    setup = build_setup(load_station("top_lift"), truck, load_pack(truck.default_pack), seed=1)
    with pytest.raises(InputError, match="plans slots and order otherwise than this setup was planned, got 'shortest'"):
        SwapTwin(setup, blended("top_lift"), make_runner=rom_runner)


def test_a_pack_that_sways_waits_over_the_guides() -> None:
    """Without a shaper the traverse leaves a swing, and the descent that overlaps it has waited for nothing."""
    both = {f"phases.{phase}.blending": True for phase in ("traverse_to_truck", "insert")}
    swings = {"shaper": "none", "acceleration_fraction": 0.7, "jerk_fraction": 1.0, "overlap_s": 2.0}
    both |= {f"phases.traverse_to_truck.{name}": value for name, value in swings.items()}
    regardless = with_overrides(blended("top_lift"), both | {"phases.insert.settle_threshold_m": 1.0})
    waits = with_overrides(regardless, {"phases.insert.settle_threshold_m": 0.015})
    before, now = swap("top_lift", regardless).run(), swap("top_lift", waits).run()
    assert before.kpis["residual_sway_m"] > 0.03
    assert now.outcome == "completed"
    assert now.insert_attempts == (1,)
    assert now.kpis["residual_sway_m"] < 0.017, "the threshold and the noise of the sensor"
    assert now.mechanical_time_s > before.mechanical_time_s + 2.0


def test_a_swing_that_does_not_end_stops_the_pack_over_its_seat() -> None:
    twin = swap("top_lift", blended("top_lift"), ("sway_offset:offset_mm=60,at_s=100",))
    result = twin.run()
    assert result.outcome == "sway_limit"
    assert "calm over its seat for 0.0 s in a row" in result.events[-1]["message"]
    assert not result.violations


def test_the_second_robot_lands_as_slowly_as_the_first_one_measured() -> None:
    """It has taken no frames of its own when it first meets the truck."""
    timing = with_overrides(blended("chassis"), {"phases.raise.creep_height_per_scatter": 8.0})
    twin = swap("chassis", timing, ("scanner_noise:factor=3",))
    heights: dict[int, float] = {}

    def note(n: int, r: int, command: np.ndarray) -> None:
        if twin.program.table[int(command["step"])].name == "land":
            heights.setdefault(r, abs(float(command["creep_at"] - command["seat_z"])))

    twin.program.on_command = note
    twin.run()
    assert heights.keys() == {0, 1}
    assert min(heights.values()) > timing.of("raise").creep_height_m + 0.008


def aside_at(twin: SwapTwin, step: str) -> list[float]:
    """How far each robot's end effector stands aside of its trolley or table middle in the last scan of a step, m."""
    rows = {i for i, each in enumerate(twin.program.table) if each.name == step}
    last: dict[int, float] = {}

    def look(runner: Any) -> None:
        truth = runner.worlds["truth"][0]
        for r in range(twin.program.step.shape[1]):
            if twin.program.step[0, r] in rows and not twin.program.waiting[0, r]:
                last[r] = float(np.hypot(*truth["q"][r, EX : EX + 2]))

    twin.watch(look)
    result = twin.run()
    assert result.outcome == "completed"
    assert not result.violations
    return list(last.values())


@pytest.mark.parametrize(
    ("name", "step", "seed"), [("top_lift", "unlock", 5), ("top_lift", "lock", 7), ("chassis", "lock", 5)]
)
def test_robots_centre_on_a_gripped_pack_while_its_locks_move(name: str, step: str, seed: int) -> None:
    """Without, the end effector is held aside by what the scanner was off; with, by the sway sensor's noise."""
    held = blended(name)
    phases = {f"phases.{step}.{key}": value for key, value in held.default.model_dump(exclude_none=True).items()}
    stays = with_overrides(held, {**phases, f"phases.{step}.blending": False})
    before, after = (max(aside_at(swap(name, timing, seed=seed), step)) for timing in (stays, held))
    assert after < 0.5 * before
    assert after < 0.006


def test_centring_stays_within_the_deadband_and_off_the_other_robot() -> None:
    """A sway sensor that is 100 mm off moves no robot beyond the deadband; nothing is refused."""
    twin = swap("chassis", blended("chassis"), ("sway_offset:phase=lock,offset_mm=100",))
    moved: list[float] = []

    def look(runner: Any) -> None:
        world = runner.worlds[0]
        for r in range(2):
            if twin.program.table[min(twin.program.step[0, r], len(twin.program.table) - 1)].name == "lock":
                moved.append(abs(float(world["truth"]["q"][r, 0] - world["control"]["low_xy"][r, 0])))

    twin.watch(look)
    result = twin.run()
    assert result.outcome != "refused"
    assert not result.violations
    assert 0.02 < max(moved) <= twin.setup.station.limits.traverse_deadband_m


def with_rope_longer(timing: TimingSet, share: float) -> SwapTwin:
    """A swap whose ropes are longer than the controller believes by this share of their mid-stroke length."""
    station, truck = load_station("top_lift"), load_truck("tractor_6x4")
    pack = load_pack("cab_282")
    variation = Variation.of(conditions="clear", **error_of("rope_longer", pack)) if share else Variation()
    setup = build_setup(station, truck, pack, seed=3, planning=timing.planning, variation=variation)
    return SwapTwin(setup, timing, (), make_runner=rom_runner)


COMES_DOWN = ("lower", "store", "pick", "insert")


def damped(zeta: float) -> TimingSet:
    """The blended set whose traverses match a rope of the nominal length, with and without damping by feedback."""
    traverses = {f"phases.{name}.shaper": "matched" for name in ("traverse_to_slot", "traverse_to_truck")}
    calm = {f"phases.{name}.settle_threshold_m": 0.012 for name in COMES_DOWN}
    damps = {f"phases.{name}.sway_damping": zeta for name in COMES_DOWN}
    return with_overrides(blended("top_lift"), {**traverses, **calm, **damps})


def test_damping_by_feedback_does_not_wait_for_a_rope_of_another_length() -> None:
    """Matched to the wrong rope, a pack waits over its guides; damped, it arrives calm."""
    with_it, without, as_believed = (
        with_rope_longer(damped(zeta), share).run() for zeta, share in ((0.5, 0.05), (0.0, 0.05), (0.5, 0.0))
    )
    for result in (with_it, without, as_believed):
        assert result.outcome == "completed"
        assert not result.violations
    assert without.mechanical_time_s - with_it.mechanical_time_s > 8.0
    assert abs(with_it.mechanical_time_s - as_believed.mechanical_time_s) < 3.0
    assert with_it.kpis["residual_sway_rad"] < 0.5 * without.kpis["residual_sway_rad"]


def test_damping_goes_on_with_the_sway_interlock_switched_off() -> None:
    """Switched off, the interlock lets a swaying pack land; damping is no interlock and calms it all the same."""
    swayed = []
    for zeta in (0.5, 0.0):
        twin = with_rope_longer(damped(zeta), 0.05)
        twin.runner.params["interlock_off"][:, TRIP_SWAY] = 1
        result = twin.run()
        swayed.append(result.kpis["residual_sway_rad"])
    assert swayed[0] < 0.5 * swayed[1]


def test_damping_stays_within_the_deadband_whatever_the_sensor_reads() -> None:
    """A sway sensor that is 100 mm off drives the trolley no farther; the swap ends as one that never was calm."""
    twin = swap("top_lift", damped(0.5), ("sway_offset:phase=pick,offset_mm=100",))
    farthest_m = [0.0]

    def look(runner: Any) -> None:
        control, reference = runner.worlds["control"][0], runner.worlds["image"]["reference"][0, 0]
        for k in range(2):
            if control["damping"][0] & (1 << k):
                farthest_m.append(abs(float(reference[k, 0] - control["damping_at"][0, k])))

    twin.watch(look)
    result = twin.run()
    assert result.outcome == "sway_limit"
    assert not result.violations
    assert 0.03 < max(farthest_m) <= 0.9 * twin.setup.station.limits.traverse_deadband_m + 1e-6


def test_a_matched_move_of_a_millimetre_takes_no_minute() -> None:
    """Where an axis stands at its goal to within its repeatability, the move would be as slow as it was short."""
    straight = with_overrides(load_timing("tuned", "top_lift"), {"phases.traverse_to_full.shaper": "matched"})
    result = swap("top_lift", straight, seed=4).run()  # y is a millimetre off there, half of it scatter
    assert result.outcome == "completed"
    span = next(one for one in result.phases if one.name == "traverse_to_full")
    assert span.end_s - span.start_s < 10.0


def test_centring_keeps_to_a_deadband_that_is_scaled() -> None:
    """The low-traverse interlock scaled down refuses a target outside it, so centring aims no farther."""
    twin = swap("top_lift", load_timing("tuned", "top_lift"), ("sway_offset:phase=unlock,offset_mm=100",))
    twin.runner.params["interlock_scale"][:, TRIP_LOW_TRAVERSE] = 0.6
    assert twin.run().outcome == "sway_limit", "the next landing shows the sensor's error; the move is not refused"
