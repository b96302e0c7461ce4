"""Exported timing sets: every format holds the same numbers, in SI units, and reads as its language."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from agents.commands.export import timing_command
from agents.plcopen_xml import NAMESPACE
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
    assert {row["phase"] for row in table} == set(MECHANICAL[station.kind])
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


def test_a_file_that_cannot_be_written_is_one_line_before_anything_is_played(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="--output: cannot be written: there is no folder"):
        timing_command("zvd", output=str(tmp_path / "none" / "x.csv"))
    with pytest.raises(InputError, match="--format: unknown format, got 'xml'"):
        timing_command("zvd", format="xml")
