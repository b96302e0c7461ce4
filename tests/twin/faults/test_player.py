"""When faults act and what they do to the records, on a world without a plant."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from tests.twin.faults.setups import setup_of
from twin.errors import InputError
from twin.faults import FaultPlayer, faulty_setup, parse_fault
from twin.plants.beginning import new_world
from twin.records import BUSY, Z, new_command
from twin.sequence.setpoint_steps import with_setpoints
from twin.sequence.tables import TABLES
from twin.setup.setup import SwapSetup


def test_a_setup_without_setup_faults_is_returned_itself() -> None:
    setup = setup_of("top_lift")
    assert faulty_setup(setup, []) is setup
    assert faulty_setup(setup, [parse_fault("estop:at_s=1")]) is setup


def test_wrong_pack_and_guide_friction() -> None:
    setup = setup_of("top_lift")
    old, new = setup.jobs[0].old_pack, setup.jobs[0].new_pack
    healthy = setup.params["pack_mass_kg"][0].copy()
    faults = ["wrong_pack:pack=old,kg=1234", "guide_friction:factor=3"]
    other = faulty_setup(setup, [parse_fault(text) for text in faults])
    assert other.params["pack_mass_kg"][0, old] == 1234.0
    assert other.params["pack_mass_kg"][0, new] == healthy[new]
    assert other.guide_friction == 3.0 * setup.guide_friction
    assert setup.params["pack_mass_kg"][0].tolist() == healthy.tolist(), "the healthy cell keeps its own"
    heavier = faulty_setup(setup, [parse_fault("wrong_pack:factor=1.5")])
    assert heavier.params["pack_mass_kg"][0, new] == 1.5 * setup.pack.mass_kg, "a multiple of the declared mass"


class Stage:
    """A world without a plant: the test plays sequence and clock."""

    def __init__(self, setup: SwapSetup, *specs: str) -> None:
        self.plant = SimpleNamespace(worlds=new_world(setup), params=setup.params.copy(), commands=new_command(2)[None])
        self.w, self.p = self.plant.worlds[0], self.plant.params[0]
        self.player = FaultPlayer([parse_fault(spec) for spec in specs], setup)
        self.steps = [step.phase for step in TABLES[setup.station.kind]()]
        self.reported: list[tuple[str, bool]] = []
        self.player.on_change = lambda fault, acts: self.reported.append((fault.kind, acts))
        self.seat = setup.jobs[0].truck_seat

    def at(self, t_s: float, phase: str | None = None, robot: int = 0) -> Any:
        """The world as the faults leave it at `t_s`; from now on `robot` is in `phase`."""
        self.w["truth"]["t_s"] = t_s
        if phase is not None:
            self.w["control"]["status"][robot] = BUSY
            self.plant.commands["step"][0, robot] = self.steps.index(phase)
        self.player.before_scan(self.plant)
        return self.w

    def order(self, field: str, i: int, value: int) -> None:
        self.w["image"][field][i] = value
        self.at(float(self.w["truth"]["t_s"]) + 0.01)


@pytest.fixture
def stage() -> Callable[..., Stage]:
    return lambda *specs: Stage(setup_of("top_lift"), *specs)


def test_at_a_time_for_a_time(stage: Callable[..., Stage]) -> None:
    it = stage("estop:at_s=2,for_s=1")
    pressed = [int(it.at(t)["truth"]["estop_button"]) for t in (0.0, 1.99, 2.0, 2.5, 2.99, 3.0, 50.0)]
    assert pressed == [0, 0, 1, 1, 1, 0, 0]
    assert it.reported == [("estop", True), ("estop", False)]


def test_for_ever(stage: Callable[..., Stage]) -> None:
    it = stage("power_loss:at_s=2")
    assert [int(it.at(t)["truth"]["power_off"]) for t in (1.0, 2.0, 1e4)] == [0, 1, 1]


def test_from_the_beginning_where_no_time_is_given(stage: Callable[..., Stage]) -> None:
    it = stage("scanner_blind:for_s=4")
    assert [int(it.at(t)["faults"]["scan_blind"]) for t in (0.0, 3.9, 4.1)] == [1, 1, 0]


def test_some_time_after_a_phase_has_begun(stage: Callable[..., Stage]) -> None:
    it = stage("estop:phase=grip,after_s=1.5,for_s=1")
    assert not it.at(5.0, "lower")["truth"]["estop_button"]
    assert not it.at(10.0, "grip")["truth"]["estop_button"]
    assert not it.at(11.4)["truth"]["estop_button"]
    assert it.at(11.5, "unlock")["truth"]["estop_button"], "it counts from the phase's beginning, even past its end"
    assert not it.at(12.5)["truth"]["estop_button"]
    assert not it.at(100.0, "grip")["truth"]["estop_button"], "only the first time"


def test_a_phase_counts_when_a_command_runs_in_it(stage: Callable[..., Stage]) -> None:
    it = stage("estop:phase=identify")
    assert not it.at(0.0)["truth"]["estop_button"], "step 0 stands in the command record before anything runs"
    assert it.at(0.0, "identify")["truth"]["estop_button"]


def test_the_phase_of_one_robot_or_of_whichever_comes_first() -> None:
    any_robot, second = (Stage(setup_of("chassis"), f"estop:phase=grip{which}") for which in ("", ",robot=2"))
    for it in (any_robot, second):
        it.at(5.0, "grip", robot=0)
    assert any_robot.w["truth"]["estop_button"]
    assert not second.w["truth"]["estop_button"]
    assert second.at(6.0, "grip", robot=1)["truth"]["estop_button"]


def test_everything_is_as_usual_again_afterwards(stage: Callable[..., Stage]) -> None:
    it = stage(
        "scanner_noise:factor=5,for_s=1",
        "scanner_dropout:share=0.5,for_s=1",
        "axis_drag:axis=z,factor=9,for_s=1",
        "coupler_stiff:factor=3,for_s=1",
        "load_cell_offset:offset_n=700,for_s=1",
        "load_cell_frozen:for_s=1",
        "sway_offset:offset_mm=20,for_s=1",
    )
    usual, blank = it.plant.params.copy(), it.plant.worlds.copy()
    w = it.at(0.5)
    assert it.p["scan_sigma_m"] == 5 * usual["scan_sigma_m"][0]
    assert it.p["scan_sigma_rad"] == 5 * usual["scan_sigma_rad"][0]
    assert it.p["scan_dropout"] == 0.5
    np.testing.assert_array_equal(it.p["axis_coulomb"] / usual["axis_coulomb"][0], [1, 1, 9, 1])
    assert it.p["coupler_force_n"] == 3 * usual["coupler_force_n"][0]
    assert w["faults"]["load_cell_offset_n"].tolist() == [700.0, 0.0], "one robot has this station"
    assert w["faults"]["load_cell_frozen"].tolist() == [1, 0]
    np.testing.assert_allclose(w["faults"]["sway_bias_m"], [[0.02, 0.0], [0.0, 0.0]])
    it.at(1.0)
    blank["truth"]["t_s"] = 1.0
    assert it.plant.params.tobytes() == usual.tobytes()
    assert it.plant.worlds.tobytes() == blank.tobytes()


def test_what_others_change_while_faults_act_stays(stage: Callable[..., Stage]) -> None:
    it = stage("axis_drag:axis=z,factor=9,for_s=1", "scanner_noise:factor=5,for_s=1")
    usual = it.plant.params.copy()
    it.at(0.4)
    it.p["truck_friction"] = 0.5  # no fault's
    it.p["axis_coulomb"][Z] = 100.0  # under a fault: what it is without
    it.w["truth"]["estop_button"] = 1
    it.at(0.5)
    assert it.p["axis_coulomb"].tolist() == [*usual["axis_coulomb"][0, :Z], 900.0, usual["axis_coulomb"][0, 3]]
    for t_s in (0.6, 1.0, 2.0):
        assert it.at(t_s)["truth"]["estop_button"] == 1
        assert it.p["truck_friction"] == 0.5
    usual["truck_friction"], usual["axis_coulomb"][0, Z] = 0.5, 100.0
    assert it.plant.params.tobytes() == usual.tobytes()
    it.w["truth"]["estop_button"] = 0
    assert it.at(3.0)["truth"]["estop_button"] == 0


def test_faults_of_the_same_kind_add_up(stage: Callable[..., Stage]) -> None:
    it = stage("load_cell_offset:offset_n=700", "load_cell_offset:offset_n=-200")
    assert it.at(0.0)["faults"]["load_cell_offset_n"][0] == 500.0


def test_a_shove_points_where_it_says(stage: Callable[..., Stage]) -> None:
    it = stage("truck_shove:force_n=1000,direction_deg=90,at_s=1")
    assert not it.at(0.9)["faults"]["truck_push_n"].any()
    np.testing.assert_allclose(it.at(1.1)["faults"]["truck_push_n"], [0.0, 1000.0, 0.0], atol=1e-9)
    assert not it.at(1.21)["faults"]["truck_push_n"].any()


def test_a_released_brake_lets_the_slope_pull(stage: Callable[..., Stage]) -> None:
    it = stage("brakes_released:at_s=1,grade_percent=-3")
    w = it.at(1.0)
    weight_n = 9.81 * (it.p["truck_sprung_kg"] + it.p["truck_unsprung_kg"] + it.p["truck_trailer_kg"])
    assert w["faults"]["truck_brake_off"] == 1
    assert w["faults"]["truck_push_n"][0] == pytest.approx(-0.03 * weight_n, rel=1e-3)


def test_a_lock_that_opens_on_the_second_try(stage: Callable[..., Stage]) -> None:
    it = stage("lock_wont_open:lock=3,tries=1")
    assert not it.at(0.0)["faults"]["lock_stuck"].any(), "it is closed, nobody wants it open"
    it.order("lock_command", it.seat, 0)
    assert it.w["faults"]["lock_stuck"][it.seat].tolist() == [0, 0, 1, 0]
    it.order("lock_command", it.seat, 1)
    assert not it.w["faults"]["lock_stuck"].any(), "closing works"
    it.order("lock_command", it.seat, 0)
    assert not it.w["faults"]["lock_stuck"].any(), "and the second try too"
    assert it.reported == [("lock_wont_open", True), ("lock_wont_open", False)]


def test_a_lock_that_never_closes(stage: Callable[..., Stage]) -> None:
    it = stage("lock_wont_close:lock=all")
    assert not it.at(0.0)["faults"]["lock_stuck"].any(), "the old pack's locks have closed long ago"
    for _ in range(4):
        it.order("lock_command", it.seat, 0)
        assert not it.w["faults"]["lock_stuck"].any()
        it.order("lock_command", it.seat, 1)
        assert it.w["faults"]["lock_stuck"][it.seat].all()


def test_switches_that_lie(stage: Callable[..., Stage]) -> None:
    it = stage("lock_snag:lock=1", "lock_false_closed:lock=2")
    assert not it.at(0.0)["faults"]["lock_switch_fault"].any()
    it.order("lock_command", it.seat, 0)
    assert it.w["faults"]["lock_switch_fault"][it.seat].tolist() == [1, 0, 0, 0]
    it.order("lock_command", it.seat, 1)
    assert it.w["faults"]["lock_switch_fault"][it.seat].tolist() == [0, 2, 0, 0]


@pytest.mark.parametrize(("kind", "order"), [("grip_wont_close", 1), ("grip_wont_open", 0)])
def test_grips(stage: Callable[..., Stage], kind: str, order: int) -> None:
    it = stage(f"{kind}:grip=4,tries=2")
    it.w["image"]["grip_command"] = 1 - order
    it.at(0.0)
    for number in range(3):
        it.order("grip_command", 0, order)
        assert it.w["faults"]["grip_stuck"][0].tolist() == ([0, 0, 0, 1] if number < 2 else [0] * 4)
        it.order("grip_command", 0, 1 - order)
        assert not it.w["faults"]["grip_stuck"].any()


# ---------------------------------------------------------------------------------------------------- faults that join


def joining(*added: tuple[float, str]) -> Stage:
    it = Stage(setup_of("top_lift"))
    it.player = FaultPlayer([], setup_of("top_lift"), added=[(since_s, parse_fault(text)) for since_s, text in added])
    return it


def test_a_fault_that_joins_acts_from_then_on() -> None:
    it = joining((5.0, "scanner_blind:for_s=2"), (3.0, "estop:at_s=6,for_s=1"))
    blind = [int(it.at(t)["faults"]["scan_blind"]) for t in (4.99, 5.0, 6.99, 7.0)]
    assert blind == [0, 1, 1, 0]
    it = joining((3.0, "estop:at_s=6,for_s=1"))
    assert [int(it.at(t)["truth"]["estop_button"]) for t in (3.0, 5.99, 6.0, 7.0)] == [0, 0, 1, 0]


def test_orders_count_from_when_a_fault_joins() -> None:
    it = joining((5.0, "lock_wont_open:tries=1"))
    it.at(0.0)
    it.order("lock_command", it.seat, 0)
    it.order("lock_command", it.seat, 1)
    assert not it.at(5.0)["faults"]["lock_stuck"].any()
    it.order("lock_command", it.seat, 0)
    assert it.w["faults"]["lock_stuck"][it.seat].tolist() == [1, 0, 0, 0]


def test_a_phase_that_began_before_counts_where_its_time_is_still_to_come() -> None:
    it = joining((5.0, "estop:phase=grip,after_s=4"))
    it.at(2.0, "grip")
    assert [int(it.at(t)["truth"]["estop_button"]) for t in (5.0, 5.99, 6.0)] == [0, 0, 1]
    late = joining((7.0, "estop:phase=grip,after_s=4"))
    late.at(2.0, "grip")
    with pytest.raises(InputError, match=r"its time, 6.00 s, lies before"):
        late.at(7.0)


def test_nothing_is_disturbed_before_the_first_fault_joins() -> None:
    """It is looked at after each scan till then, and knows all the same what has begun."""
    it = joining((5.0, "estop:phase=grip,after_s=4"))
    assert not it.player.acts_from(0.0)
    it.plant.disturb = None
    it.w["control"]["status"][0], it.plant.commands["step"][0, 0] = BUSY, it.steps.index("grip")
    for t_s, disturbed in ((2.0, False), (4.98, False), (4.99, True)):
        it.w["truth"]["t_s"] = t_s
        it.player.after_scan(it.plant)
        assert (it.plant.disturb is not None) == disturbed, t_s
    assert [int(it.at(t)["truth"]["estop_button"]) for t in (5.0, 5.99, 6.0)] == [0, 0, 1]


@pytest.mark.parametrize("kind", ["top_lift", "chassis"])
def test_a_step_s_number_tells_its_phase_whether_or_not_setpoints_are_followed(kind: str) -> None:
    plain = TABLES[kind]()
    followed = with_setpoints(plain)
    assert [step.name for step in followed[: len(plain)]] == [step.name for step in plain]
    assert [step.phase for step in followed[len(plain) :]] == ["insert"]
