"""The twin beside a log: a wrong rope length, a slipping brake and a wrong height are found where they begin."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from swaptwin import run
from twin.catalogue import load_pack, load_station, load_timing, load_truck
from twin.log_import.comparing.comparison import Comparison
from twin.log_import.comparing.moves import moves_of, own_move
from twin.log_import.comparing.own_swap import phase_times
from twin.log_import.comparing.page import write_page
from twin.log_import.comparing.residuals import Residual, divergence_of
from twin.log_import.importing import import_log
from twin.log_import.mapping_checks import load_mapping
from twin.motion.profile import new_profile, plan_rest_to_rest
from twin.motion.shaper import KINDS, evaluate_shaped, impulses
from twin.recording import open_recording
from twin.records import MAX_IMPULSES
from twin.setup.setup import build_setup

HERE = Path(__file__).parent
MAP = HERE.parent / "station_a.yaml"
Edit = Callable[[float, dict[str, str]], None]


def crane_log(path: Path, shaper_rope_m: float = 1.3, edit: Edit | None = None, seconds: float = 24.0) -> Path:
    """A log of one traverse with a pack at 50 Hz: x goes 2.7 m on a rope of 1.3 m, with a ZV for `shaper_rope_m`."""
    amplitudes, times_s = np.zeros(MAX_IMPULSES), np.zeros(MAX_IMPULSES)
    n = impulses(KINDS["zv"], math.sqrt(9.81 / shaper_rope_m) / (2 * math.pi), 0.02, amplitudes, times_s)
    profile = new_profile()
    plan_rest_to_rest(profile, 0.5, 3.2, 0.7, 0.4, 4.0)
    x, v, before = 0.5, 0.0, 0.5
    fields = ["Timestamp", "x", "xset", "y", "z", "zset", "load", "sx", "sy", "rope", "g1", "g2", "g3", "g4", "step"]
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, fields)
        writer.writeheader()
        for k in range(int(seconds * 50)):
            t = 0.02 * k
            at = float(evaluate_shaped(profile, amplitudes, times_s, n, t - 6.0)[0])
            for i in range(10):  # the load, a point on a rope of 1.3 m: symplectic Euler at 2 ms
                trolley = before + (i + 1) / 10 * (at - before)
                v += 0.002 * (-9.81 / 1.3 * (x - trolley) - 2 * 0.02 * math.sqrt(9.81 / 1.3) * v)
                x += 0.002 * v
            before = at
            row = {
                "Timestamp": f"2026-03-01T08:00:{t:06.3f}Z" if t < 60 else "",
                "x": f"{at * 1e3:.1f}", "xset": f"{at * 1e3:.1f}", "y": "1500.0", "z": "4700.0", "zset": "4700.0",
                "load": "3650", "sx": f"{math.degrees(math.asin((x - at) / 1.3)):.3f}", "sy": "0.000",
                "rope": f"{shaper_rope_m:.2f}", "step": "110" if t >= 5.0 else "100",
                **{f"g{i}": "1" for i in range(1, 5)},
            }  # fmt: skip
            if edit is not None:
                edit(t, row)
            writer.writerow(row)
    return path


CRANE_MAP = """
station: top_lift
truck: tractor_6x4
pack: cab_282
time: {column: Timestamp}
swap: {new_pack_kg: 3200, old_pack_kg: 3200, truck_x_m: 0, truck_y_m: 0, truck_yaw_rad: 0}
signals:
  robot0/x/position_m: {tag: x, unit: mm}
  robot0/x/reference_m: {tag: xset, unit: mm}
  robot0/y/position_m: {tag: y, unit: mm}
  robot0/z/position_m: {tag: z, unit: mm}
  robot0/z/reference_m: {tag: zset, unit: mm}
  robot0/load_cell_n: {tag: load, unit: kg}
  robot0/sway_angle_x_rad: {tag: sx, unit: deg}
  robot0/sway_angle_y_rad: {tag: sy, unit: deg}
  robot0/shaper_rope_length_m: {tag: rope, unit: m}
  robot0/grip1_closed: {tag: g1}
  robot0/grip2_closed: {tag: g2}
  robot0/grip3_closed: {tag: g3}
  robot0/grip4_closed: {tag: g4}
