"""Timing sets as records: what a file says is what the moves get, and options that are off leave no trace."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from twin.catalogue import load_timing, with_overrides
from twin.catalogue.schema import AxisTiming, PhaseTiming
from twin.sequence.building import fraction
from twin.sequence.timing import row_as_plain, row_from_plain, row_in_words, timing_row

SHARES = st.floats(0.01, 1.0)
SHAPERS = st.sampled_from(["none", "zv", "zvd", "ei", "matched"])
SWAYING = st.builds(
    AxisTiming,
    velocity_fraction=st.none() | SHARES,
    acceleration_fraction=st.none() | SHARES,
    jerk_fraction=st.none() | SHARES,
    shaper=SHAPERS,
    shaper_frequency_hz=st.none() | st.floats(0.05, 5.0),
)
STIFF = st.builds(AxisTiming, velocity_fraction=st.none() | SHARES, acceleration_fraction=st.none() | SHARES)
PHASE = st.builds(
    PhaseTiming,
    velocity_fraction=SHARES,
    shaper=SHAPERS,
    overlap_s=st.floats(0.0, 5.0),
    blending=st.booleans(),
    x=st.none() | SWAYING,
    y=st.none() | SWAYING,
    z=st.none() | STIFF,
    yaw=st.none() | STIFF,
)


@given(PHASE)
def test_a_phase_survives_its_record(phase: PhaseTiming) -> None:
    plain = row_as_plain(timing_row(phase))
    again = PhaseTiming(**plain)
    assert row_as_plain(row_from_plain(plain)) == plain
    for name in ("velocity_fraction", "shaper", "overlap_s", "blending"):
        assert getattr(again, name) == getattr(phase, name)
    for axis in ("x", "y", "z", "yaw"):
        given_, got = getattr(phase, axis), getattr(again, axis)
        told = given_ is not None and given_ != AxisTiming()
        assert got == (given_ if told else None)
    assert ("without stops" in row_in_words(timing_row(phase))) == phase.blending


def test_an_axis_has_its_own_fraction_or_the_phases() -> None:
    phase = PhaseTiming(velocity_fraction=0.8, y=AxisTiming(velocity_fraction=0.3))
    rows = np.array([timing_row(phase)])
    assert fraction(rows, "velocity", 0).tolist() == [0.8]
    assert fraction(rows, "velocity", 1).tolist() == [0.3]


def test_options_that_are_off_are_left_out() -> None:
    """Plain forms and hashes of older sets stay what they were."""
    plain = load_timing("factory", "top_lift").model_dump()
    assert "planning" not in plain
    assert set(plain["default"]) == {
        *("velocity_fraction", "acceleration_fraction", "jerk_fraction", "shaper", "shaper_frequency_hz"),
        *("settle_threshold_m", "settle_dwell_s", "creep_height_m", "creep_speed_mps", "overlap_s"),
    }


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"z": {"shaper": "zv"}}, "z.shaper: nothing sways along z, allowed on x and y"),
        ({"x": {"shaper_frequency_hz": 0.3}}, "shaper_frequency_hz: belongs to an axis' own shaper"),
        ({"y": {"velocity_fraction": 1.2}}, "less than or equal to 1"),
    ],
)
def test_an_axis_option_without_effect_is_refused(fields: dict[str, object], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        PhaseTiming.model_validate(fields)


def test_options_can_be_overridden_one_by_one() -> None:
    factory = load_timing("factory", "top_lift")
    changes = {"planning": "shortest", "phases.insert.blending": True, "phases.insert.y.acceleration_fraction": 0.4}
    timing = with_overrides(factory, changes)
    assert timing.planning == "shortest"
    assert timing.of("insert").y == AxisTiming(acceleration_fraction=0.4)
    assert timing.of("insert").x is None
    assert timing.of("store") == factory.of("store")
    assert timing.model_dump()["phases"]["insert"]["y"] == {"acceleration_fraction": 0.4}
