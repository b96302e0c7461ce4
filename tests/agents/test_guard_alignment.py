"""The safety filter of Alignment: the smallest change, and with it every stop stays within its margin."""

from __future__ import annotations

import itertools
import math
import time
from collections import Counter
from copy import deepcopy
from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.guard import Guard, certifier_of
from agents.guard_alignment import AlignmentFilter, bounds_of
from agents.guard_rules import (
    BESIDE_M,
    BESIDE_RAD,
    CAUSES,
    EASE_MPS,
    NEEDED,
    OVER_TIPS_M,
    stoppable,
    way_to_stop,
)
from agents.tasks import TASKS
from envs.alignment_control import ACTION, OBSERVATION, RESIDUAL_SHARES
from envs.scaling import box
from tests.evidence import guarded
from tests.evidence.hostile import alignment as hostile
from tests.tiers import slow
from twin.alignment.sensed import DECISION_S
from twin.catalogue import Station, load_station
from twin.control.velocity_motion import GUIDE_MPS, braking_distance
from twin.motion.profile import evaluate, new_profile, plan_velocity

PLACE = {q.name: i for i, q in enumerate(OBSERVATION)}
SCALE = {q.name: q.scale for q in OBSERVATION}
SCALES = np.array([q.scale for q in ACTION])
PIN_M = {"top_lift": 0.14, "chassis": 0.055}
KG = {"top_lift": 2300.0, "chassis": 1171.0}


def seen(station: str = "top_lift", *, over_tips_m: float = 0.1, **values: float) -> np.ndarray:
    """An observation with a pack straight over its pins, at rest; quantities in SI units change it."""
    height = PIN_M[station] + over_tips_m
    usual = {"height": height, "guides": height / PIN_M[station], "mass": KG[station]}
    usual |= {"rope": 4.0} if station == "top_lift" else {}
    out = np.zeros(len(OBSERVATION), np.float32)
    for name, value in (usual | values).items():
        out[PLACE[name]] = value / SCALE[name]
    return out


@cache
def station_of(name: str) -> Station:
    return load_station(name)


@cache
def _made(station: str, mode: str, n: int) -> AlignmentFilter:
    return AlignmentFilter(station_of(station), mode, n)


def filter_of(station: str = "top_lift", mode: str = "direct", n: int = 1) -> AlignmentFilter:
    """A filter at the beginning of its insertions; reading a station's files takes long."""
    return deepcopy(_made(station, mode, n))


def certified(observation: np.ndarray, action: Any, station: str = "top_lift") -> tuple[np.ndarray, set[str]]:
    guard = filter_of(station)
    kept = guard.certify(np.array(action, np.float64), observation)
    return kept, set(guard.counted())


def test_actions_of_a_pack_that_goes_straight_in_are_kept_to_the_bit() -> None:
    for over_m in (0.2, 0.05, -0.02, -0.1):
        action = np.array([0.1, -0.2, 0.46, 0.3], np.float32)
        kept, rules = certified(seen(over_tips_m=over_m), action)
        np.testing.assert_array_equal(kept.astype(np.float32), action)
        assert rules == set()


class Axis:
    """One axis of the reduced-order plant's model: it follows its setpoints within its acceleration and jerk."""

    def __init__(self, at: float, acceleration: float, jerk: float) -> None:
        self.state, self._limits, self._profile = (at, 0.0, 0.0), (acceleration, jerk), new_profile()

    def advance(self, setpoint: float, zone_m: float = -math.inf) -> float:
        """Follow a setpoint for one decision, scan by scan; returns the farthest place on the way.

        From `zone_m` before 0 on the control software keeps to the guide speed.
        """
        farthest = -math.inf
        for _ in range(SCANS):
            place, speed, gain = self.state
            brakes_m = braking_distance(speed, gain, GUIDE_MPS, *self._limits, 1.5 * DECISION_S / SCANS)
            bounded = min(setpoint, GUIDE_MPS) if brakes_m >= -place - zone_m else setpoint
            plan_velocity(self._profile, *self.state, bounded, *self._limits)
            self.state = evaluate(self._profile, DECISION_S / SCANS)
            farthest = max(farthest, self.state[0])
        return farthest


SCANS = 5


