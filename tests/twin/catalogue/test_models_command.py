"""`swaptwin models list|check|show` as a user runs it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from twin.catalogue import load_pack, load_station, load_timing
from twin.catalogue.load import models_folder
from twin.commands.models import unit_of, what_is_meant
from twin.commands.swap import resolve
from twin.errors import InputError
from twin.faults import parse_fault
from twin.recording import open_recording
from twin.recording.swap import SwapRecorder
from twin.recording.verify import verify
from twin.runner.kinds import rom_runner
from twin.swap import SwapTwin

Run = Callable[..., subprocess.CompletedProcess[str]]


def answer(run: Run, *arguments: str) -> dict[str, object]:
    done = run("models", *arguments, "--json")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count("\n") == 1
    result = json.loads(done.stdout)
    assert isinstance(result, dict)
    return result


def test_list_shows_every_kind_and_why_a_pair_does_not_fit(run_swaptwin: Run) -> None:
    done = run_swaptwin("models", "list")
    assert done.returncode == 0
    for word in ("top_lift_mast", "mixer_8x4", "cab_423", "factory", "Why not", "exceeds the truck's limit of 3600 kg"):
        assert word in done.stdout


def test_list_json_has_every_combination(run_swaptwin: Run) -> None:
    result = answer(run_swaptwin, "list")
    stations, trucks, packs = (result[kind] for kind in ("stations", "trucks", "packs"))
    pairs = result["compatibility"]
    assert isinstance(stations, list)
    assert isinstance(trucks, list)
    assert isinstance(packs, list)
    assert isinstance(pairs, list)
    assert len(pairs) == len(stations) * len(trucks)
    for pair in pairs:
        assert len(pair["packs"]) + len(pair["refused"]) == len(packs)
        assert pair["default_pack"] in (pair["packs"] or [None])


def test_check_passes_all_that_ships(run_swaptwin: Run) -> None:
    result = answer(run_swaptwin, "check")
    assert result["problems"] == []
    shipped = [p.relative_to(models_folder()).parts[0] for p in models_folder().rglob("*.yaml")]
    assert result["checked"] == sum(folder not in ("policies", "experiments") for folder in shipped)


def test_check_tells_one_line_a_bad_file_and_exits_2(run_swaptwin: Run, tmp_path: Path) -> None:
    good = models_folder() / "packs" / "cab_282.yaml"
    text = good.read_text(encoding="utf-8")
    (tmp_path / "first.yaml").write_text(text.replace("mass_kg: {value: 3000", "mass_kg: {value: -1"))
    (tmp_path / "second.yaml").write_text("nothing: of ours\n")
    (tmp_path / "third.yaml").write_text('"\\e[31mred": 1\nenergy_kwh: 3\n')
    for option in ((), ("--json",)):
        done = run_swaptwin("models", "check", "first.yaml", str(good), "second.yaml", "third.yaml", *option)
        assert done.returncode == 2
        lines = done.stderr.splitlines()
        assert len(lines) == 3
        assert lines[0].startswith("error: first.yaml: mass_kg: line 6: out of range, got -1 (allowed: above 0)")
        assert lines[1].startswith(
            "error: second.yaml: is neither a station, a truck, a pack, a timing set, a scenario, a motor nor a site"
        )
        assert lines[2].startswith("error: third.yaml: \\x1b[31mred: line 1: unknown key")
    result = json.loads(done.stdout)
    assert result["checked"] == 4
    assert [Path(item["file"]).name for item in result["good"]] == ["cab_282.yaml"]
    assert len(result["problems"]) == 3


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("station", "top_lift"), {"key": "axes.x.jerk_mps3", "value": 0.6, "unit": "m/s3", "tag": "estimate"}),
        (("station", "chassis"), {"key": "slots[1].filled", "value": True, "unit": "", "tag": ""}),
        (("truck", "tractor_6x4"), {"key": "wheelbase_m", "value": 4.475, "unit": "m", "tag": "estimate"}),
        (("pack", "cab_282"), {"key": "mass_max_kg", "value": 3200.0, "unit": "kg", "tag": "sourced"}),
        (
            ("timing", "factory", "--station", "chassis"),
            {"key": "default.velocity_fraction", "value": 1.0, "unit": "", "tag": "chosen"},
        ),
    ],
)
def test_show_gives_value_unit_and_provenance(
    run_swaptwin: Run, arguments: tuple[str, ...], expected: dict[str, object]
) -> None:
    values = answer(run_swaptwin, "show", *arguments)["values"]
    assert isinstance(values, list)
    row = next(row for row in values if row["key"] == expected["key"])
    assert {name: row[name] for name in expected} == expected
    assert bool(row["text"]) == bool(row["tag"])
    table = run_swaptwin("models", "show", *arguments)
    assert table.returncode == 0
    assert str(expected["key"]).rpartition(".")[2] in table.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ("show", "pack", "cab_28"),
            "error: pack: unknown pack (did you mean cab_282?), got 'cab_28' (allowed: cab_141, cab_282,",
        ),
        (
            ("show", "packs", "cab_282"),
            "error: unknown kind, got 'packs' (allowed: station, truck, pack, timing, scenario, motor, site)",
        ),
        (("show", "timing", "factory"), "error: --station: several stations have this timing set (allowed: chassis"),
        (("show", "timing", "factory", "--station", "x"), "error: station: unknown station, got 'x'"),
        (("show", "truck", "./none.yaml"), "error: none.yaml: no such file"),
        (("check", "none.yaml"), "error: none.yaml: no such file"),
        (("check", "."), "error: .: is not a regular file"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(run_swaptwin: Run, arguments: tuple[str, ...], said: str) -> None:
    done = run_swaptwin("models", *arguments)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith(said)
    assert done.stderr.count("\n") == 1


def test_own_values_without_provenance_show_as_unstated(run_swaptwin: Run, tmp_path: Path) -> None:
    text = (models_folder() / "packs" / "cab_282.yaml").read_text(encoding="utf-8")
    own = text.replace('mass_kg: {value: 3000, derived: "middle of the sourced range"}', "mass_kg: 3000")
    (tmp_path / "own.yaml").write_text(own)
    values = answer(run_swaptwin, "show", "pack", "own.yaml")["values"]
    assert isinstance(values, list)
    assert next(row["tag"] for row in values if row["key"] == "mass_kg") == "unstated"


@pytest.mark.parametrize(
    ("key", "unit"),
    [
        ("axes.x.velocity_bandwidth_rad_per_s", "rad/s"),
        ("axes.z.position_gain_per_s", "1/s"),
        ("guides.damping_ns_per_m", "Ns/m"),
        ("reeving.tilt_stiffness_nm_per_rad", "Nm/rad"),
        ("locks.xy_m[3][1]", "m"),
        ("sprung_inertia_kgm2[0]", "kg m2"),
        ("robots.count", ""),
        ("name", ""),
    ],
)
def test_units_come_from_names(key: str, unit: str) -> None:
    assert unit_of(key) == unit


# ------------------------------------------------------------------------------------------------------- a name alone


def test_a_name_alone_is_enough(run_swaptwin: Run, tmp_path: Path) -> None:
    for kind, name in (("station", "chassis"), ("truck", "tractor_6x4"), ("pack", "cab_282")):
        assert answer(run_swaptwin, "show", name) == answer(run_swaptwin, "show", kind, name)
    assert answer(run_swaptwin, "show", "zv", "--station", "chassis")["kind"] == "timing"
    (tmp_path / "own.yaml").write_text((models_folder() / "packs" / "cab_282.yaml").read_text())
    assert answer(run_swaptwin, "show", "own.yaml")["kind"] == "pack"


def test_a_name_that_does_not_say_which_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match=r"no model has this name \(did you mean tractor_6x4\?\)"):
        what_is_meant(["tractor_6x5"])
    with pytest.raises(InputError, match="one model at a time"):
        what_is_meant(["pack", "cab_282", "cab_141"])
    monkeypatch.setattr("twin.commands.models.names", lambda kind: ["twice"] if kind in ("truck", "pack") else [])
    with pytest.raises(InputError, match=r"several kinds have this name.*\(allowed: truck twice, pack twice\)"):
        what_is_meant(["twice"])


# --------------------------------------------------------------------------------------------------- a copy's own name


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("my_station.yaml", "my_station"),
        ("Hall 3 (new).yaml", "hall_3_new_"),
        ("north/top_lift.yaml", "north_top_lift"),
        ("south/top_lift.yaml", "south_top_lift"),
    ],
)
def test_a_copy_is_distinguished_from_its_original(file: str, name: str, tmp_path: Path) -> None:
    path = tmp_path / file
    path.parent.mkdir(exist_ok=True)
    text = (models_folder() / "stations" / "top_lift.yaml").read_text(encoding="utf-8")
    path.write_text(text)
    station = load_station(path)
    assert station.name == name
    assert station.model_copy(update={"name": "top_lift"}) == load_station("top_lift"), "only the name"
    assert load_timing("zv", station).station == "top_lift", "sets for its kind go with it"


def test_names_that_are_nobody_elses_stay(tmp_path: Path) -> None:
    text = (models_folder() / "packs" / "cab_282.yaml").read_text(encoding="utf-8")
    (tmp_path / "a.yaml").write_text(text.replace("name: cab_282", "name: ours"))
    assert load_pack(tmp_path / "a.yaml").name == "ours"
    assert load_pack(models_folder() / "packs" / "cab_282.yaml").name == "cab_282", "a shipped one by its path"


def test_recorded_swaps_of_a_copy_keep_its_name(tmp_path: Path) -> None:
    path = tmp_path / "heavy.yaml"
    path.write_text((models_folder() / "packs" / "cab_282.yaml").read_text(encoding="utf-8"))
    setup, timing = resolve("top_lift", None, str(path), "factory", seed=0, parking="guided")
    twin = SwapTwin(setup, timing, [parse_fault("estop:at_s=1")], make_runner=rom_runner)
    with SwapRecorder(tmp_path / "a.mcap", twin) as recorder:
        result = twin.run()
        recorder.finish(result)
    assert result.as_json()["pack"] == "heavy"
    assert verify(tmp_path / "a.mcap").verified
    with open_recording(tmp_path / "a.mcap") as recording:
        assert recording.header.configuration["pack"]["name"] == "heavy"
