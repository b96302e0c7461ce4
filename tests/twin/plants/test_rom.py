"""The reduced-order plant: rotations, whole swaps against stored ones of the reference plant, batches, recordings."""

from __future__ import annotations

import math
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numba import config

from tests.evidence.campaign import SETUPS, read
from tests.tiers import slow
from twin.catalogue import load_pack, load_station, load_timing, load_truck
from twin.plants.rom.frames import angle_of, back, compose, from_angles, from_quaternion, relative, times
from twin.plants.rom.model import SCRATCH
from twin.recording.swap import SwapRecorder
from twin.recording.verify import verify
from twin.records import BUSY, RECORD_OF, UNTIL_DONE, WORLD, new_command
from twin.result import SwapResult
from twin.runner.batch import BatchRunner
from twin.runner.kinds import existing_runner, rom_runner
from twin.runner.single import Runner
from twin.setup.setup import SwapSetup, build_setup
from twin.swap import SwapTwin

Array = np.ndarray
ROOT = Path(__file__).resolve().parents[3]
angles = st.floats(-1.4, 1.4)


def setup_of(station: str, seed: int, parking: str = "guided") -> SwapSetup:
    truck, pack = SETUPS[station]
    return build_setup(load_station(station), load_truck(truck), load_pack(pack), seed=seed, parking=parking)


def swap(setup: SwapSetup) -> SwapResult:
    twin = SwapTwin(setup, load_timing("factory", setup.station), make_runner=rom_runner)
    return twin.run()


def pose(yaw: float, pitch: float, roll: float, at: tuple[float, float, float]) -> Array:
    """(7,)"""
    half = np.array([yaw, pitch, roll]) / 2
    (cy, cp, cr), (sy, sp, sr) = np.cos(half), np.sin(half)
    return np.array(
        [
            *at,
            cy * cp * sr - sy * sp * cr,
            cy * sp * cr + sy * cp * sr,
            sy * cp * cr - cy * sp * sr,
            cy * cp * cr + sy * sp * sr,
        ]
    )


@given(angles, angles, angles)
def test_angles_and_quaternions_make_the_same_rotation(yaw: float, pitch: float, roll: float) -> None:
    a, b = np.zeros((3, 3)), np.zeros((3, 3))
    from_angles(yaw, pitch, roll, a)
    from_quaternion(pose(yaw, pitch, roll, (0.0, 0.0, 0.0)), b)
    assert np.abs(a - b).max() < 1e-14
    assert np.allclose(back(a, *times(a, 1.0, -2.0, 3.0)), (1.0, -2.0, 3.0), atol=1e-13)


@given(st.floats(-np.pi, np.pi), st.sampled_from([1e-6, 0.8, 3.0]))
def test_an_angle_from_sine_and_cosine(angle: float, length: float) -> None:
    """Angle by its series or by the library: equal to the last bits, all around."""
    sine, cosine = length * np.sin(angle), length * np.cos(angle)
    assert angle_of(sine, cosine) == pytest.approx(np.arctan2(sine, cosine), rel=4e-16, abs=0.0)


@given(angles, angles, angles, angles)
def test_relative_is_the_inverse_of_compose(yaw: float, pitch: float, roll: float, other: float) -> None:
    a, b = pose(yaw, pitch, roll, (1.0, -2.0, 0.5)), pose(other, -roll, yaw, (0.3, 4.0, -1.0))
    seen, again = np.zeros(7), np.zeros(7)
    relative(a, b, seen)
    compose(a, seen, again)
    assert np.abs(again[:3] - b[:3]).max() < 1e-13
    assert min(np.abs(again[3:] - b[3:]).max(), np.abs(again[3:] + b[3:]).max()) < 1e-13


