"""Loads of drives: what the key figures meter, against closed forms and the axes' ratings."""

from __future__ import annotations

import numpy as np
import pytest

from twin.catalogue import load_pack, load_station, load_timing, load_truck
from twin.records import X, Z
from twin.records.kpis import KEY_FIGURES
from twin.runner.kinds import runner_maker
from twin.setup.ratings import drive_loads
from twin.setup.setup import build_setup
from twin.swap import SwapTwin

STATION = load_station("top_lift")


def test_the_robot_with_the_most_counts_and_shares_are_of_the_ratings() -> None:
    kpis = np.zeros(1, KEY_FIGURES)[0]
    kpis["drive_time_s"] = 4.0
    kpis["drive_peak"][:, X] = 1000.0, 6000.0
    kpis["drive_square_s"][:, X] = 4.0 * 2000.0**2, 4.0 * 1000.0**2
    load = drive_loads(STATION, kpis)["x"]
    assert (load.peak, load.rms) == (6000.0, 2000.0)
    assert (load.peak_share, load.rms_share) == (0.75, 0.5)  # of 8000 N and 4000 N
    assert load.as_json()["peak_n"] == 6000.0
    assert "peak_nm" in drive_loads(STATION, kpis)["yaw"].as_json()


def test_the_hoists_continuous_rating_is_the_rated_weight() -> None:
    load = drive_loads(STATION, np.zeros(1, KEY_FIGURES)[0])["z"]
    assert load.rms_rating == pytest.approx(4500.0 * 9.81, rel=1e-3)
    assert load.rms == 0.0


@pytest.mark.parametrize("plant", ["rom", "bullet"])
def test_a_hoist_that_holds_its_spreader_has_its_weight_as_rms_and_peak(plant: str) -> None:
    setup = build_setup(STATION, load_truck("tractor_6x4"), load_pack("cab_282"), seed=0)
    twin = SwapTwin(setup, load_timing("factory", STATION), make_runner=runner_maker(plant))
    while twin.program.time_s(0) < 2.0 and twin.program.advance():
        pass
    world = twin.runner.worlds[0]
    loads, time_s, scans = drive_loads(STATION, world["kpis"]), float(world["truth"]["t_s"]), world["sensors"]["scans"]
    twin.close()
    weight_n = STATION.end_effector.mass_kg * 9.81
    assert loads["z"].rms == pytest.approx(weight_n, rel=0.02)
    assert loads["z"].peak == pytest.approx(weight_n, rel=0.02)
    assert loads["x"].peak < 100.0
    assert world["kpis"]["drive_time_s"] == pytest.approx(scans * 0.01)
    assert time_s == pytest.approx(scans * 0.01, abs=0.011)
    assert Z == 2
