"""From factory to a timing set in steps: each changes something, and the last is the set itself."""

from __future__ import annotations

from agents.timing_export.parameters import rows_of
from agents.timing_export.ramp_in import _stages, ramp_in
from twin.catalogue import load_pack, load_station, load_timing, load_truck, with_overrides


def test_steps_end_at_the_set_itself_and_leave_out_what_changes_nothing() -> None:
    station, factory = load_station("chassis"), load_timing("factory", "chassis")
    zvd = load_timing("zvd", "chassis")
    stages = list(_stages(zvd, factory))
    assert [row.value for row in rows_of(stages[0][1], station)] == [row.value for row in rows_of(factory, station)]
    assert [row.value for row in rows_of(stages[-1][1], station)] == [row.value for row in rows_of(zvd, station)]
    halves = [dict(stages)["half of the speeds"], dict(stages)["speeds"]]
    half, full, before = (of.of("store").y for of in (*halves, stages[0][1]))
    assert half is not None
    assert full is not None
    assert before is not None
    mean = 0.5 * ((full.acceleration_fraction or 0.0) + (before.acceleration_fraction or 0.0))
    assert half.acceleration_fraction == mean


def test_every_step_is_played() -> None:
    station, factory = load_station("chassis"), load_timing("factory", "chassis")
    timing = with_overrides(factory, {"default.settle_dwell_s": 0.1, "default.blending": True, "planning": "shortest"})
    parts = load_truck("chassis_tractor_3"), load_pack("chassis_171")
    steps = ramp_in(timing, factory, station, *parts, range(2))
    assert [step.what for step in steps] == [
        "factory",
        "readiness, scan, plan",
        "shapers and settling",
        "moves without stops",
    ]
    assert steps[0].changed == 0
    assert all(step.changed > 0 for step in steps[1:])
    times = [step.prediction.time_median_s for step in steps]
    assert times == sorted(times, reverse=True)
    assert times[0] - times[-1] > 20.0
    assert all(step.prediction.completed == 2 and step.prediction.violations == 0 for step in steps)