@pytest.mark.parametrize("station", ["top_lift", "chassis"])
def test_whole_swaps_go_as_on_the_reference_plant(station: str) -> None:
    for row in read(station, "guided")[2:5]:
        result = swap(setup_of(station, row["seed"]))
        assert result.outcome == row["outcome"]
        assert not result.violations
        assert result.mechanical_time_s == pytest.approx(row["mechanical_time_s"], rel=0.005)
        lasted: dict[str, float] = {}
        for span in result.phases:
            lasted[span.name] = lasted.get(span.name, 0.0) + span.end_s - span.start_s
        for name, reference_s in row["phases_s"].items():
            assert lasted[name] == pytest.approx(reference_s, rel=0.03, abs=0.15), name
        if station == "top_lift":
            assert result.kpis["peak_sway_rad"] == pytest.approx(row["kpis"]["peak_sway_rad"], rel=0.05)


def test_a_world_of_a_batch_equals_the_same_alone() -> None:
    setups = [setup_of("top_lift", seed) for seed in range(5)]

    def drive(of: list[SwapSetup]) -> list[str]:
        plant = BatchRunner(of)
        commands = new_command(len(of))
        commands["until"], commands["timeout_s"] = UNTIL_DONE, 60.0
        commands["velocity"], commands["acceleration"], commands["jerk"] = 0.2, 0.1, 0.2
        commands["target"][:, 0] = [0.3 + 0.2 * setup.seed for setup in of]
        commands["target"][:, 2] = [4.5 - 0.1 * setup.seed for setup in of]
        plant.issue(np.arange(len(of)), np.zeros(len(of), np.int64), commands)
        while (plant.worlds["control"]["status"] == BUSY).any():
            plant.run()
        return [plant.state_sha256(i) for i in range(len(of))]

    assert drive(setups) == [drive([setup])[0] for setup in setups]
    assert drive(setups[1:4]) == drive(setups)[1:4]


@pytest.mark.parametrize("station", ["top_lift", "chassis"])
def test_a_swap_goes_as_it_goes_unseen(station: str) -> None:
    """Scan skipping and sleeping robots change nothing: the world is the same to the last bit, with an observer and
    without, except the packs' speeds, which only an observer reads."""
    setup = setup_of(station, 5, "unguided")
    ends = []
    for observer in (None, lambda plant: None):
        twin = SwapTwin(setup, load_timing("factory", setup.station), make_runner=rom_runner)
        twin.runner.observer = observer
        assert twin.run().outcome == "completed"
        ends.append(twin.runner.worlds[0].copy())
    for name, record in RECORD_OF.items():
        if name != "pack_twist":
            np.testing.assert_array_equal(ends[0][record][name], ends[1][record][name], name)


class Littered(BatchRunner):
    """A plant whose scratch is filled with `rubbish`, an eight-byte word, before each kernel call."""

    rubbish = 0

    def _arguments(self) -> Any:
        self._scratch.view(np.int64)[:] = self.rubbish
        return super()._arguments()

    def step(self, ticks: int = 1) -> None:
        self.plant._scratch.view(np.int64)[:] = self.rubbish
        super().step(ticks)

    def scan(self) -> bool:
        self.plant._scratch.view(np.int64)[:] = self.rubbish
        return super().scan()


@pytest.mark.parametrize("rubbish", [1, int(np.array(np.nan).view(np.int64))])
@pytest.mark.parametrize("station", ["top_lift", slow("chassis")])
def test_nothing_has_to_be_kept_in_the_scratch(station: str, rubbish: int) -> None:
    """The scratch carries nothing between two calls or from one world to the next, observed or not."""
    setups = [setup_of(station, seed) for seed in (1, 2)]
    timing = load_timing("factory", setups[0].station)

    def end_states(of: list[SwapSetup], make: Any) -> list[str]:
        twin = SwapTwin(of[0], timing, make_runner=existing_runner(make(of)))
        twin.runner.rubbish = rubbish
        twin.program.run()
        return [result.end_state_sha256 for result in twin.results()]

    alone = [end_states([setup], BatchRunner)[0] for setup in setups]
    assert end_states(setups, Littered) == alone
    assert end_states(setups[:1], partial(Littered, observer=lambda plant: None)) == alone[:1]


