"""A copied model file with one number scaled: it is refused in one line, or it plays a swap to a named outcome."""

from __future__ import annotations

import copy
import io
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from tests.conftest import RunCommand
from tests.tiers import examples
from twin.catalogue import load_pack, load_station, load_timing, load_truck, load_with_provenance
from twin.catalogue.load import models_folder, names
from twin.catalogue.plausible import implausible
from twin.catalogue.plausible.ranges import PRESSED_M
from twin.errors import InputError
from twin.plants.rom.contact_points import DEEP_M
from twin.runner.kinds import rom_runner
from twin.sequence.program import OUTCOMES
from twin.setup.setup import build_setup
from twin.swap import SwapTwin

PARTS = {
    "top_lift": ("tractor_6x4", "cab_282"),
    "top_lift_mast": ("tractor_6x4", "cab_282"),
    "chassis": ("chassis_rigid_1", "chassis_171"),
}
FILES = [("station", name) for name in PARTS]
FILES += [("truck", "tractor_6x4"), ("truck", "chassis_rigid_1"), ("pack", "cab_282"), ("pack", "chassis_171")]
LOADERS = {"station": load_station, "truck": load_truck, "pack": load_pack}


def plain(kind: str, name: str) -> dict[str, Any]:
    """A shipped file's values, as a file may hold them: without provenance, which then counts as unstated."""
    return load_with_provenance(kind, name)[0].model_dump(mode="json", exclude_unset=True)


ROOTS = {file: plain(*file) for file in FILES}


