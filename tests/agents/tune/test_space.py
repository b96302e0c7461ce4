"""The search space: all of the schema's numbers and words, within the station's limits, and back to a timing set."""

from __future__ import annotations

from typing import Literal

import pytest

from agents.tune import space as spaces
from agents.tune.space import Parameter, Space
from envs.timing_action import RANGES
from twin.catalogue import load_station, load_timing, with_overrides
from twin.catalogue.schema import MECHANICAL, PhaseTiming
from twin.catalogue.schema.base import Fraction, Strict
from twin.catalogue.schema.timing import AxisTiming
from twin.records import AXES

STATION = load_station("top_lift")
FACTORY = load_timing("factory", STATION)


def test_every_number_and_word_of_the_schema_is_a_parameter_of_every_phase() -> None:
    space = Space(STATION, FACTORY)
    others = ("shaper_frequency_hz", "weight_share", *AXES)  # null: from the rope; the station's
    fields = [name for name in PhaseTiming.model_fields if name not in others]
    fractions = ("velocity_fraction", "acceleration_fraction", "jerk_fraction")
    fields += [f"{axis}.{name}" for axis in ("x", "y") for name in (*fractions, "shaper")]
    fields += [f"{axis}.{name}" for axis in ("z", "yaw") for name in fractions]  # nothing sways along these
    of_phases = [f"{phase}.{name}" for phase in MECHANICAL["top_lift"] for name in fields]
    at_truck = {"lower.creep_height_per_scatter", "insert.creep_height_per_scatter"}
    of_phases = [name for name in of_phases if "per_scatter" not in name or name in at_truck]
    comes_down = {f"{phase}.sway_damping" for phase in ("lower", "store", "pick", "insert")}
    of_phases = [name for name in of_phases if "sway_damping" not in name or name in comes_down]
    assert [one.name for one in space.parameters] == ["planning", *of_phases]


def test_nothing_damps_a_sway_where_nothing_hangs_on_ropes() -> None:
    for name in ("top_lift_mast", "chassis"):
        station = load_station(name)
        space = Space(station, load_timing("factory", station))
        assert not any("sway_damping" in one.name for one in space.parameters)


def test_an_axis_own_value_need_not_be_given() -> None:
    space = Space(STATION, FACTORY)
    own = space.by_name["insert.y.acceleration_fraction"]
    assert (own.value(0.0), own.value(0.25), own.value(1.0)) == (None, 0.2, 1.0)
    assert own.general == "insert.acceleration_fraction"
    assert space.by_name["insert.acceleration_fraction"].general is None
    values = space.values_of(FACTORY)
    assert values[own.name] is None
    made = space.timing({**values, own.name: 0.5, "insert.blending": True, "planning": "shortest"})
    assert made.of("insert").y == AxisTiming(acceleration_fraction=0.5)
    assert made.of("insert").x is None
    assert (made.of("insert").blending, made.planning) == (True, "shortest")


def test_an_axis_frequency_goes_with_its_shaper() -> None:
    start = with_overrides(FACTORY, {"phases.insert.x": {"shaper": "zv", "shaper_frequency_hz": 0.4}})
    space = Space(STATION, start)
    values = space.values_of(start)
    assert space.timing(values).of("insert").x == start.of("insert").x
    assert space.timing({**values, "insert.x.shaper": None}).of("insert").x is None


@pytest.mark.parametrize("name", ["top_lift", "top_lift_mast", "chassis", "chassis_single"])
def test_values_go_to_a_set_and_back(name: str) -> None:
    station = load_station(name)
    space = Space(station, load_timing("zv", station))
    for share in (0.0, 0.3, 1.0):
        values = {one.name: one.value(share) for one in space.parameters}
        assert space.values_of(space.timing(values)) == values
    start = space.values_of(space.start)
    made = space.timing(start)
    assert all(made.of(phase) == space.start.of(phase) for phase in MECHANICAL[station.kind])


def test_ranges_end_at_the_stations_limits() -> None:
    station = with_overrides(STATION, {"limits.contact_zone_m": 0.07, "limits.contact_speed_mps": 0.03})
    by_name = Space(station, FACTORY).by_name
    assert (by_name["insert.creep_height_m"].low, by_name["insert.creep_height_m"].high) == (0.07, 0.3)
    assert (by_name["insert.creep_speed_mps"].low, by_name["insert.creep_speed_mps"].high) == (0.01, 0.03)
    assert by_name["insert.overlap_s"].high == RANGES["overlap_s"].high


def test_a_frequency_that_is_fixed_stays() -> None:
    fixed = with_overrides(FACTORY, {"phases.insert.shaper_frequency_hz": 0.4})
    space = Space(STATION, fixed)
    assert space.timing(space.values_of(fixed)).of("insert").shaper_frequency_hz == 0.4


@pytest.mark.parametrize(
    "parameter",
    [
        Parameter("a", "b", 0.1, 1.0),
        Parameter("a", "b", 0.01, 0.5, True),
        Parameter("a", "b", choices=("x", "y")),
        Parameter("a", "b", choices=(False, True)),
        Parameter("a", "x.b", 0.2, 1.0, optional=True),
        Parameter("a", "x.b", choices=("x", "y"), optional=True),
    ],
)
def test_a_share_comes_back(parameter: Parameter) -> None:
    for share in (0.0, 0.25, 0.5, 0.99, 1.0):
        value = parameter.value(share)
        assert parameter.value(parameter.share(value)) == value
    assert parameter.value(-1.0) == parameter.value(0.0)
    assert parameter.value(2.0) == parameter.value(1.0)


class Axis(Strict):
    """Fractions of one axis."""

    acceleration_fraction: Fraction = 1.0
    shaper: Literal["none", "zv"] = "none"
    hz: float | None = None


class Nested(Strict):
    """A phase's timing with an axis in it."""

    x: Axis = Axis()
    new_share: Fraction = 0.5


def test_fields_of_axes_and_new_fractions_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spaces, "PhaseTiming", Nested)
    found = list(spaces._parameters(STATION, "insert"))
    assert [one.field for one in found] == ["x.acceleration_fraction", "x.shaper", "new_share"]
    assert found[1].choices == ("none", "zv")
    assert (found[2].low, found[2].high) == (0.001, 1.0)


class Endless(Strict):
    """A number without an upper end."""

    speed: float = 1.0


def test_a_number_without_a_range_is_not_guessed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spaces, "PhaseTiming", Endless)
    with pytest.raises(ValueError, match="speed has no range"):
        list(spaces._parameters(STATION, "insert"))