steps: {tag: step, phases: {100: pick, 110: traverse_to_truck}}
"""


def compared(tmp_path: Path, log: Path) -> Comparison:
    map_file = tmp_path / "map.yaml"
    map_file.write_text(CRANE_MAP)
    mapping = load_mapping(map_file)
    comparison = Comparison(load_timing("factory", mapping.station))
    report = import_log(log, mapping, tmp_path / "out.mcap", beside=comparison)
    write_page(tmp_path / "page.html", comparison, report, "crane")
    return comparison


def first_of(comparison: Comparison) -> dict[tuple[str, str], float]:
    return {(p.signal, p.kind): p.t_s for p in comparison.beside.divergences}


def test_a_sound_station_never_parts(tmp_path: Path) -> None:
    comparison = compared(tmp_path, crane_log(tmp_path / "log.csv"))
    assert first_of(comparison) == {}
    move = comparison.beside.moves[0]
    assert move.shaper == "zv"
    assert move.fit_m < 2e-4
    assert "Nothing parts" in (tmp_path / "page.html").read_text()


def test_a_wrong_rope_length_parts_in_the_move(tmp_path: Path) -> None:
    comparison = compared(tmp_path, crane_log(tmp_path / "log.csv", shaper_rope_m=0.4))
    first = first_of(comparison)
    assert first["robot0/shaper_rope_length_m", "own moves"] == pytest.approx(6.0, abs=0.3)
    assert 6.5 < first["robot0/sway_x_rad", "own moves"] < 12.0
    # the load itself swings as the twin's would along that motion: nothing is wrong with rope and sensor
    assert ("robot0/sway_x_rad", "as moved") not in first
    # and the twin, given the true length, comes to rest
    sway = next(r for r in comparison.beside.residuals if (r.name, r.kind) == ("robot0/sway_x_rad", "own moves"))
    late = comparison.beside.t_s > 18.0
    assert np.abs(sway.twin[late]).max() < math.radians(0.15)
    assert np.abs(sway.log[late]).max() > math.radians(0.8)


def test_a_slipping_brake_parts_from_its_setpoint(tmp_path: Path) -> None:
    def sinks(t: float, row: dict[str, str]) -> None:
        if t > 14.0:
            row["z"] = f"{4700.0 - 8.0 * (t - 14.0):.1f}"

    first = first_of(compared(tmp_path, crane_log(tmp_path / "log.csv", edit=sinks)))
    assert first["robot0/z/position_m", "setpoint"] == pytest.approx(14.0 + 10.0 / 8.0, abs=0.8)
    assert min(first.values()) == first["robot0/z/position_m", "setpoint"]


def test_a_wrong_height_shows_in_the_swing(tmp_path: Path) -> None:
    def offset(t: float, row: dict[str, str]) -> None:
        row["z"] = row["zset"] = "3700.0"  # the log says 2.3 m of rope, the load swings on 1.3 m

    first = first_of(compared(tmp_path, crane_log(tmp_path / "log.csv", shaper_rope_m=0.4, edit=offset)))
    assert 6.0 < first["robot0/sway_x_rad", "as moved"] < 14.0


def test_channels_and_events_are_in_the_recording(tmp_path: Path) -> None:
    comparison = compared(tmp_path, crane_log(tmp_path / "log.csv", shaper_rope_m=0.4))
    with open_recording(tmp_path / "out.mcap") as recording:
        names = [name for name in recording.channel_names if name.startswith("residual/")]
        assert set(names) == {r.channel for r in comparison.beside.residuals}
        assert all(recording.header.provenance_of(name) == "estimated" for name in names)
        t_s, values = recording.states(names=["residual/robot0/sway_x_rad"])
        sway = next(r for r in comparison.beside.residuals if r.channel == "residual/robot0/sway_x_rad")
        np.testing.assert_array_equal(values[:, 0], sway.values)
        parts = [e for e in recording.events() if e["name"] == "parts"]
        assert [e["signal"] for e in parts] == [p.signal for p in comparison.beside.divergences]


def test_the_command_tells_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = crane_log(tmp_path / "log.csv", shaper_rope_m=0.4)
    (tmp_path / "map.yaml").write_text(CRANE_MAP)
    arguments = ["import-log", str(log), "--map", str(tmp_path / "map.yaml"), "-o", str(tmp_path / "out.mcap")]
    assert run([*arguments, "--compare", str(tmp_path / "page.html")]) == 0
    assert "They part first at" in capsys.readouterr().out
    assert run([*arguments, "--compare", str(tmp_path / "page.html"), "--json"]) == 0
    reported = json.loads(capsys.readouterr().out)
    assert reported["comparison"]["divergences"][0]["signal"] == "robot0/shaper_rope_length_m"
    assert run([*arguments, "--timing", "factory"]) == 2
    assert "--timing" in capsys.readouterr().err


def test_moves_are_found_and_met() -> None:
    setup = build_setup(load_station("top_lift"), load_truck("tractor_6x4"), load_pack("cab_282"), seed=0)
    t_s = np.arange(0.0, 30.0, 0.02)
    profile = new_profile()
    plan_rest_to_rest(profile, 3.0, -0.01, 0.5, 0.2, 0.4)
    amplitudes, times_s = np.zeros(MAX_IMPULSES), np.zeros(MAX_IMPULSES)
    n = impulses(KINDS["zvd"], math.sqrt(9.81 / 2.0) / (2 * math.pi), 0.02, amplitudes, times_s)
    logged = np.array([evaluate_shaped(profile, amplitudes, times_s, n, t - 7.0)[0] for t in t_s])
    logged += np.random.default_rng(3).normal(0.0, 2e-4, len(t_s))
    moves = moves_of(t_s, logged, 0, 1, 0.02)
    assert len(moves) == 1
    assert moves[0].start_s == pytest.approx(7.0, abs=0.4)
    assert (moves[0].begin, moves[0].target) == (pytest.approx(3.0, abs=1e-3), pytest.approx(-0.01, abs=1e-3))
    own = own_move(setup, moves[0], t_s, logged, "zv", rope_m=1.3, shaper_rope_m=2.0)
    assert own.shaper == "zvd"
    assert own.fit_m < 5e-4
    assert own.at(40.0) == pytest.approx(moves[0].target)


def test_a_phase_of_the_log_covers_the_twins_up_to_its_next() -> None:
    order = ["lower", "grip", "unlock", "lift_out", "insert"]
    mine = {"lower": 5.0, "grip": 4.0, "unlock": 3.0, "lift_out": 6.0, "insert": 7.0}
    rows = phase_times(
        order, mine, [("lower", 0.0, 6.0), ("grip", 6.0, 14.0), ("insert", 14.0, 20.0), ("fault", 20.0, 30.0)]
    )
    assert [(r.name, r.covers, r.log_s, r.twin_s) for r in rows] == [
        ("lower", ("lower",), 6.0, 5.0),
        ("grip", ("grip", "unlock", "lift_out"), 8.0, 13.0),
        ("insert", ("insert",), 6.0, 7.0),
        ("fault", (), 10.0, None),
    ]
    assert rows[1].difference_s == pytest.approx(-5.0)
    assert rows[3].difference_s is None


def test_a_short_spike_is_no_parting() -> None:
    t_s = np.arange(0.0, 10.0, 0.02)
    log = np.zeros(len(t_s))
    log[100:103] = 1.0
    spike = Residual("s", "own moves", "m", log, np.zeros(len(t_s)), np.full(len(t_s), 0.5), "")
    assert divergence_of(spike, t_s, []) is None
    log = log.copy()
    log[200:300] = 0.8
    found = divergence_of(Residual("s", "own moves", "m", log, 0 * log, 0 * log + 0.5, ""), t_s, [("lower", 0.0, 20.0)])
    assert found is not None
    assert (found.t_s, found.phase, found.worst) == (pytest.approx(4.0), "lower", 1.0)
