"""Faults: how they are written, when they act, and how swaps end that meet them."""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import swaptwin
from tests.determinism.short_swap import short_swap
from twin.catalogue import load_pack, load_station, load_timing, load_truck, names, with_overrides
from twin.cell import Cell, build_cell
from twin.errors import InputError
from twin.faults import KINDS, RATES_PER_1000, Fault, FaultPlayer, faulty_cell, parse_fault, random_faults
from twin.faults.draws import DETAILS
from twin.faults.kinds import FOREVER, ONE_OF, WHEN, Option
from twin.faults.player import CELL_KINDS
from twin.plants.state import BUSY, new_command
from twin.sequence import building
from twin.sequence.program import OUTCOMES, TRIP_SETTLE_S
from twin.sequence.tables import TABLES
from twin.swap import SwapResult, SwapTwin

DOCS = Path(__file__).resolve().parents[2] / "docs" / "faults.md"
CELLS = {"top_lift": ("tractor_6x4", "cab_282"), "chassis": ("chassis_rigid_1", "chassis_171")}
"""One pack each, which is enough for every fault and half the time of a swap of three."""
HASTE = {"times.identify_s": 0.2, "times.scan_s": 2.0, "scanner.scan_samples": 20, "actuators.lock_tries": 2}
"""Identification and scan take no part in most faults; a third try is as good as a second."""
SETTLE_TIMEOUT_S = 25.0
"""As long as the longest traverse and its settling take, instead of more than three times that."""


@pytest.fixture(autouse=True, scope="module")
def in_haste() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(building, "SETTLE_TIMEOUT_S", SETTLE_TIMEOUT_S)
        yield


@functools.cache
def cell_of(kind: str) -> Cell:
    truck, pack = CELLS[kind]
    return build_cell(with_overrides(load_station(kind), HASTE), load_truck(truck), load_pack(pack), seed=0)


@functools.cache
def swap(kind: str, *specs: str) -> SwapResult:
    """One swap under factory timing with these faults; run once, whoever asks."""
    cell = cell_of(kind)
    twin = SwapTwin(cell, load_timing("factory", cell.station), [parse_fault(spec) for spec in specs])
    try:
        return twin.run()
    finally:
        twin.close()


def one_line(error: pytest.ExceptionInfo[InputError]) -> str:
    """What the error says, which is one line without control characters and names the option."""
    said = str(error.value)
    assert said.isprintable()
    assert said.startswith("--fault")
    return said


# ------------------------------------------------------------------------------------------------------ grammar

WRITTEN = [
    ("estop:at_s=12.5", "estop", {"at_s": 12.5}),
    (" estop : phase = grip , after_s = 2 ", "estop", {"phase": "grip", "after_s": 2.0}),
    ("scanner_blind", "scanner_blind", {}),
    ("scanner_blind:", "scanner_blind", {}),
    ("lock_wont_open:seat=truck1,lock=2,tries=1", "lock_wont_open", {"seat": "truck1", "lock": 2, "tries": 1}),
    ("lock_snag:lock=all", "lock_snag", {"lock": "all"}),
    ("axis_drag:axis=yaw,factor=20", "axis_drag", {"axis": "yaw", "factor": 20.0}),
    ("load_cell_offset:offset_n=-2e3", "load_cell_offset", {"offset_n": -2000.0}),
]


@pytest.mark.parametrize(("text", "kind", "settings"), WRITTEN)
def test_what_is_written_is_what_is_meant(text: str, kind: str, settings: dict[str, Any]) -> None:
    fault = parse_fault(text)
    assert fault.kind == kind
    assert dict(fault.settings) == settings
    for name, value in settings.items():
        assert fault[name] == value


@pytest.mark.parametrize("text", [text for text, _, _ in WRITTEN])
def test_text_and_dict_give_the_same_fault_back(text: str) -> None:
    fault = parse_fault(text)
    assert parse_fault(fault.text) == fault
    assert Fault.from_dict(fault.to_dict()) == fault
    assert hash(Fault.from_dict(fault.to_dict())) == hash(fault)


def test_the_order_of_the_settings_does_not_matter() -> None:
    assert parse_fault("lock_snag:lock=3,seat=truck1") == parse_fault("lock_snag:seat=truck1,lock=3")