@pytest.mark.parametrize("station", ["top_lift", "chassis"])
@pytest.mark.parametrize("late", [0, 1])
@given(
    over_tips_m=st.floats(0.03, 0.3),
    off_m=st.floats(0.035, 0.09),
    actions=st.lists(st.floats(-1.0, 1.0), min_size=10, max_size=10),
)
def test_a_pack_beside_its_pins_stops_over_them(
    station: str, late: int, over_tips_m: float, off_m: float, actions: list[float]
) -> None:
    """Whatever is asked. Actions that reach the axis a decision late cost the way of two at the guide speed.

    One is the delay's own, one the speed that it still gains meanwhile.
    """
    past_m = -0.003 + late * 2.0 * DECISION_S * GUIDE_MPS
    zone_m = station_of(station).limits.contact_zone_m
    limits = station_of(station).axes.z
    guard, axis = filter_of(station), Axis(-over_tips_m, limits.acceleration_mps2, limits.jerk_mps3)
    waiting, lowest = [0.0] * late, -over_tips_m
    for asked in [*actions, *[1.0] * 120]:
        place, speed, _ = axis.state
        observation = seen(station, over_tips_m=-place, axis_speed_in=speed, pack_x=off_m)
        kept = guard.certify(np.array([0.0, 0.0, asked, 0.0]), observation)
        waiting.append(kept[2] * SCALES[2])
        lowest = max(lowest, axis.advance(waiting.pop(0), zone_m))
    assert lowest < past_m
    assert lowest > -OVER_TIPS_M - 0.01, "no farther away than needed"


@pytest.mark.parametrize("station", ["top_lift", "chassis"])
@pytest.mark.parametrize("axis", ["x", "y", "yaw"])
@given(actions=st.lists(st.floats(-1.0, 1.0), min_size=20, max_size=20), last=st.sampled_from([-1.0, 1.0]))
def test_between_the_pins_an_axis_stops_within_the_guides_reach(
    station: str, axis: str, actions: list[float], last: float
) -> None:
    limits, k = getattr(station_of(station).axes, axis), {"x": 0, "y": 1, "yaw": 3}[axis]
    a, j = (getattr(limits, f"{name}_{'rad' if axis == 'yaw' else 'm'}ps{n}") for name, n in KINDS)
    guard, one, widest = filter_of(station), Axis(0.0, a, j), BESIDE_RAD if axis == "yaw" else BESIDE_M
    name = "yaw" if axis == "yaw" else f"axis_{axis}"
    farthest = 0.0
    for asked in [*actions, *[last] * 60]:
        place, speed, _ = one.state
        action = np.zeros(4)
        action[k] = asked
        observation = seen(station, over_tips_m=-0.02, **{name: -place, f"axis_speed_{axis}": speed})
        kept = guard.certify(action, observation)
        one.advance(kept[k] * SCALES[k])
        farthest = max(farthest, abs(one.state[0]))
    assert farthest < 1.15 * widest
    assert farthest > 0.7 * widest


KINDS = (("acceleration", 2), ("jerk", 3))


