"""JSON messages keep their channel's schema, whatever is recorded: other tools offer the fields that it lists."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import swaptwin
from tests.tiers import slow
from tests.twin.recording.docking.test_docking_recording import configuration, drive
from tests.twin.recording.mcap.json_messages import problems, properties, unlike
from twin.recording import open_recording

LOG_TESTS = Path(__file__).resolve().parents[2] / "log_import"


def test_the_check_itself_finds_what_is_unlike() -> None:
    schema = {"type": "object", "properties": {"a": {"type": "number"}, "b": {"type": ["number", "null"]}}}
    assert unlike(schema, {"a": 1, "b": None}, "") == []
    assert len(unlike(schema, {"a": None, "b": "x", "c": 1}, "")) == 3


@pytest.fixture(scope="module")
def swaps(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Recordings of the reduced-order plant: with policies, with faults, one that goes on from another."""
    folder = tmp_path_factory.mktemp("swaps")
    made = {}
    for name, arguments in {
        "policies": ["--station", "top_lift", "--timing-policy", "zvd", "--align-policy", "baseline"],
        "faults": ["--station", "chassis", "--fault", "lock_wont_open:tries=1", "--fault", "estop:phase=insert"],
        "refused": ["--station", "chassis", "--parking", "unguided", "--seed", "33", "--fault", "estop:at_s=9999"],
        "branch": ["--from", str(folder / "policies.mcap"), "--at", "100", "--timing-policy", "none", "--fault",
                   "truck_shove:force_n=60000,at_s=105", "--align-policy", "none", "--timing", "zv"],
    }.items():  # fmt: skip
        made[name] = folder / f"{name}.mcap"
        plant = [] if name == "branch" else ["--plant", "rom"]
        assert swaptwin.run(["swap", *plant, *arguments, "--record", str(made[name])]) in (0, 1)
    return made


@pytest.mark.parametrize("name", [slow("policies"), "faults", "refused", slow("branch")])
def test_every_message_of_a_swap(name: str, swaps: dict[str, Path]) -> None:
    assert problems(swaps[name]) == []


def test_what_always_comes_is_listed(swaps: dict[str, Path]) -> None:
    assert {"t_s", "name", "state", "robot", "job", "start_s", "end_s"} <= set(properties(swaps["faults"], "/phases"))
    assert {"t_s", "name", "message", "level", "outcome", "robot"} <= set(properties(swaps["faults"], "/events"))


def test_every_message_of_a_drive_into_the_bay(tmp_path: Path) -> None:
    path = tmp_path / "drive.mcap"
    drive(path, configuration())
    assert problems(path) == []
    with open_recording(path) as recording:
        assert np.isnan(recording.sensors().values[0]).any(), "before the lidar's first frame"


@pytest.mark.slow
def test_every_message_of_an_imported_log(tmp_path: Path) -> None:
    path = tmp_path / "log.mcap"
    log, mapping = LOG_TESTS / "data" / "inc1_sway_collision.csv.gz", LOG_TESTS / "station_a.yaml"
    arguments = ["import-log", str(log), "--map", str(mapping), "-o", str(path), "--start", "100", "--end", "150"]
    assert swaptwin.run([*arguments, "--compare", str(tmp_path / "log.html")]) == 0
    assert problems(path) == []


def test_recordings_with_the_earlier_profile_open(swaps: dict[str, Path], tmp_path: Path) -> None:
    """The name was not one that MCAP's own tools know; readers take either."""
    data = swaps["faults"].read_bytes()
    assert data.count(b"x-swaptwin") >= 1
    head = data.index(b"x-swaptwin") - 4
    length = int.from_bytes(data[head : head + 4], "little")
    record = data.index(b"\x01")
    size = int.from_bytes(data[record + 1 : record + 9], "little")
    earlier = (
        data[: record + 1] + (size - 2).to_bytes(8, "little") + (length - 2).to_bytes(4, "little") + data[head + 6 :]
    )
    path = tmp_path / "earlier.mcap"
    path.write_bytes(earlier)
    with open_recording(path) as recording:  # its index points two bytes too far: it is walked from chunk to chunk
        assert recording.header.configuration["station"]["name"] == "chassis"