def places(node: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Where the numbers of a file stand; zeros stay what they are when they are scaled."""
    if isinstance(node, dict):
        return [place for key, child in node.items() for place in places(child, (*path, key))]
    if isinstance(node, list):
        return [place for i, child in enumerate(node) for place in places(child, (*path, i))]
    return [path] if isinstance(node, float) and node != 0.0 else []


def scaled(file: tuple[str, str], place: tuple[str | int, ...], factor: float, folder: Path) -> tuple[Path, str]:
    """A copy of a file in which the number at `place` is scaled, and its key."""
    root = copy.deepcopy(ROOTS[file])
    node = root
    for part in place[:-1]:
        node = node[part]  # type: ignore[index]
    node[place[-1]] *= factor  # type: ignore[index]
    path, stream = folder / "mine.yaml", io.StringIO()
    YAML(typ="safe", pure=True).dump(root, stream)
    path.write_text(stream.getvalue(), encoding="utf-8")
    return path, ".".join(str(part) for part in place)


def one_line(text: str) -> bool:
    return "\n" not in text and len(text) < 600


def ends(file: tuple[str, str], path: Path) -> str:
    """The outcome of a swap with this file on the reduced-order plant, or `refused`; what it says is held here."""
    kind, name = file
    station = name if kind == "station" else "top_lift" if name in PARTS["top_lift"] else "chassis"
    parts = dict(zip(("station", "truck", "pack"), (station, *PARTS[station]), strict=True))
    loaded: dict[str, Any] = {}
    try:
        for each, of in parts.items():
            loaded[each] = LOADERS[each](path if each == kind else of)  # type: ignore[operator]
        setup = build_setup(loaded["station"], loaded["truck"], loaded["pack"], seed=7)
    except InputError as error:
        return "refused" if one_line(str(error)) else "refused in more than one line"
    twin = SwapTwin(setup, load_timing("factory", setup.station), make_runner=rom_runner)
    try:
        result = twin.run()
        for field in ("q", "qd", "truck_q", "truck_qd", "pack_pose", "load_n"):
            assert np.isfinite(twin.runner.worlds["truth"][field]).all(), field
    finally:
        twin.close()
    assert "not finite" not in str(result.violations)
    return str(result.outcome)


PLACES = [(file, place) for file in FILES for place in places(ROOTS[file])]
FACTORS = st.floats(-3.0, 3.0).map(lambda decades: 10.0**decades)


@settings(max_examples=examples(200))
@given(st.sampled_from(PLACES), FACTORS)
def test_a_scaled_number_loads_or_is_refused_in_one_line(
    at: tuple[tuple[str, str], tuple[str | int, ...]], factor: float
) -> None:
    file, place = at
    with tempfile.TemporaryDirectory() as folder:
        path, _ = scaled(file, place, factor, Path(folder))
        try:
            LOADERS[file[0]](path)  # type: ignore[operator]
        except InputError as error:
            line = str(error)
            if not (line.startswith(f"{path}: ") and one_line(line)):
                pytest.fail(line)


@pytest.mark.slow
@settings(max_examples=examples(200))
@given(st.sampled_from(PLACES), FACTORS)
def test_a_scaled_number_is_refused_or_plays_to_a_named_outcome(
    at: tuple[tuple[str, str], tuple[str | int, ...]], factor: float
) -> None:
    file, place = at
    with tempfile.TemporaryDirectory() as folder:
        end = ends(file, scaled(file, place, factor, Path(folder))[0])
        assert end == "refused" or end in OUTCOMES


@pytest.mark.parametrize(
    ("file", "key", "factor"),
    [
        (("station", "top_lift"), "axes.x.velocity_bandwidth_rad_per_s", 4.5),
        (("station", "top_lift"), "reeving.rope_ea_n", 2.0),
        (("station", "chassis"), "axes.z.velocity_bandwidth_rad_per_s", 1.05),
        (("station", "chassis"), "end_effector.contact_stiffness_n_per_m", 30.0),
        (("truck", "tractor_6x4"), "rear_axle.stiffness_n_per_m", 12.0),
        (("pack", "cab_282"), "guides.stiffness_n_per_m", 90.0),
    ],
)
def test_what_is_just_allowed_plays(file: tuple[str, str], key: str, factor: float, tmp_path: Path) -> None:
    place = next(place for place in places(ROOTS[file]) if ".".join(map(str, place)) == key)
    assert ends(file, scaled(file, place, factor, tmp_path)[0]) in OUTCOMES


@pytest.mark.parametrize(
    ("file", "key", "factor", "said"),
    [
        (("station", "top_lift"), "axes.x.velocity_bandwidth_rad_per_s", 80.0, "shakes the bare axis at rates"),
        (("station", "chassis"), "axes.yaw.position_gain_per_s", 10.0, "slower than the velocity loop"),
        (("station", "top_lift"), "axes.y.integral_time_s", 0.1, "the loop rings"),
        (("station", "top_lift"), "axes.z.brake_force_n", 10.0, "three times the usual"),
        (("station", "chassis"), "axes.z.moving_mass_kg", 10.0, "less than mass x acceleration + friction + weight"),
        (("station", "top_lift"), "reeving.rope_ea_n", 1e-3, "stretch the ropes by more than 0.5%"),
        (("station", "top_lift"), "reeving.rope_ea_n", 10.0, "swing faster on it than the tick bears"),
        (("station", "chassis"), "reeving.vertical_stiffness_n_per_m", 0.1, "limits.contact_zone_m 0.03"),
        (("station", "chassis"), "reeving.centring_stiffness_n_per_m", 10.0, "yields before limits.lateral_abort_n"),
        (("station", "top_lift_mast"), "reeving.tilt_stiffness_nm_per_rad", 1e-3, "at least as stiff as its head"),
        (("station", "top_lift"), "end_effector.contact_damping_ns_per_m", 10.0, "more than critical"),
        (("station", "top_lift"), "actuators.grip_capture_m", 100.0, "reach no pack beside the flippers"),
        (("station", "chassis"), "limits.seated_m", 2.0, "a lock reaches a pack that is seated"),
        (("station", "top_lift"), "limits.creep_out_height_m", 10.0, "invariant 1 would never look"),
        (("station", "top_lift"), "limits.structure_lateral_n", 1e6, "5 g across"),
        (("station", "top_lift"), "limits.truck_moved_m", 100.0, "is lost"),
        (("station", "top_lift"), "sensors.load_cell_weighing_s", 0.005, "it spans 0.45 of the longest swing"),
        (("station", "chassis"), "sensors.load_cell_weighing_s", 0.01, "it spans a bounce of the rated load"),
        (("station", "chassis"), "sensors.load_cell_tolerance_n", 10.0, "would not be distinguished from a drift"),
        (("station", "top_lift"), "sensors.load_cell_filter_s", 100.0, "limits.reaction_time_s"),
        (("station", "top_lift"), "scanner.delay_s", 10.0, "at most 31 PLC scans"),
        (("station", "top_lift"), "parking.clip.pitch_rad", 10.0, "is in the bay"),
        (("truck", "tractor_6x4"), "front_axle.stiffness_n_per_m", 0.1, "press the springs in"),
        (("truck", "tractor_6x4"), "rear_axle.spring_base_m", 0.35, "would fall over on its springs"),
        (("pack", "cab_282"), "guides.stiffness_n_per_m", 1e-3, "presses it in by 0.02 m at the most"),
        (("pack", "cab_282"), "locks.strength_n", 0.01, "hold twice the pack's weight"),
        (("pack", "chassis_171"), "energy_kwh", 100.0, "Wh/kg"),
    ],
)
def test_what_no_machine_has(file: tuple[str, str], key: str, factor: float, said: str, tmp_path: Path) -> None:
    place = next(place for place in places(ROOTS[file]) if ".".join(map(str, place)) == key)
    path, _ = scaled(file, place, factor, tmp_path)
    with pytest.raises(InputError) as caught:
        LOADERS[file[0]](path)  # type: ignore[operator]
    line = str(caught.value)
    assert line.startswith(f"{path}: ")
    assert said in line
    assert ", got " in line
    assert "(allowed: " in line


def test_the_check_and_a_swap_say_the_same_line(tmp_path: Path, run_swaptwin: RunCommand) -> None:
    text = (models_folder() / "stations" / "top_lift.yaml").read_text(encoding="utf-8")
    path = tmp_path / "copied.yaml"
    path.write_text(text.replace("rope_ea_n: {value: 8.0e+6,", "rope_ea_n: {value: 8.0e+3,"), encoding="utf-8")
    done: list[subprocess.CompletedProcess[str]] = [
        run_swaptwin("models", "check", str(path)),
        run_swaptwin("swap", "--plant", "rom", "--station", str(path)),
    ]
    assert [one.returncode for one in done] == [2, 2]
    (line,) = done[0].stderr.splitlines()
    assert done[1].stderr.splitlines() == [line]
    assert line.startswith(f"error: {path}: reeving.rope_ea_n: the rated load would stretch the ropes")
    assert line.endswith("got 8000.0 (allowed: 2.207e+06 to 1.69e+07)")


def test_a_ceiling_that_no_pack_bears(tmp_path: Path, run_swaptwin: RunCommand) -> None:
    """The guide pins bend before it is reached; a pack with thicker pins may have it, but none is shipped."""
    text = (models_folder() / "stations" / "top_lift.yaml").read_text(encoding="utf-8")
    path = tmp_path / "copied.yaml"
    path.write_text(text.replace("structure_lateral_n: {value: 39000,", "structure_lateral_n: {value: 100000,"))
    done = run_swaptwin("models", "check", str(path))
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"error: {path}: no pack fits this station: limits.structure_lateral_n is 100000 N, ")


@pytest.mark.parametrize(("kind", "name"), [(kind, name) for kind in LOADERS for name in names(kind)])
def test_shipped_models_are_plausible(kind: str, name: str) -> None:
    assert not [str(problem) for problem in implausible(load_with_provenance(kind, name)[0])]


def test_contact_springs_end_where_the_plants_do() -> None:
    assert PRESSED_M == DEEP_M
