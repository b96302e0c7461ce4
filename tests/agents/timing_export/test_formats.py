"""Exported timing sets: every format holds the same numbers, in SI units, and reads as its language."""

from __future__ import annotations

import csv
import io
import re
from importlib.resources import files
from pathlib import Path
from xml.etree import ElementTree

import pytest

import swaptwin
from agents.commands.export import timing_command
from agents.plcopen_xml import NAMESPACE
from agents.policy_export.identifiers import RESERVED
from agents.timing_export.formats import SHAPERS, as_csv, as_plcopen, as_structured_text
from agents.timing_export.parameters import rows_of
from twin.catalogue import load_station, load_timing, with_overrides
from twin.catalogue.schema import MECHANICAL, AxisTiming
from twin.errors import InputError

STATIONS = ("top_lift", "chassis", "top_lift_mast", "chassis_single")
MEMBER = re.compile(r"(\w+) := ([-\d.]+|TRUE|FALSE)")


@pytest.mark.parametrize("name", STATIONS)
def test_every_format_holds_every_parameter(name: str) -> None:
    station = load_station(name)
    timing, factory = load_timing("factory", station), load_timing("factory", station)
    rows = rows_of(timing, station)
    table = list(csv.DictReader(io.StringIO(as_csv(timing, station, factory))))
    assert len(table) == len(rows)
    assert {row["phase"] for row in table} == {"", *MECHANICAL[station.kind]}
    assert {row["changed"] for row in table} == {"no"}
    text = as_structured_text(timing, station, "stamp")
    told = MEMBER.findall(text.split("VAR_GLOBAL")[1])
    assert len(told) == len(rows)
    root = ElementTree.fromstring(as_plcopen(timing, station, "0", "2026-01-01T00:00:00"))
    values = [one.get("value") for one in root.iter(f"{{{NAMESPACE}}}simpleValue")]
    assert values == [value for _, value in told]
    declared = re.findall(r"^    (\w+) : (?:REAL|INT|BOOL);", text, re.MULTILINE)
    assert declared == [member for member, _ in told]


def test_speeds_are_the_axis_limits_times_the_fractions() -> None:
    station, timing = load_station("top_lift"), load_timing("factory", "top_lift")
    own = {"traverse_to_slot": timing.default.model_copy(update={"y": AxisTiming(acceleration_fraction=0.5)})}
    rows = rows_of(timing.model_copy(update={"phases": own}), station)
    values = {(row.phase, row.axis, row.load, row.name): row.value for row in rows}
    assert values["traverse_to_slot", "y", "loaded", "acceleration"] == 0.5 * station.axes.y.acceleration_mps2
    assert values["traverse_to_slot", "x", "loaded", "acceleration"] == pytest.approx(0.8 * 0.30)
    assert values["traverse_to_full", "x", "empty", "velocity"] == station.axes.x.velocity_empty_mps
    assert ("pick", "z", "empty", "velocity") in values
    assert ("pick", "z", "loaded", "velocity") in values


def test_the_table_names_what_changes_against_factory() -> None:
    station, factory = load_station("chassis"), load_timing("factory", "chassis")
    timing = with_overrides(factory, {"default.settle_dwell_s": 0.1, "default.blending": True})
    table = list(csv.DictReader(io.StringIO(as_csv(timing, station, factory))))
    changed = {row["parameter"]: (row["value"], row["factory"]) for row in table if row["changed"] == "yes"}
    assert changed == {"settle_dwell": ("0.1", "0.3"), "blending": ("true", "false")}


def test_real_literals_have_a_decimal_point_and_shapers_their_number() -> None:
    station, timing = load_station("top_lift"), load_timing("zvd", "top_lift")
    text = as_structured_text(timing, station, "a stamp (* with *) comments")
    reals = dict(re.findall(r"^    (\w+) : (REAL|INT|BOOL);", text, re.MULTILINE))
    for name, value in MEMBER.findall(text.split("VAR_GLOBAL")[1]):
        if reals[name] == "REAL":
            assert "." in value, name
    assert f"XShaper := {SHAPERS.index('zvd')}" in text
    assert text.count("(*") == text.count("*)")
    hostile = timing.model_copy(update={"title": "a \u202e(*)*)\n END_VAR (* ü"})
    first = as_structured_text(hostile, station, "stamp").splitlines()[0]
    assert first == "(* a  ( * )* )  END_VAR ( * ü *)"


def test_a_file_that_cannot_be_written_is_one_line_before_anything_is_played(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="--output: cannot be written: there is no folder"):
        timing_command("zvd", output=str(tmp_path / "none" / "x.csv"))
    with pytest.raises(InputError, match="--format: unknown format, got 'xml'"):
        timing_command("zvd", format="xml")