# --------------------------------------------------------------------------------------------------- what is recorded


def test_phases_end_when_the_result_says(swaps: dict[str, Path]) -> None:
    """The truck's exit takes its fixed time in the recording too, though nobody simulates it to its end."""
    with open_recording(swaps["policies"]) as recording:
        reported = [phase for phase in recording.summary["result"]["phases"] if phase["name"] != "dock"]
        ends = [entry for entry in recording.phases() if entry["state"] == "end"]
    spans = {(e["name"], e["robot"], e["start_s"]): e["end_s"] for e in ends}
    for phase in reported:
        assert spans[phase["name"], phase["robot"], phase["start_s"]] == phase["end_s"], phase
    (length_s,) = (end_s - start_s for (name, _, start_s), end_s in spans.items() if name == "exit")
    assert length_s == pytest.approx(25.0)


def test_a_fault_that_never_acted_is_in_the_recording(swaps: dict[str, Path]) -> None:
    with open_recording(swaps["refused"]) as recording:
        (event,) = (event for event in recording.events() if event["name"] == "fault_never_acted")
        assert (event["level"], event["fault"]) == ("warning", "estop:at_s=9999.0")
        assert recording.summary["result"]["faults_not_acted"] == ["estop:at_s=9999.0"]


@pytest.mark.parametrize(("name", "share"), [("policies", 1.0), ("faults", 0.4)])
def test_a_drive_holds_its_load_and_what_is_left_accelerates_the_axis(
    name: str, share: float, swaps: dict[str, Path]
) -> None:
    """`share`: how much of what the lift's drive holds is the load, and not the lift itself."""
    with open_recording(swaps[name]) as recording:
        columns = ("z/drive_force_n", "z/net_force_n", "z/velocity_mps", "z/brake")
        t_s, values = recording.states(names=[f"robot0/{column}" for column in columns])
        _, load = recording.states(names=["robot0/load_n"])
        _, x = recording.states(names=["robot0/x/net_force_n", "robot0/x/velocity_mps"])
    drive_n, net_n, speed, brake = values.T
    holds = (np.abs(speed) < 1e-3) & (brake == 0) & (load[:, 0] > 10_000.0)
    assert holds.sum() > 50
    assert np.median(load[holds, 0] / drive_n[holds]) == pytest.approx(share, abs=0.45 if share < 1.0 else 0.05)
    assert np.abs(net_n[holds]).max() < 0.06 * drive_n[holds].max()
    if (brake == 1).any():
        assert np.all(drive_n[brake == 1][5:] == 0.0), "the brake holds it, the drive gives nothing"
    rate = np.gradient(x[:, 1], t_s)
    strong = np.abs(rate) > 0.5 * np.abs(rate).max()
    mass_kg = x[strong, 0] / rate[strong]
    assert np.median(mass_kg) > 500.0
    assert np.abs(mass_kg / np.median(mass_kg) - 1.0).mean() < 0.1, "force over acceleration is the axis's own mass"


def test_a_recording_of_an_earlier_version_is_compared_with_what_it_holds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It had one force an axis, partly the drive's, partly what is left of it."""
    from twin.recording.swap import sampling

    columns = sampling.state_columns
    path = tmp_path / "earlier.mcap"
    with monkeypatch.context() as earlier:
        earlier.setattr(sampling, "state_columns", lambda setup, older=False: columns(setup, older=True))
        run = ["swap", "--plant", "rom", "--fault", "estop:phase=lower", "--record", str(path)]
        assert swaptwin.run(run) == 1
    with open_recording(path) as recording:
        assert "robot0/x/force_n" in recording.channel_names
        assert "robot0/x/net_force_n" not in recording.channel_names
    assert swaptwin.run(["verify", str(path)]) == 0
    on = ["--from", str(path), "--at", "20", "--timing", "zvd", "--record", str(tmp_path / "on.mcap")]
    assert swaptwin.run(["swap", *on]) == 1
    with open_recording(tmp_path / "on.mcap") as recording:
        assert "robot0/x/net_force_n" in recording.channel_names
