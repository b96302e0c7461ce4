"""A drive into the bay as a recording: driven again to the last bit, explained by itself, refused if damaged."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from swaptwin import run
from tests.twin.recording.swap.edited_recording import edited, with_configuration
from twin.catalogue import load_pack, load_station, load_truck
from twin.catalogue.plain import tuples
from twin.docking import CONTROL_S, DockingPlant
from twin.errors import InputError
from twin.recording import Header, Recording, open_recording
from twin.recording.docking import DockingConfiguration, DockingRecorder
from twin.recording.docking.configuration import Start
from twin.recording.docking.events import Contact
from twin.recording.docking.holding import Decision, hold, sample_ticks
from twin.recording.verify import verify
from twin.viewer.snapshot import Names, Snapshot

KPIS = {"lateral_error_m": 0.01}


def configuration(**changes: Any) -> DockingConfiguration:
    """A tractor with its semi-trailer, in rain, before the rails and aside: it meets one."""
    plain = DockingConfiguration(
        seed=5,
        station=load_station("top_lift"),
        truck=load_truck("tractor_6x4"),
        pack=load_pack("cab_282"),
        conditions="rain",
        guided=True,
        start=Start(-12.0, 0.2, 0.0),
        load=1.0,
        wheel_speed_factor=1.01,
        policies={"dock": "test"},
    )
    return dataclasses.replace(plain, **changes)


def decisions(count: int) -> list[tuple[float, float]]:
    """Pulls away, rolls on, leans to the left; brakes in the end."""
    going = [(0.05 * np.sin(0.3 * k), 0.5 if k < 25 else 0.08) for k in range(count - 30)]
    return [*going, *[(0.0, -1.5)] * 30]


def drive(path: Path, config: DockingConfiguration, count: int = 130) -> DockingPlant:
    """Recorded."""
    plant = config.new_plant()
    with DockingRecorder(path, plant, config) as recorder:
        for decision in decisions(count):
            recorder.drive(*decision)
        recorder.finish("parked_outside", False, KPIS)
    return plant


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, DockingPlant]:
    path = tmp_path_factory.mktemp("docking") / "a.mcap"
    return path, drive(path, configuration())


def test_it_re_runs_to_the_last_bit(recorded: tuple[Path, DockingPlant], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["verify", str(recorded[0]), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["verified"] is True
    assert said["outcome"] == "parked_outside"
    assert said["end_state_sha256"] == said["rerun_sha256"] != ""
    assert (said["commands"], said["samples"], said["duration_s"]) == (130, 651, 13.0)
    assert said["warnings"] == []


def test_recording_changes_no_bit_of_the_drive_and_the_same_drive_gives_the_same_file(
    recorded: tuple[Path, DockingPlant], tmp_path: Path
) -> None:
    alone = configuration().new_plant()
    for decision in decisions(130):
        alone.apply(*decision)
        alone.advance(CONTROL_S)
    assert alone.worlds.tobytes() == recorded[1].worlds.tobytes()
    drive(tmp_path / "b.mcap", configuration())
    assert (tmp_path / "b.mcap").read_bytes() == recorded[0].read_bytes()


def test_its_header_says_all(recorded: tuple[Path, DockingPlant]) -> None:
    path, _ = recorded
    with open_recording(path) as opened:
        plain, summary, header = opened.header.configuration, opened.summary, opened.header
    assert (plain["kind"], plain["conditions"], plain["guided"]) == ("docking", "rain", True)
    assert plain["start"] == {"x_m": -12.0, "y_m": 0.2, "yaw_rad": 0.0, "hitch_angle_rad": 0.0}
    assert plain["truck"]["driving"]["trailer"]["mass_kg"] > 0.0
    again = DockingConfiguration.from_plain(plain, path)
    assert tuples(again.as_plain()) == tuples(plain)
    assert summary["result"]["kpis"] == KPIS
    assert header.tick_hz == 400.0
    assert {"numpy", "twin_sources"} <= set(header.versions)


def test_a_weight_that_no_pack_has_is_kept(tmp_path: Path) -> None:
    light = load_pack("cab_282").model_copy(update={"mass_kg": 150.0})
    drive(tmp_path / "a.mcap", configuration(pack=light), count=31)
    assert verify(tmp_path / "a.mcap").verified
    with open_recording(tmp_path / "a.mcap") as opened:
        assert opened.header.configuration["pack_mass_kg"] == 150.0


def columns(opened: Recording, *names: str) -> np.ndarray:
    return opened.states(names=list(names)).values.T


def test_what_happens_is_reported(recorded: tuple[Path, DockingPlant]) -> None:
    path, plant = recorded
    with open_recording(path) as opened:
        names = [event["name"] for event in opened.events()]
        rail_n, peak_n = columns(opened, "rail/force_n", "peak/rail_n")
        assert [(p["name"], p["state"]) for p in opened.phases()] == [("dock", "start"), ("dock", "end")]
    assert names == ["begin", "measured", "rail_contact", "stands"]
    assert 0.0 < rail_n.max() <= peak_n[-1] == plant.peak_rail_force_n()[0]


def test_a_contact_that_chatters_is_one() -> None:
    contact, reported = Contact("stop", "the wheel stop"), []
    for t_s, force_n in ((0.0, 0.0), (0.1, 500.0), (0.2, 0.0), (0.3, 2400.0), (0.4, 0.0), (0.8, 0.0), (0.9, 0.0)):
        reported += [(t_s, name, message) for name, message, _ in contact.look(t_s, force_n, "left front wheel")]
    assert reported == [
        (0.1, "stop_contact", "left front wheel meets the wheel stop"),
        (0.9, "stop_free", "pressed with up to 2.4 kN"),
    ]


def test_the_lidar_is_late_and_says_nothing_before_it_has_seen(recorded: tuple[Path, DockingPlant]) -> None:
    with open_recording(recorded[0]) as opened:
        seen = opened.sensors().values
        x_m, speed = columns(opened, "truck/x_m", "truck/speed_mps")
    assert np.isnan(seen[0, :4]).all()
    age_s = seen[:, 3]
    known = np.isfinite(age_s)
    assert known[20:].all()
    assert age_s[known].min() == pytest.approx(0.1)
    assert age_s[known].max() > 0.21, "a frame dropped out: the last one is kept, and ages"
    late_m = x_m[known] - seen[known, 0]
    assert late_m.max() > 0.5 * 0.1 * speed.max()
    np.testing.assert_allclose(seen[:, 4], 1.01 * speed, atol=1e-12)


def test_the_trailer_has_a_frame_at_its_kingpin(recorded: tuple[Path, DockingPlant]) -> None:
    path, plant = recorded
    with open_recording(path) as opened:
        header, poses = opened.header, opened.frames_at(6.0)
        yaw, towed, hitch = (column[300] for column in columns(
            opened, "truck/yaw_rad", "trailer/yaw_rad", "trailer/hitch_angle_rad"
        ))  # fmt: skip
    now = Snapshot(Names(header.frames), 6.0, poses)
    pose = now.world_pose("trailer")
    assert abs(hitch) > 1e-4
    assert hitch == pytest.approx(yaw - towed)
    assert 2.0 * np.arctan2(pose[5], pose[6]) == pytest.approx(towed)
    kingpin = (float(plant.params["kingpin_x_m"][0]), 0.0, 0.0)
    np.testing.assert_allclose(pose[:3], now.world_point("truck", kingpin), atol=1e-12)


def test_packs_stand_on_the_truck_and_move_with_it(recorded: tuple[Path, DockingPlant]) -> None:
    with open_recording(recorded[0]) as opened:
        frames, high = opened.header.frames, opened.header.configuration["pack"]["size_m"][2]
        for t_s in (0.0, 7.0):
            now = Snapshot(Names(frames), t_s, opened.frames_at(t_s))
            on_seat = now.world_point("truck1", (0.0, 0.0, high))
            np.testing.assert_allclose(now.world_pose("pack0")[:3], on_seat, atol=1e-6)


def test_without_a_trailer_and_without_guides(tmp_path: Path) -> None:
    truck = load_truck("mixer_8x4")
    drive(tmp_path / "a.mcap", configuration(truck=truck, guided=False), count=40)
    assert verify(tmp_path / "a.mcap").verified
    with open_recording(tmp_path / "a.mcap") as opened:
        assert "trailer" not in opened.frame_names
        assert not any(name.startswith("trailer/") for name in opened.channel_names)


@pytest.mark.parametrize(("recording_hz", "ticks"), [(50, 8), (500, 1), (25, 10), (10, 40), (1, 40)])
def test_every_decision_ends_with_a_sample(recording_hz: int, ticks: int) -> None:
    assert sample_ticks(recording_hz) == ticks
    plant, seen = configuration().new_plant(), []
    hold(plant, Decision(0.0, 0.5), ticks, lambda: seen.append(int(plant.worlds["tick"][0])))
    assert seen == list(range(ticks, 41, ticks))


def test_other_readers_show_it(recorded: tuple[Path, DockingPlant]) -> None:
    from mcap.reader import make_reader

    with recorded[0].open("rb") as file:
        topics = {channel.topic for _, channel, _ in make_reader(file).iter_messages()}
    assert {"/tf", "/state", "/sensors", "/commands", "/phases", "/events", "/scene", "/log"} <= topics


# ------------------------------------------------------------------------------------------------------ it is different


def test_another_decision_gives_another_drive(
    recorded: tuple[Path, DockingPlant], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def harder(number: int, entry: dict[str, Any]) -> None:
        entry["acceleration_mps2"] += 1e-9 if number == 20 else 0.0

    path = edited(recorded[0], tmp_path / "a.mcap", command=harder)
    assert run(["verify", str(path)]) == 1
    assert "differs from 2.020 s on" in capsys.readouterr().out


def test_another_seed_weather_or_start_is_another_drive(recorded: tuple[Path, DockingPlant], tmp_path: Path) -> None:
    start = {"x_m": -12.0, "y_m": 0.21, "yaw_rad": 0.0, "hitch_angle_rad": 0.0}
    for changes in ({"seed": 6}, {"conditions": "clear"}, {"start": start}, {"guided": False}):

        def other(header: Header, changes: dict[str, Any] = changes) -> Header:  # type: ignore[assignment]
            changed = with_configuration(**changes)(header)
            return dataclasses.replace(changed, seed=changed.configuration["seed"])

        assert not verify(edited(recorded[0], tmp_path / "a.mcap", header=other)).verified


def test_another_end_state_is_found(recorded: tuple[Path, DockingPlant], tmp_path: Path) -> None:
    report = verify(edited(recorded[0], tmp_path / "a.mcap", sha256="0" * 64))
    assert report.first_difference is not None
    assert report.first_difference.channel == "end state (sha256)"


def test_cut_to_pieces_it_verifies_as_far_as_it_is_whole(recorded: tuple[Path, DockingPlant], tmp_path: Path) -> None:
    data = recorded[0].read_bytes()
    path = tmp_path / "cut.mcap"
    for size in (len(data) // 2, len(data) - 1):
        path.write_bytes(data[:size])
        report = verify(path)
        assert report.verified
        assert not report.complete
        assert report.samples > 100


# ------------------------------------------------------------------------------------------------------- it is refused


@pytest.mark.parametrize(
    ("header", "words"),
    [
        (with_configuration(kind="dock"), "not the recording of a swap, an alignment or a docking"),
        (with_configuration(plant="bullet"), "plant"),
        (with_configuration(conditions="fog"), "conditions"),
        (with_configuration(guided="yes"), "guided"),
        (with_configuration(start=None), "start"),
        (with_configuration(start={"x_m": 1.0}), "start"),
        (
            with_configuration(start={"x_m": 1e9, "y_m": 0.0, "yaw_rad": 0.0, "hitch_angle_rad": 0.0}),
            r"start\.x_m",
        ),
        (with_configuration(pack_mass_kg=0.0), "pack_mass_kg"),
        (with_configuration(load=7.0), "load"),
        (with_configuration(wheel_speed_factor="1"), "wheel_speed_factor"),
        (with_configuration(policies="baseline"), "policies"),
        (with_configuration(seed=8), "two different seeds"),
        (with_configuration(truck=None), "truck"),
    ],
)
def test_a_damaged_configuration(
    recorded: tuple[Path, DockingPlant], tmp_path: Path, header: Callable[[Header], Header], words: str
) -> None:
    path = edited(recorded[0], tmp_path / "a.mcap", header=header)
    with pytest.raises(InputError, match=words):
        verify(path)


def no_driving(header: Header) -> Header:
    return with_configuration(truck={**header.configuration["truck"], "driving": None})(header)


def test_a_truck_that_cannot_drive(recorded: tuple[Path, DockingPlant], tmp_path: Path) -> None:
    path = edited(recorded[0], tmp_path / "a.mcap", header=no_driving)
    with pytest.raises(InputError, match="its configuration is refused: .*no data for a drive into the bay"):
        verify(path)


@pytest.mark.parametrize(
    "change", [{"acceleration_mps2": None}, {"acceleration_mps2": "full"}, {"more": 1}, {"steering_rate_radps": True}]
)
def test_damaged_commands(recorded: tuple[Path, DockingPlant], tmp_path: Path, change: dict[str, Any]) -> None:
    path = edited(recorded[0], tmp_path / "a.mcap", command=lambda number, entry: entry.update(change))
    with pytest.raises(InputError, match="command"):
        verify(path)


@pytest.mark.parametrize("end", [{"tick": 10**12}, {"tick": 5100}, {"tick": "x"}, {}])
def test_an_end_that_is_none(recorded: tuple[Path, DockingPlant], tmp_path: Path, end: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="end"):
        verify(edited(recorded[0], tmp_path / "a.mcap", end=end))