@pytest.mark.parametrize("name", ["top_lift", "chassis"])
def test_no_name_is_a_reserved_word_and_no_structure_has_one_twice(name: str) -> None:
    """OVERLAP is a keyword of IEC 61131-3 and INSERT a standard function; case does not count."""
    station = load_station(name)
    text = as_structured_text(load_timing("tuned", station), station, "stamp")
    for block in text.split("END_STRUCT")[:-1]:
        members = [one.upper() for one in re.findall(r"^    (\w+) :", block, re.MULTILINE)]
        assert members
        assert not RESERVED & set(members)
        assert len(set(members)) == len(members)
    root = ElementTree.fromstring(as_plcopen(load_timing("tuned", station), station, "0", "2026-01-01T00:00:00"))
    declared = {one.get("name", "").upper() for one in root.iter(f"{{{NAMESPACE}}}variable")}
    used = {str(one.get("member")).upper() for one in root.iter(f"{{{NAMESPACE}}}value")}
    assert used == declared - {"TIMING"}
    assert not RESERVED & declared


def test_what_only_one_of_the_sets_gives_is_in_the_table() -> None:
    """The share of the weight may be left to the station, and slots and order are the whole set's."""
    station, factory = load_station("top_lift"), load_timing("factory", "top_lift")
    timing = with_overrides(factory, {"phases.unlock.weight_share": 0.3, "planning": "shortest"})
    table = list(csv.DictReader(io.StringIO(as_csv(timing, station, factory))))
    changed = {
        row["parameter"]: (row["phase"], row["value"], row["factory"]) for row in table if row["changed"] == "yes"
    }
    assert changed == {"planning": ("", "shortest", "nearest"), "weight_share": ("unlock", "0.3", "station")}
    text = as_structured_text(timing, station, "stamp")
    assert "WeightShare := 0.3" in text
    assert "Planning := 1" in text
    assert "WeightShare := 0.0" in as_structured_text(factory, station, "stamp")


def test_the_format_is_that_of_the_files_ending(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for ending, begin in ((".st", "(*"), (".xml", "<?xml"), (".csv", "phase,"), (".txt", "phase,")):
        path = tmp_path / f"a{ending}"
        assert swaptwin.run(["export", "timing", "zvd", "--seeds", "0", "-o", str(path)]) == 0
        assert path.read_text().startswith(begin)
        assert f"{path}: zvd at top_lift" in capsys.readouterr().err
    assert swaptwin.run(["export", "timing", "zvd", "--seeds", "0", "-o", str(path), "--format", "st"]) == 0
    assert path.read_text().startswith("(*")


def test_a_given_file_is_not_written_over(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = Path(str(files("models"))) / "timing" / "top_lift" / "zvd.yaml"
    for name in ("own.yaml", "own.st"):
        (tmp_path / name).write_bytes(source.read_bytes())
    (tmp_path / "link.yaml").symlink_to("own.yaml")
    before = source.read_bytes()
    for given, output in (("own.yaml", "own.yaml"), ("link.yaml", "own.yaml"), ("own.yaml", "link.yaml")):
        line = ["export", "timing", str(tmp_path / given), "--seeds", "0", "-o", str(tmp_path / output)]
        assert swaptwin.run(line) == 2
        assert capsys.readouterr().err.startswith("error: --output: is the file of TIMING, which would be lost")
        assert (tmp_path / "own.yaml").read_bytes() == before


def test_each_step_of_the_ramp_in_list_is_a_set_to_load(tmp_path: Path) -> None:
    line = ["export", "timing", "zvd", "-o", str(tmp_path / "a.st"), "--seeds", "1", "--steps", str(tmp_path / "s")]
    assert swaptwin.run(line) == 0
    names = sorted(path.name for path in (tmp_path / "s").iterdir())
    assert names[:2] == ["00_factory.st", "00_factory.yaml"]
    assert len(names) > 4
    station = load_station("top_lift")
    first, last = (load_timing(tmp_path / "s" / name, station) for name in (names[1], names[-1]))
    for found, meant in ((first, "factory"), (last, "zvd")):
        assert rows_of(found, station) == rows_of(load_timing(meant, station), station)
    values = [path.read_text().split("VAR_GLOBAL")[1] for path in (tmp_path / "a.st", tmp_path / "s" / names[-2])]
    assert values[0] == values[1]
    with pytest.raises(InputError, match="--steps: needs the ramp-in list"):
        timing_command("zvd", steps_to=str(tmp_path / "other"), seeds=0)
    with pytest.raises(InputError, match="--steps: is not a folder"):
        timing_command("zvd", steps_to=str(tmp_path / "a.st"), seeds=1)