def test_defaults() -> None:
    fault = parse_fault("truck_shove:force_n=1e5,at_s=3")
    assert (fault["direction_deg"], fault["for_s"], fault["robot"]) == (0.0, 0.2, None)
    assert parse_fault("estop:at_s=1")["for_s"] == FOREVER
    assert parse_fault("lock_wont_open")["tries"] == FOREVER


BAD = [
    ("", "unknown fault"),
    ("meteor", "unknown fault"),
    ("estop", "one of at_s and phase is missing"),
    ("estop:at_s=1,phase=grip", "at_s and phase do not go together"),
    ("scanner_blind:at_s=1,phase=grip", "at_s and phase do not go together"),
    ("estop:at_s", "name=value"),
    ("estop:at_s=1,", "name=value"),
    ("estop:at_s=", "at_s"),
    ("estop:=1", "name=value"),
    ("estop:phase=", "cannot be read"),
    ("estop:at_s=soon", "at_s"),
    ("estop:at_s=-1", "0 to 86400"),
    ("estop:at_s=nan", "0 to 86400"),
    ("estop:at_s=inf", "0 to 86400"),
    ("estop:at_s=1e400", "0 to 86400"),
    (f"estop:at_s={'9' * 5000}", "0 to 86400"),
    (f"lock_snag:lock={'9' * 5000}", "1 to 4 or all"),
    ("estop:at_s=1,for_s=inf", "0.01 to 86400"),
    ("estop:at_s=1,at_s=2", "twice"),
    ("estop:a\rt=1,a\rt=2", "twice"),
    ("estop:at_s=1,after_s=2", "after_s needs a phase"),
    ("scanner_blind:after_s=2", "after_s needs a phase"),
    ("estop:at_s=1,lock=2", "unknown setting"),
    ("lock_snag:lock=5", "1 to 4 or all"),
    ("lock_snag:lock=1.5", "1 to 4 or all"),
    ("lock_snag:lock=some", "1 to 4 or all"),
    ("lock_wont_open:tries=0", "1 to 1000"),
    ("axis_drag:axis=w,factor=2", "x, y, z, yaw"),
    ("axis_drag:axis=x", "factor is missing"),
    ("scanner_dropout:share=1.1", "0 to 1"),
    ("wrong_pack", "one of kg and factor is missing"),
    ("wrong_pack:kg=3000,factor=2", "kg and factor do not go together"),
    ("wrong_pack:kg=0", "1 to 20000"),
    ("truck_shove:force_n=1e5", "one of at_s and phase is missing"),
]


@pytest.mark.parametrize(("text", "says"), BAD, ids=[repr(text)[:40] for text, _ in BAD])
def test_bad_specs_are_refused_in_one_clear_line(text: str, says: str) -> None:
    with pytest.raises(InputError) as error:
        parse_fault(text)
    assert says in one_line(error)