def rows(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Observations and actions of any kind (n, O) and (n, 4), around the pins."""
    random = np.random.default_rng(seed)
    low, high = np.array([q.low for q in OBSERVATION]), np.array([q.high for q in OBSERVATION])
    observed = random.uniform(0.5 * low, 0.5 * high, (n, len(OBSERVATION))).astype(np.float32)
    guides = random.uniform(-0.3, 3.0, n)
    observed[:, PLACE["guides"]], observed[:, PLACE["height"]] = guides / 3.0, guides * 0.14 / 0.5
    return observed, random.uniform(-1.0, 1.0, (n, 4))


def test_the_change_is_the_smallest_and_no_second_one_follows() -> None:
    observed, asked = rows(2000, 1)
    guard, which = filter_of(n=2000), np.arange(2000)
    kept = asked.copy()
    guard.certify_rows(which, kept, observed)
    for share in (1.0, 0.5, 0.05):
        tried = kept + (1.0 - share) * (asked - kept)
        before = tried.copy()
        guard.begin()
        guard.certify_rows(which, tried, observed)
        if share == 1.0:
            np.testing.assert_allclose(tried, kept, atol=1e-9)
        else:  # whatever is nearer to what was asked is changed, to the same
            np.testing.assert_allclose(tried, kept, atol=1e-9)
            assert ((before != kept) == (asked != kept)).all()
    assert 0.2 < (kept != asked).any(axis=1).mean() < 1.0
    assert (guard.causes.sum(axis=0) > 0)[: CAUSES.index("pressing")].all(), "those that need no memory"


def test_rows_are_those_of_single_insertions() -> None:
    observed, asked = rows(50, 2)
    together, alone = filter_of(n=10), [filter_of() for _ in range(10)]
    for step in range(5):
        part = slice(10 * step, 10 * step + 10)
        kept = asked[part].copy()
        together.certify_rows(np.arange(10), kept, observed[part])
        for i, one in enumerate(alone):
            np.testing.assert_array_equal(one.certify(asked[part][i], observed[part][i]), kept[i])
            assert set(one.counted()) == {name for name, n in zip(CAUSES, together.causes[i], strict=True) if n}


def test_trying_is_not_remembered() -> None:
    pressed = seen(over_tips_m=-0.03, axial=-1.2)
    guard, action = filter_of(), np.array([[0.0, 0.0, 1.0, 0.0]])
    for _ in range(5):
        guard.try_rows(np.zeros(1, np.int64), action.copy(), pressed[None])
    assert not guard.counted()


def test_lasting_axial_force_is_eased_off_until_half_of_it_is_left() -> None:
    guard = filter_of()
    for force, eased in ((-1.2, False), (-1.2, False), (-1.2, True), (-0.8, True), (-0.4, False), (-0.8, False)):
        kept = guard.certify(np.array([0.0, 0.0, 1.0, 0.0]), seen(over_tips_m=-0.03, axial=force))
        assert (kept[2] == -EASE_MPS / SCALES[2]) == eased, force
        assert set(guard.counted()) == ({"pressing"} if eased else set())
    guard.begin()
    for _ in range(9):  # on its seat it is no jam
        assert guard.certify(np.array([0.0, 0.0, 1.0, 0.0]), seen(over_tips_m=-0.135, axial=-1.2))[2] == 1.0
    guard.begin()
    for _ in range(9):  # nor where the truck leans, and a pad has touched
        leaning = seen(over_tips_m=-0.09, axial=-1.2, pad_rear_left=1.0)
        assert guard.certify(np.array([0.0, 0.0, 1.0, 0.0]), leaning)[2] == 1.0


def test_a_side_force_near_its_limit_is_relieved() -> None:
    kept, rules = certified(seen(over_tips_m=-0.03, lateral_x=0.8), [-1.0, 0.1, 0.5, 0.0])
    assert kept.tolist() == [0.0, 0.1, 0.5, 0.0]
    kept, rules = certified(seen(over_tips_m=-0.03, lateral_x=0.8), [0.2, 0.1, 0.5, 0.0])
    assert rules == set(), "with the force it may go"
    kept, rules = certified(seen(over_tips_m=-0.03, lateral_y=-0.95), [0.0, 0.0, 0.5, 0.0])
    assert kept[2] == -EASE_MPS / SCALES[2]
    assert rules == {"side_force"}


def test_a_table_backs_off_before_the_press_limit_and_ropes_do_not() -> None:
    station = station_of("chassis")
    at_limit = (station.limits.rated_load_kg - station.end_effector.mass_kg) / KG["chassis"] - 1.0
    seat = {"over_tips_m": -0.057, "load": 0.9 * at_limit, "axial": 1.5}
    kept, rules = certified(seen("chassis", **seat), [0.0, 0.0, 0.5, 0.0], "chassis")
    assert rules == {"landing"}
    assert kept[2] == -EASE_MPS / SCALES[2]
    kept, rules = certified(seen("chassis", **seat | {"load": 0.1}), [0.0, 0.0, 0.5, 0.0], "chassis")
    assert rules == set()
    assert certified(seen(over_tips_m=-0.15, load=0.8), [0.0, 0.0, 0.5, 0.0])[1] == set()


def test_a_residual_gets_the_same_setpoints_as_far_as_its_share_reaches() -> None:
    servo = {"servo_x": 0.01, "servo_in": 0.07}
    observation = seen(over_tips_m=-0.03, axis_x=-0.021, axis_speed_x=0.03, lateral_x=0.95, **servo)
    direct = filter_of().certify(np.array([1.0, 0.0, 0.9, 0.0]), observation) * SCALES
    guard = filter_of(mode="residual")
    action = guard.certify(np.array([1.0, 0.0, 0.9, 0.0]), observation)
    places = [PLACE[f"servo_{name}"] for name in ("x", "y", "in", "yaw")]
    servo_speeds = observation[places] * np.array([SCALE[f"servo_{name}"] for name in ("x", "y", "in", "yaw")])
    setpoints = servo_speeds + RESIDUAL_SHARES * action * SCALES
    assert setpoints[2] == pytest.approx(direct[2], abs=1e-6)
    assert action[0] == -1.0 or setpoints[0] == pytest.approx(direct[0], abs=1e-6)
    assert {"side_force"} <= set(guard.counted())


@given(
    asked=st.floats(-0.25, 0.25),
    room=st.floats(-0.02, 0.3),
    speed=st.floats(-0.25, 0.25),
    gain=st.floats(-1.0, 1.0),
    acceleration=st.floats(0.05, 0.5),
    jerk=st.floats(0.05, 1.0),
)
def test_the_nearest_setpoint_that_stops_within_a_room(
    asked: float, room: float, speed: float, gain: float, acceleration: float, jerk: float
) -> None:
    profile, motion = new_profile(), (speed, gain * acceleration, acceleration, jerk)
    kept = stoppable(asked, room, *motion, profile)
    if asked <= 0.0 or way_to_stop(asked, *motion, profile) <= room:
        assert kept == asked
    else:
        assert 0.0 <= kept < asked
        assert kept == 0.0 or way_to_stop(kept, *motion, profile) <= room
        if way_to_stop(0.0, *motion, profile) <= room:
            assert way_to_stop(min(kept + 1e-4, asked), *motion, profile) > room, "the nearest"


def test_the_way_to_a_stop_is_that_of_the_axis() -> None:
    """One decision at the setpoint, a scan and the drive's lag, and then the stop, as the plant's model has it."""
    limits = station_of("top_lift").axes.z
    axis, now = Axis(0.0, limits.acceleration_mps2, limits.jerk_mps3), (0.05, 0.1)
    axis.state = (0.0, *now)
    places = [axis.advance(setpoint) for setpoint in (0.2, *[0.0] * 60)]
    far = way_to_stop(0.2, *now, limits.acceleration_mps2, limits.jerk_mps3, new_profile())
    lag_m = 0.02 * max(0.2, axis.state[1])
    assert max(places) <= far <= max(places) + 4.0 * lag_m


def test_a_pack_far_over_its_pins_is_left_to_the_control_software() -> None:
    """It slows every pack down to the guide speed, from which the pack can still stop over the tips."""
    for station in ("top_lift", "chassis"):
        action = np.array([0.4, 0.0, 1.0, 0.0])
        for speed in (0.0, 0.1, 0.24):
            kept, rules = certified(seen(station, over_tips_m=0.12, pack_x=0.04, axis_speed_in=speed), action, station)
            assert (kept.tolist(), rules) == (action.tolist(), set())
        near = float(bounds_of(station_of(station), False)["near_m"][0])
        kept, rules = certified(seen(station, over_tips_m=0.5 * near, pack_x=0.04, axis_speed_in=0.06), action, station)
        assert rules == {"entry"}
        assert kept[2] < 0.28, "below the guide speed"


def test_where_the_guide_speed_cannot_be_stopped_over_the_tips_nothing_is_left_to_it() -> None:
    station = station_of("top_lift")
    z = station.axes.z.model_copy(update={"acceleration_mps2": 0.05, "jerk_mps3": 0.1})
    slow = station.model_copy(update={"axes": station.axes.model_copy(update={"z": z})})
    guard = AlignmentFilter(slow, "direct")
    guard.certify(np.array([0.0, 0.0, 1.0, 0.0]), seen(over_tips_m=0.2, pack_x=0.04, axis_speed_in=0.14))
    assert set(guard.counted()) == {"entry"}


@pytest.mark.parametrize("station", ["top_lift", "chassis"])
def test_a_pack_in_the_bores_is_captured_whatever_the_scanner_sees(station: str) -> None:
    lead_in_m = float(bounds_of(station_of(station), False)["lead_in_m"][0])
    action = np.array([0.1, 0.0, 0.2, 0.0])
    beside = {"pack_x": 0.032, "axis_x": 0.012}
    kept, rules = certified(seen(station, over_tips_m=-lead_in_m - 0.004, **beside), action, station)
    assert (kept.tolist(), rules) == (action.tolist(), set())
    kept, rules = certified(seen(station, over_tips_m=-lead_in_m + 0.004, **beside), action, station)
    assert rules == {"entry"}
    assert kept[2] == pytest.approx(-EASE_MPS / SCALES[2])


def test_a_trolley_may_follow_a_load_that_its_pins_hold() -> None:
    """They show where the seat is: held at the scanner's error, the ropes would pull at them."""
    action = np.array([-0.3, 0.0, 0.2, 0.0])
    off = {"axis_x": 0.024, "pack_x": 0.044, "sway_x": -0.02}
    kept, rules = certified(seen(over_tips_m=-0.10, **off), action)
    assert (kept.tolist(), rules) == (action.tolist(), set())
    kept, rules = certified(seen(over_tips_m=-0.02, **off), action)
    assert "beside" in rules, "in the lead-in it is not captured yet"
    kept, rules = certified(seen(over_tips_m=-0.10, **off | {"sway_x": 0.03}), -action)
    assert "beside" not in rules
    kept, rules = certified(seen(over_tips_m=-0.10, axis_x=-0.024, sway_x=-0.03), [0.3, 0.0, 0.2, 0.0])
    assert rules == {"beside"}, "away from load and pins"
    kept, rules = certified(seen(over_tips_m=-0.10, **off | {"axis_x": 0.036}), action)
    assert rules == {"beside"}, "where the scanner can no longer be that wrong"


@pytest.mark.parametrize("asked_mps", [-0.08, -0.02, -0.0055, -0.005])
def test_what_backs_off_by_itself_is_left_alone(asked_mps: float) -> None:
    """Rounding of a float32 action is no intervention, and neither is a slower relief than the servo's."""
    action = np.array([0.0, 0.0, np.float32(asked_mps / SCALES[2]), 0.0])
    guard = filter_of()
    for _ in range(6):
        kept = guard.certify(action, seen(over_tips_m=-0.03, axial=-1.2))
        assert (kept.tolist(), guard.counted()) == (action.tolist(), Counter())
    kept = guard.certify(np.zeros(4), seen(over_tips_m=-0.03, axial=-1.2))
    assert guard.counted() == {"pressing": 1}


def test_an_action_takes_less_than_fifty_microseconds() -> None:
    guard, observation, action = filter_of(), seen(over_tips_m=0.02, pack_x=0.03), np.ones(4)
    guard.certify(action, observation)
    taken = []
    for _ in range(300):
        began = time.perf_counter()
        guard.certify(action, observation)
        taken.append(time.perf_counter() - began)
    assert np.min(taken) < 50e-6


def test_a_guarded_policy_counts_its_interventions_by_rule() -> None:
    class Straight:
        def begin(self, seed: int) -> None:
            pass

        def act(self, observation: np.ndarray) -> Any:
            return [2.0, 0.0, 1.0, 0.0]

    guard = Guard(Straight(), box(ACTION), filter_of())
    guard.begin(0)
    beside = seen(over_tips_m=0.01, pack_x=0.05, axis_speed_in=0.03)
    action = guard.act(beside)
    assert box(ACTION).contains(action)
    assert action[2] < 0.2
    assert guard.interventions == Counter({"beyond_limits": 1, "entry": 1})
    assert guard.changed == 1
    guard.begin(1)
    assert (guard.interventions, guard.changed) == (Counter(), 0)


def test_environments_have_the_filter_of_their_station_and_mode() -> None:
    import gymnasium

    environment = gymnasium.make(TASKS["docking"].environment, disable_env_checker=True)
    assert certifier_of(environment) is None
    environment.close()
    assert len(NEEDED) == len(set(NEEDED))


@pytest.mark.parametrize(
    ("policy", "station"), [("law", "top_lift"), slow("law", "chassis"), slow("baseline", "chassis")]
)
def test_less_than_one_in_a_hundred_actions_of_a_good_policy_is_changed(policy: str, station: str) -> None:
    """Where the sensors are worst. None of them ended by a limit."""
    row = guarded.cell(policy, station, "unguided", "night+rain", 24)
    assert row["trips"] == row["needed"] == 0
    assert row["changed"] < 0.01 * row["steps"]
    assert row["with"]["changed"] < 0.01 * row["with"]["steps"]
    assert row["with"]["seated"] >= row["without"]["seated"] - 1
    assert row["with"]["violations"] == 0


@pytest.mark.slow
@pytest.mark.parametrize("station", ["top_lift", "chassis"])
def test_hostile_actions_trip_ten_times_less(station: str) -> None:
    names = ("inwards", "twist", "held", "hammer", "against_pins")

    def trips(with_filter: bool) -> float:
        seeds = itertools.count(610_000)
        played = list(hostile.play(station, "direct", 20_000, seeds, names=names, worlds=40, guarded=with_filter))
        assert [row for row in played if row["violations"]] == []
        return sum(row["outcome"] not in ("seated", "time_limit") for row in played) / len(played)

    without, with_it = trips(False), trips(True)
    assert without > 0.1
    assert with_it <= 0.1 * without
