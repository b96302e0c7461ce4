"""The pose scanner's delay: what it shows of the truck, and how late it may be."""

from __future__ import annotations

import numpy as np
import pytest

from twin.catalogue import load_pack, load_station, load_truck, with_overrides
from twin.control.sensors import read_truck
from twin.errors import InputError
from twin.plants.beginning import new_world
from twin.records import DELAY_SCANS, TX
from twin.setup.setup import SwapSetup, build_setup


def setup_with(overrides: dict[str, object]) -> SwapSetup:
    station = with_overrides(load_station("top_lift"), overrides)
    return build_setup(station, load_truck("tractor_6x4"), load_pack("cab_282"), seed=1)


@pytest.mark.parametrize("delay_s", [0.0, 0.1, (DELAY_SCANS - 1) / 100])
def test_a_frame_shows_the_truck_as_it_was_a_delay_ago(delay_s: float) -> None:
    setup = setup_with(
        {"scanner.delay_s": delay_s, "scanner.sigma_m": 0.0, "scanner.bias_m": 0.0, "scanner.dropout": 0.0}
    )
    worlds, params = new_world(setup), setup.params
    w, seen = worlds[0], []
    w["image"]["scan_window"][0] = 1
    for scan in range(3 * DELAY_SCANS):
        w["sensors"]["scans"] = w["truth"]["truck_q"][TX] = scan
        w["sensors"]["scan_next_tick"][0] = w["image"]["clock_tick"]
        read_truck(w["truth"], w["image"], w["sensors"], w["faults"], params[0])
        seen.append(float(w["image"]["scan_pose"][0, 0]))
    late = round(100 * delay_s)
    assert seen == [float(max(scan - late, 0)) for scan in range(3 * DELAY_SCANS)]


@pytest.mark.parametrize(
    ("delay_s", "plc_hz", "most_s"), [(0.32, 100, "0.31"), (10.0, 100, "0.31"), (0.1, 500, "0.062")]
)
def test_a_delay_that_does_not_fit_is_refused(delay_s: float, plc_hz: int, most_s: str) -> None:
    with pytest.raises(InputError) as caught:
        setup_with({"scanner.delay_s": delay_s, "rates.plc_hz": plc_hz})
    assert str(caught.value) == (
        f"scanner.delay_s: the pose scanner's delay is too long, got {delay_s} "
        f"(allowed: at most {most_s} s at {plc_hz} PLC scans a second)"
    )


@pytest.mark.parametrize("sigma_m", [0.0015, 0.012])
def test_the_variance_of_a_measurement_is_that_of_its_frames(sigma_m: float) -> None:
    setup = setup_with({"scanner.sigma_m": sigma_m, "scanner.dropout": 0.0})
    w, p, frames = new_world(setup)[0], setup.params[0], []
    image = w["image"]
    for _ in range(60):
        image["scan_window"][0], image["scan_anew"][0] = 1, 1  # a window of one frame shows that frame
        w["sensors"]["scan_next_tick"][0] = image["clock_tick"]
        read_truck(w["truth"], image, w["sensors"], w["faults"], p)
        frames.append(image["scan_pose"][0, :2].copy())
        assert image["scan_variance_m2"][0] == 0.0, "a single frame scatters by nothing"
    w["sensors"]["scan_frames"][0], image["scan_window"][0], image["scan_anew"][0] = 0, 60, 1
    for _ in frames:
        w["sensors"]["scan_next_tick"][0] = image["clock_tick"]
        read_truck(w["truth"], image, w["sensors"], w["faults"], p)
    assert float(image["scan_variance_m2"][0]) == pytest.approx(np.var(frames, axis=0).mean(), rel=1e-12)
    assert float(image["scan_variance_m2"][0]) == pytest.approx(sigma_m**2, rel=0.4)