@pytest.mark.parametrize("data", [{}, {"kind": "estop"}, {"kind": "estop", "at_s": "x"}, {"at_s": 1.0}])
def test_bad_dicts_are_refused_too(data: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        Fault.from_dict(data)


SETTINGS = sorted({name for kind in KINDS.values() for name in kind.options})
VALUES = st.one_of(
    st.sampled_from(["all", "x", "yaw", "new", "grip", "truck1", "slot1", "-1", "0", "1", "3", "0.5", "nan", "1e999"]),
    st.integers().map(str),
    st.floats().map(repr),
    st.text(max_size=6),
)
NEARLY = st.tuples(
    st.sampled_from([*KINDS, "gremlins"]),
    st.sampled_from([":", "", "::", " : "]),
    st.lists(
        st.tuples(st.one_of(st.sampled_from(SETTINGS), st.text(max_size=3)), st.sampled_from(["=", "=="]), VALUES).map(
            "".join
        ),
        max_size=4,
    ).map(",".join),
).map("".join)
"""What somebody may type who has seen the grammar once."""


def tried(use: Callable[[], Any]) -> Any:
    """What `use` gives, or the line with which it refuses; any other exception is a failure."""
    try:
        return use()
    except InputError as error:
        return str(error)


def parsed(text: str) -> Fault | None:
    """The fault that text spells, None where it is refused in one line of bearable length."""
    fault = tried(lambda: parse_fault(text))
    if isinstance(fault, str):
        assert fault.isprintable()
        assert len(fault) < 1000
        return None
    assert parse_fault(fault.text) == fault
    assert Fault.from_dict(fault.to_dict()) == fault
    return fault


@given(st.text())
def test_any_text_is_a_fault_or_refused(text: str) -> None:
    parsed(text)


@given(NEARLY)
def test_any_mistake_is_refused_in_one_line_and_what_is_read_is_checked_against_the_cell(text: str) -> None:
    fault = parsed(text)
    if fault is not None:
        for cell in map(cell_of, CELLS):
            player = tried(lambda cell=cell: FaultPlayer([fault], cell))
            faulty = tried(lambda cell=cell: faulty_cell(cell, [fault]))
            assert isinstance(player, str) == isinstance(faulty, str)
            assert not isinstance(player, str) or player.isprintable()


@pytest.mark.parametrize(
    ("kind", "text", "says"),
    [
        ("top_lift", "lock_snag:seat=truck2", "truck1"),
        ("top_lift", "lock_snag:seat=slot6", "truck1"),
        ("top_lift", "estop:phase=raise", "lower"),
        ("chassis", "estop:phase=lower", "raise"),
        ("top_lift", "estop:at_s=1,robot=2", "1 to 1"),
        ("top_lift", "wrong_pack:kg=100,job=2", "1 to 1"),
        ("top_lift", "wrong_pack:kg=8552", "up to 8551"),
        ("chassis", "wrong_pack:factor=3.2", "up to 3546"),
        ("top_lift", "estop:phase=dock", "identify"),
    ],
)
def test_what_a_cell_lacks_is_refused_with_what_it_has(kind: str, text: str, says: str) -> None:
    fault = parse_fault(text)
    for use in (lambda: faulty_cell(cell_of(kind), [fault]), lambda: FaultPlayer([fault], cell_of(kind))):
        with pytest.raises(InputError) as error:
            use()
        assert says in one_line(error)


@pytest.mark.parametrize(
    "text",
    ["", "gremlins", "estop", "estop:at_s=nan", "estop:at_s=1,at_s=1", "lock_snag:seat=truck2", "wrong_pack:kg=9000"],
)
def test_the_command_refuses_with_exit_code_2_before_anything_runs(
    text: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr(SwapTwin, "run", lambda self: pytest.fail("it ran"))
    options = ["--fault", "scanner_blind", "--fault", text, "--record", str(tmp_path / "a.mcap")]
    assert swaptwin.run(["swap", *options]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("error: --fault")
    assert said.err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


# -------------------------------------------------------------------------------------------------- the cell's own


def test_a_cell_without_faults_of_its_own_is_the_same_cell() -> None:
    cell = cell_of("top_lift")
    assert faulty_cell(cell, []) is cell
    assert faulty_cell(cell, [parse_fault("estop:at_s=1")]) is cell


def test_wrong_pack_and_guide_friction() -> None:
    cell = cell_of("top_lift")
    old, new = cell.jobs[0].old_pack, cell.jobs[0].new_pack
    healthy = cell.params["pack_mass_kg"][0].copy()
    faults = ["wrong_pack:pack=old,kg=1234", "guide_friction:factor=3"]
    other = faulty_cell(cell, [parse_fault(text) for text in faults])
    assert other.params["pack_mass_kg"][0, old] == 1234.0
    assert other.params["pack_mass_kg"][0, new] == healthy[new]
    assert other.guide_friction == 3.0 * cell.guide_friction
    assert cell.params["pack_mass_kg"][0].tolist() == healthy.tolist(), "the healthy cell keeps its own"
    heavier = faulty_cell(cell, [parse_fault("wrong_pack:factor=1.5")])
    assert heavier.params["pack_mass_kg"][0, new] == 1.5 * cell.pack.mass_kg, "of what the station was told"


# ------------------------------------------------------------------------------------------------ when they act


class Stage:
    """A world without a plant: the test plays sequence and clock."""

    def __init__(self, cell: Cell, *specs: str) -> None:
        self.plant = SimpleNamespace(worlds=cell.new_world(), params=cell.params.copy(), commands=new_command(2)[None])
        self.w, self.p = self.plant.worlds[0], self.plant.params[0]
        self.player = FaultPlayer([parse_fault(spec) for spec in specs], cell)
        self.steps = [step.phase for step in TABLES[cell.station.kind]()]
        self.told: list[tuple[str, bool]] = []
        self.player.on_change = lambda fault, acts: self.told.append((fault.kind, acts))
        self.seat = cell.jobs[0].truck_seat

    def at(self, t_s: float, phase: str | None = None, robot: int = 0) -> Any:
        """The world as the faults leave it at `t_s`; from now on `robot` is in `phase`."""
        self.w["t_s"] = t_s
        if phase is not None:
            self.w["status"][robot] = BUSY
            self.plant.commands["step"][0, robot] = self.steps.index(phase)
        self.player.before_scan(self.plant)
        return self.w

    def order(self, field: str, i: int, value: int) -> None:
        self.w[field][i] = value
        self.at(float(self.w["t_s"]) + 0.01)


@pytest.fixture
def stage() -> Callable[..., Stage]:
    return lambda *specs: Stage(cell_of("top_lift"), *specs)


def test_at_a_time_for_a_time(stage: Callable[..., Stage]) -> None:
    it = stage("estop:at_s=2,for_s=1")
    pressed = [int(it.at(t)["estop_button"]) for t in (0.0, 1.99, 2.0, 2.5, 2.99, 3.0, 50.0)]
    assert pressed == [0, 0, 1, 1, 1, 0, 0]
    assert it.told == [("estop", True), ("estop", False)]


def test_for_ever(stage: Callable[..., Stage]) -> None:
    it = stage("power_loss:at_s=2")
    assert [int(it.at(t)["power_off"]) for t in (1.0, 2.0, 1e4)] == [0, 1, 1]


def test_from_the_beginning_where_no_time_is_given(stage: Callable[..., Stage]) -> None:
    it = stage("scanner_blind:for_s=4")
    assert [int(it.at(t)["scan_blind"]) for t in (0.0, 3.9, 4.1)] == [1, 1, 0]


def test_some_time_after_a_phase_has_begun(stage: Callable[..., Stage]) -> None:
    it = stage("estop:phase=grip,after_s=1.5,for_s=1")
    assert not it.at(5.0, "lower")["estop_button"]
    assert not it.at(10.0, "grip")["estop_button"]
    assert not it.at(11.4)["estop_button"]
    assert it.at(11.5, "unlock")["estop_button"], "it counts from the phase's beginning, even past its end"
    assert not it.at(12.5)["estop_button"]
    assert not it.at(100.0, "grip")["estop_button"], "only the first time"


def test_a_phase_counts_when_a_command_runs_in_it(stage: Callable[..., Stage]) -> None:
    it = stage("estop:phase=identify")
    assert not it.at(0.0)["estop_button"], "step 0 stands in the command record before anything runs"
    assert it.at(0.0, "identify")["estop_button"]


def test_the_phase_of_one_robot_or_of_whichever_comes_first() -> None:
    any_robot, second = (Stage(cell_of("chassis"), f"estop:phase=grip{which}") for which in ("", ",robot=2"))
    for it in (any_robot, second):
        it.at(5.0, "grip", robot=0)
    assert any_robot.w["estop_button"]
    assert not second.w["estop_button"]
    assert second.at(6.0, "grip", robot=1)["estop_button"]


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
    assert w["load_cell_offset_n"].tolist() == [700.0, 0.0], "one robot has this station"
    assert w["load_cell_frozen"].tolist() == [1, 0]
    np.testing.assert_allclose(w["sway_bias_m"], [[0.02, 0.0], [0.0, 0.0]])
    it.at(1.0)
    blank["t_s"] = 1.0
    assert it.plant.params.tobytes() == usual.tobytes()
    assert it.plant.worlds.tobytes() == blank.tobytes()


def test_faults_of_the_same_kind_add_up(stage: Callable[..., Stage]) -> None:
    it = stage("load_cell_offset:offset_n=700", "load_cell_offset:offset_n=-200")
    assert it.at(0.0)["load_cell_offset_n"][0] == 500.0


def test_a_shove_points_where_it_says(stage: Callable[..., Stage]) -> None:
    it = stage("truck_shove:force_n=1000,direction_deg=90,at_s=1")
    assert not it.at(0.9)["truck_push_n"].any()
    np.testing.assert_allclose(it.at(1.1)["truck_push_n"], [0.0, 1000.0, 0.0], atol=1e-9)
    assert not it.at(1.21)["truck_push_n"].any()


def test_a_released_brake_lets_the_slope_pull(stage: Callable[..., Stage]) -> None:
    it = stage("brakes_released:at_s=1,grade_percent=-3")
    w = it.at(1.0)
    weight_n = 9.81 * (it.p["truck_sprung_kg"] + it.p["truck_unsprung_kg"])
    assert w["truck_brake_off"] == 1
    assert w["truck_push_n"][0] == pytest.approx(-0.03 * weight_n, rel=1e-3)


def test_a_lock_that_opens_on_the_second_try(stage: Callable[..., Stage]) -> None:
    it = stage("lock_wont_open:lock=3,tries=1")
    assert not it.at(0.0)["lock_stuck"].any(), "it is closed, nobody wants it open"
    it.order("lock_command", it.seat, 0)
    assert it.w["lock_stuck"][it.seat].tolist() == [0, 0, 1, 0]
    it.order("lock_command", it.seat, 1)
    assert not it.w["lock_stuck"].any(), "closing works"
    it.order("lock_command", it.seat, 0)
    assert not it.w["lock_stuck"].any(), "and the second try too"
    assert it.told == [("lock_wont_open", True), ("lock_wont_open", False)]


def test_a_lock_that_never_closes(stage: Callable[..., Stage]) -> None:
    it = stage("lock_wont_close:lock=all")
    assert not it.at(0.0)["lock_stuck"].any(), "the old pack's locks have closed long ago"
    for _ in range(4):
        it.order("lock_command", it.seat, 0)
        assert not it.w["lock_stuck"].any()
        it.order("lock_command", it.seat, 1)
        assert it.w["lock_stuck"][it.seat].all()


def test_switches_that_lie(stage: Callable[..., Stage]) -> None:
    it = stage("lock_snag:lock=1", "lock_false_closed:lock=2")
    assert not it.at(0.0)["lock_switch_fault"].any()
    it.order("lock_command", it.seat, 0)
    assert it.w["lock_switch_fault"][it.seat].tolist() == [1, 0, 0, 0]
    it.order("lock_command", it.seat, 1)
    assert it.w["lock_switch_fault"][it.seat].tolist() == [0, 2, 0, 0]


@pytest.mark.parametrize(("kind", "order"), [("grip_wont_close", 1), ("grip_wont_open", 0)])
def test_grips(stage: Callable[..., Stage], kind: str, order: int) -> None:
    it = stage(f"{kind}:grip=4,tries=2")
    it.w["grip_command"] = 1 - order
    it.at(0.0)
    for number in range(3):
        it.order("grip_command", 0, order)
        assert it.w["grip_stuck"][0].tolist() == ([0, 0, 0, 1] if number < 2 else [0] * 4)
        it.order("grip_command", 0, 1 - order)
        assert not it.w["grip_stuck"].any()


# ------------------------------------------------------------------------------------------------------- draws


def test_random_faults_come_as_often_as_their_rates_say() -> None:
    """A hundred times the rates over 400 seeds: each count within four standard deviations."""
    rates = {kind: 100.0 * rate for kind, rate in RATES_PER_1000.items()}
    drawn = [random_faults(seed, rates) for seed in range(400)]
    for kind, rate in rates.items():
        share = min(rate / 1000.0, 1.0)
        count = sum(fault.kind == kind for faults in drawn for fault in faults)
        assert abs(count - 400 * share) <= 4.0 * math.sqrt(400 * share * (1.0 - share)) + 1e-9, kind
    assert sum(len(random_faults(seed)) for seed in range(400)) <= 20, "few at the real rates: 16.4 in 1000"


def test_one_more_kind_or_rate_shifts_no_other_draw() -> None:
    all_of_them = dict.fromkeys(RATES_PER_1000, 1000.0)
    for seed in range(5):
        everything = random_faults(seed, all_of_them)
        assert random_faults(seed, all_of_them) == everything
        for fault in everything:
            assert random_faults(seed, {fault.kind: 1000.0}) == (fault,)
    assert random_faults(1, all_of_them) != random_faults(2, all_of_them)


@pytest.mark.parametrize("station", names("station"))
def test_every_drawn_fault_fits_every_station(station: str) -> None:
    assert set(DETAILS) == set(RATES_PER_1000)
    at = load_station(station)
    truck, pack = CELLS[at.kind]
    cell = build_cell(at, load_truck(truck), load_pack(pack), seed=0)
    for seed in range(30):
        faulty_cell(cell, random_faults(seed, dict.fromkeys(RATES_PER_1000, 1000.0)))


# ------------------------------------------------------------------------------------------------- whole swaps

ENDS = [
    # station, faults, how the swap ends
    ("top_lift", ["lock_wont_open:lock=2"], "lock_stuck"),
    ("top_lift", ["lock_snag"], "overload"),
    ("top_lift", ["grip_wont_close"], "grip_failed"),
    ("top_lift", ["grip_wont_open"], "grip_failed"),
    ("top_lift", ["scanner_blind"], "scan_failed"),
    ("top_lift", ["scanner_dropout:share=0.95"], "scan_failed"),
    ("top_lift", ["scanner_noise:factor=300"], "repark_required"),
    ("top_lift", ["load_cell_offset:offset_n=20000"], "grip_failed"),
    ("top_lift", ["load_cell_offset:offset_n=50000"], "overload"),
    ("top_lift", ["load_cell_frozen"], "grip_failed"),
    ("top_lift", ["load_cell_frozen:phase=unlock"], "overload"),  # the drive knows what the load cell does not tell
    ("top_lift", ["sway_offset:offset_mm=30"], "sway_limit"),
    ("top_lift", ["axis_drag:axis=y,factor=1000"], "following_error"),
    ("top_lift", ["estop:phase=lower,after_s=3"], "estop"),
    ("top_lift", ["estop:phase=traverse_to_slot,after_s=4,for_s=0.5"], "estop"),  # nothing restarts by itself
    ("top_lift", ["power_loss:phase=lift_out,after_s=6"], "power_loss"),
    ("top_lift", ["truck_shove:force_n=230000,phase=unlock"], "truck_moved"),
    ("top_lift", ["brakes_released:phase=lower"], "truck_moved"),
    ("top_lift", ["wrong_pack:pack=old,factor=1.8"], "overload"),
    ("top_lift", ["guide_friction:factor=100"], "overload"),
    ("top_lift", ["coupler_stiff:factor=10"], "overload"),
    ("chassis", ["lock_wont_open:lock=2", "lock_wont_close:lock=3"], "lock_stuck"),  # the lock's cycle fails too
    ("chassis", ["lock_wont_close:seat=slot1"], "lock_stuck"),
    ("chassis", ["lock_snag:lock=4"], "overload"),
    ("chassis", ["lock_false_closed"], "lock_stuck"),
    ("chassis", ["grip_wont_close:grip=3", "grip_wont_open:grip=2"], "grip_failed"),  # the grip's cycle fails too
    ("chassis", ["scanner_blind"], "scan_failed"),
    ("chassis", ["scanner_dropout:share=0.95"], "scan_failed"),
    ("chassis", ["scanner_noise:factor=300"], "repark_required"),
    ("chassis", ["load_cell_offset:offset_n=50000"], "overload"),
    ("chassis", ["load_cell_frozen"], "overload"),
    ("chassis", ["sway_offset:offset_mm=30"], "sway_limit"),
    ("chassis", ["axis_drag:axis=x,factor=1000"], "following_error"),
    ("chassis", ["estop:phase=raise,after_s=4"], "estop"),
    ("chassis", ["power_loss:phase=lower_out,after_s=4"], "power_loss"),
    ("chassis", ["truck_shove:force_n=140000,phase=unlock"], "truck_moved"),
    ("chassis", ["brakes_released:phase=unlock"], "truck_moved"),
    ("chassis", ["wrong_pack:pack=old,factor=1.8"], "overload"),
    ("chassis", ["guide_friction:factor=100"], "overload"),
    ("chassis", ["coupler_stiff:factor=10"], "jam"),
]
WORKS_AGAIN = [
    "grip_wont_close:grip=2,tries=1",
    "lock_wont_open:lock=3,tries=1",
    "lock_wont_close:lock=3,tries=2",  # the first is the closing after it has not opened
    "scanner_blind:phase=rescan,for_s=1",
    "scanner_dropout:share=0.3",
    "truck_shove:force_n=60000,phase=lift_out,after_s=20",
    "wrong_pack:factor=1.25",
]
"""A lock, or grip, that moves on the second try, a scanner that sees again, a nudge that the tyres hold, a pack that is
too heavy for its papers and not for the hoist."""


@pytest.mark.parametrize(("kind", "specs", "outcome"), ENDS, ids=[f"{k}-{','.join(s)}" for k, s, _ in ENDS])
def test_every_fault_ends_with_its_name_and_without_a_violation(kind: str, specs: list[str], outcome: str) -> None:
    result = swap(kind, *specs)
    assert result.outcome == outcome
    assert result.violations == ()
    assert result.faults == tuple(parse_fault(spec).text for spec in specs)
    for fault in map(parse_fault, specs):
        acted = [e["t_s"] for e in result.events if e["name"] == "fault" and e["fault"] == fault.text and e["acts"]]
        assert bool(acted) == (fault.kind not in CELL_KINDS)


def test_what_works_again_lets_the_swap_complete() -> None:
    result = swap("top_lift", *WORKS_AGAIN)
    assert result.outcome == "completed"
    assert result.violations == ()
    assert [e["message"] for e in result.events if e["name"] == "retry"] == [
        "regrip, try 1",
        "relock, try 1",
        "unlock_again, try 1",
    ]
    acted = [e["fault"] for e in result.events if e["name"] == "fault" and e["acts"]]
    over = [e["fault"] for e in result.events if e["name"] == "fault" and not e["acts"]]
    assert len(set(acted)) == 6, "all but the pack"
    assert sorted(over) == sorted(text for text in acted if "dropout" not in text), "one acts to the end"


def test_every_kind_meets_a_swap_at_each_station() -> None:
    for station in CELLS:
        met = {parse_fault(spec).kind for kind, specs, _ in ENDS if kind == station for spec in specs}
        if station == "top_lift":
            met |= {parse_fault(spec).kind for spec in WORKS_AGAIN}
            met |= {
                "lock_false_closed"
            }  # costs a whole swap; the chassis has it, and tests/twin/test_monitor.py one alone
        assert met == set(KINDS), station


def test_a_trip_is_watched_until_every_axis_must_stand() -> None:
    """As long as an even deceleration over the whole stopping distance takes, and a little more."""
    for station in map(load_station, names("station")):
        truck, pack = CELLS[station.kind]
        p = build_cell(station, load_truck(truck), load_pack(pack), seed=0).params[0]
        longest_s = float((2.0 * p["axis_stopping_distance"] / p["axis_velocity"]).max())
        assert longest_s + p["reaction_time_s"] + 0.5 < TRIP_SETTLE_S, station.name


def test_the_same_fault_comes_at_the_same_tick_and_ends_in_the_same_bits() -> None:
    specs = ("scanner_noise:factor=3", "estop:phase=lower,after_s=1.23")
    first = swap("top_lift", *specs)
    swap("chassis", "load_cell_offset:offset_n=50000")
    second = swap.__wrapped__("top_lift", *specs)
    assert first.outcome == "estop"
    assert first.end_state_sha256 == second.end_state_sha256
    assert first.events == second.events
    assert swap("top_lift", "estop:phase=lower,after_s=1.23").end_state_sha256 != first.end_state_sha256


NEVER = ("estop:at_s=5000", "scanner_noise:factor=9,phase=exit", "grip_wont_close:tries=1,robot=1", "lock_wont_close")


@pytest.mark.parametrize(("kind", "specs", "outcome"), [end for end in ENDS if end[1][0].startswith("lock_snag")])
def test_a_fault_whose_time_is_never_changes_no_bit(kind: str, specs: list[str], outcome: str) -> None:
    """Up to a pack that is gripped, unlocked and caught."""
    idle = [spec for spec in NEVER if "grip" not in spec]
    assert swap(kind, *specs, *idle).outcome == outcome
    assert swap(kind, *specs, *idle).end_state_sha256 == swap(kind, *specs).end_state_sha256


@pytest.mark.parametrize("station", list(CELLS))
def test_a_swap_with_idle_faults_is_the_swap_without(station: str) -> None:
    healthy, quiet = short_swap(station, until_s=3.0), short_swap(station, until_s=3.0, faults=NEVER)
    assert healthy.end_state_sha256 == quiet.end_state_sha256
    assert healthy.events == quiet.events


# --------------------------------------------------------------------------------------------------------- docs

SETTING = re.compile(r"`(\w+)` ([^;(]+) \(([^)]+)\)")
"""A setting in the docs' tables: name, what is allowed, and its default or that it is needed."""


def rows(first: str) -> dict[str, list[str]]:
    """Rows of the docs' table whose head begins with `first`, by the name in their first column."""
    lines = DOCS.read_text().split(f"\n| {first} |", 1)[1].splitlines()[2:]
    found = {}
    for line in lines:
        if not line.startswith("|"):
            break
        name, *cells = (cell.strip() for cell in line.strip("| ").split(" | "))
        found[name.strip("`")] = cells
    return found


def said_of(cell: str) -> dict[str, tuple[str, str]]:
    return {name: (allowed, default) for name, allowed, default in SETTING.findall(cell)}


def expected(name: str, option: Option, needs: tuple[str, ...]) -> tuple[str, str]:
    """What the docs have to say of a setting; where its default is no number, in words of their own."""
    needed = name in needs or any(name in ONE_OF.get(need, ()) for need in needs)
    default = option.default
    if needed:
        said = "one of them needed" if name not in needs else "needed"
    elif default is None or default == FOREVER:
        said = ""
    else:
        said = default if isinstance(default, str) else f"{default:g}"
    return ("name" if option.kind == "name" else option.allowed), said


def agrees(name: str, option: Option, needs: tuple[str, ...], said: dict[str, tuple[str, str]]) -> None:
    allowed, default = expected(name, option, needs)
    assert name in said
    assert said[name][0] == allowed, name
    if default:
        assert said[name][1] == default, name
    else:
        assert re.search("[a-z]", said[name][1]), name


def test_docs_have_every_kind_with_every_setting() -> None:
    table = rows("kind")
    assert list(table) == list(KINDS)
    for kind_name, kind in KINDS.items():
        said = said_of(table[kind_name][0])
        timed = set(WHEN) <= set(kind.options)
        own = {name: option for name, option in kind.options.items() if not timed or WHEN.get(name) is not option}
        assert set(said) == set(own), kind_name
        for name, option in own.items():
            agrees(name, option, kind.needs, said)
        assert ("*when*" in table[kind_name][0]) == timed, kind_name
        assert ("*when* (needed)" in table[kind_name][0]) == ("when" in kind.needs), kind_name


def test_docs_have_every_setting_of_when() -> None:
    table = rows("setting")
    assert list(table) == list(WHEN)
    for name, option in WHEN.items():
        agrees(name, option, (), {name: (table[name][0], table[name][1])})


def test_docs_name_real_outcomes_and_an_example_of_each_kind() -> None:
    for name, cells in rows("kind").items():
        outcomes = set(re.findall(r"`(\w+)`", cells[2]))
        assert outcomes <= set(OUTCOMES), name
        assert outcomes, name
        example = re.search(r"`([\w:=,.\-]+)`", cells[3])
        assert example, name
        assert parse_fault(example[1]).kind == name


def test_docs_examples_can_be_parsed() -> None:
    examples = re.findall(r"--fault ([a-z]\S*)", DOCS.read_text().split("## What is refused")[0])
    assert len(examples) >= 5
    for text in examples:
        parse_fault(text)


def test_docs_errors_are_what_is_answered() -> None:
    """Every `error:` line of the docs stands under the option that it answers."""
    answers = re.findall(r"--fault '?([^'\n]+)'?\nerror: (.+)", DOCS.read_text())
    assert len(answers) >= 6
    for text, said in answers:
        with pytest.raises(InputError) as error:
            faulty_cell(cell_of("top_lift"), [parse_fault(text)])
        whole = str(error.value)
        assert said == whole or (said.endswith(" ...") and whole.startswith(said.removesuffix(" ..."))), whole


def test_docs_and_code_name_the_same_rates() -> None:
    table = rows("drawn kind")
    assert {name: float(cells[0]) for name, cells in table.items()} == RATES_PER_1000


@pytest.mark.parametrize("name", list(KINDS))
def test_every_kind_is_complete(name: str) -> None:
    kind = KINDS[name]
    for key, option in kind.options.items():
        assert option.help
        assert option.low < option.high or option.kind in ("word", "name"), key
    for need in kind.needs:
        assert set(ONE_OF.get(need, (need,))) <= set(kind.options)
    assert hasattr(FaultPlayer, f"_{name}") != (name in CELL_KINDS)
    assert any(outcome in kind.outcome for outcome in OUTCOMES), kind.summary