def test_a_world_is_as_large_as_documented() -> None:
    """The plant's arrays of N records have the documented size; the kernel's working memory does not grow with N."""
    text = " ".join((ROOT / "docs" / "reduced_order.md").read_text(encoding="utf-8").split())
    setup = setup_of("top_lift", 1)
    few, many = BatchRunner([setup] * 10), BatchRunner([setup] * 20)
    kb = [
        array.nbytes / 20e3 for array in (many.worlds, many.plant.states, many.params, many.plant.models, many.commands)
    ]
    state, rest, parameters, model, commands = (f"{each:.1f}" for each in kb)
    parts = f"state {state} and {rest}, parameters {parameters} and {model}, commands {commands}"
    assert f"A world is {sum(kb):.1f} kB: {parts}." in text
    assert few._scratch.nbytes == many._scratch.nbytes == config.NUMBA_NUM_THREADS * SCRATCH.itemsize
    assert f"The working memory of a step ({SCRATCH.itemsize / 1e3:.1f} kB) exists once per thread." in text
    profiles, past = (WORLD[RECORD_OF[name]][name].itemsize / 1e3 for name in ("profile", "truck_history"))
    assert f"motion profiles ({profiles:.1f} kB) and the truck's past for the scanner ({past:.1f} kB)" in text


def test_a_pendulum_keeps_its_period() -> None:
    setup = setup_of("top_lift", 1)
    plant = BatchRunner(setup)
    w = plant.worlds[0]
    length_m = float(setup.params["sheave_height_m"][0] - w["truth"]["q"][0, 2])
    w["truth"]["q"][0, 4] = 0.05 * length_m
    w["truth"]["q"][0, 6] = -math.sqrt((-w["truth"]["q"][0, 6]) ** 2 - w["truth"]["q"][0, 4] ** 2)
    seen = []
    for _ in range(round(12.0 * setup.station.rates.physics_hz)):
        plant.run_ticks(1)
        seen.append(float(w["truth"]["q"][0, 4]))
    x = np.array(seen)
    falls = np.flatnonzero((x[:-1] > 0.0) & (x[1:] <= 0.0))
    at = falls + x[falls] / (x[falls] - x[falls + 1])
    period_s = float(np.diff(at).mean()) / setup.station.rates.physics_hz
    # a parallelogram of ropes swings as a point on their length, with any load
    damped = math.sqrt(1.0 - float(setup.params["sway_zeta"][0]) ** 2)
    expected_s = 2.0 * math.pi * math.sqrt(length_m / 9.81) * (1.0 + 0.05**2 / 16.0) / damped
    assert period_s == pytest.approx(expected_s, rel=0.005)


def test_its_recordings_verify(tmp_path: Path) -> None:
    path = tmp_path / "rom.mcap"
    setup = setup_of("chassis", 2)
    twin = SwapTwin(setup, load_timing("factory", setup.station), make_runner=rom_runner)
    with SwapRecorder(path, twin) as recorder:
        recorder.finish(twin.run())
    report = verify(path)
    assert report.verified
    assert report.outcome == "completed"


@pytest.mark.parametrize("station", ["top_lift", "chassis"])
def test_the_speeds_of_packs_are_those_of_their_poses(station: str) -> None:
    setup = setup_of(station, 3)
    twin = SwapTwin(setup, load_timing("factory", setup.station), make_runner=rom_runner)
    plant, seen = twin.runner, []

    def observe(of: Runner) -> None:
        w = of.worlds[0]
        if w["truth"]["held"][0] >= 0:
            k = int(w["truth"]["held"][0])
            seen.append(
                (float(w["truth"]["t_s"]), k, w["truth"]["pack_pose"][k].copy(), w["truth"]["pack_twist"][k].copy())
            )

    plant.observer = observe
    while twin.program.advance() and len(seen) < 1500:
        pass
    spans = [(b[2][:3] - a[2][:3]) / (b[0] - a[0]) for a, b in zip(seen, seen[1:], strict=False) if a[1] == b[1]]
    said = [0.5 * (a[3][:3] + b[3][:3]) for a, b in zip(seen, seen[1:], strict=False) if a[1] == b[1]]
    assert np.abs(np.array(spans)).max() > 0.05, "it must have moved"
    assert np.median(np.abs(np.array(spans) - np.array(said)).max(axis=1)) < 0.002
