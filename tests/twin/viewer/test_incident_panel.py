"""A picture of an incident says what happened: what tripped, when, where, at which value and limit."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest

from tests.twin.faults.setups import setup_of
from twin.catalogue import load_pack, load_station, load_timing, load_truck
from twin.faults import parse_fault, player
from twin.recording.docking import DockingConfiguration, DockingRecorder
from twin.recording.docking.configuration import Start
from twin.recording.swap import SwapRecorder
from twin.result import SwapResult
from twin.runner.kinds import runner_maker
from twin.swap import SwapTwin
from twin.viewer import incidents, moments
from twin.viewer.graphics.offscreen import Offscreen
from twin.viewer.graphics.quality import QUALITIES
from twin.viewer.headless import Presenter
from twin.viewer.hud import GhostTable, Hud
from twin.viewer.hud.incident_panel import _most_telling, wrapped
from twin.viewer.hud.model import title_of
from twin.viewer.hud.recorded import model_at
from twin.viewer.incidents import RecentEvent, incident_at
from twin.viewer.playback import Playback
from twin.viewer.source import Source

ROWS = tuple((f"phase_{k}", 1.0 + k, 1.5 + k, 0.5) for k in range(40))
SIZES = ((1280, 720), (640, 360), (1920, 1080))


def recorded(path: Path, plant: str, station: str, *faults: str) -> SwapResult:
    setup = setup_of(station)
    timing = load_timing("factory", setup.station)
    twin = SwapTwin(setup, timing, [parse_fault(fault) for fault in faults], make_runner=runner_maker(plant))
    with SwapRecorder(path, twin) as recorder:
        result = twin.run()
        recorder.finish(result)
    twin.close()
    return result


@pytest.fixture(scope="module")
def overload(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, SwapResult]:
    """A chassis swap on the reduced-order plant that trips as a pack is caught on a lock."""
    path = tmp_path_factory.mktemp("incident") / "overload.mcap"
    return path, recorded(path, "rom", "chassis", "lock_snag:lock=4", "wrong_pack:factor=1.01")


def texts(hud: Hud) -> list[tuple[str, float, float, float, float]]:
    return [text for layer in hud.layers for text in layer.texts]


def test_the_panel_comes_with_the_trip_and_has_its_sentence(overload) -> None:
    path, result = overload
    (trip,) = [event for event in result.events if event["name"] == "trip"]
    with Source(path) as source:
        assert incident_at(source, trip["t_s"] - 0.02) is None
        note = incident_at(source, trip["t_s"])
        assert note is not None
        assert note == incident_at(source, trip["t_s"]), "a layer's key"
        assert (note.title, note.cause, note.t_s) == ("trip: overload", trip["cause"], trip["t_s"])
        assert note.where == "robot 1 · phase lower out · axis z"
        assert note.faults == ("wrong_pack:factor=1.01", "lock_snag:lock=4")
        said = [line.text for line in note.recent]
        assert "fault lock_snag acts" in said
        assert "robot 1: unlock" in said
        assert not any("overload" in text for text in said), "not reported twice"
        assert sorted(line.t_s for line in note.recent) == [line.t_s for line in note.recent]
        late = incident_at(source, source.end_s)
        assert late is not None
        assert (late.title, late.cause) == (note.title, note.cause)


@pytest.mark.parametrize("size", SIZES)
def test_all_is_written_inside_the_panel_and_over_nothing(overload, size) -> None:
    path, result = overload
    (trip,) = [event for event in result.events if event["name"] == "trip"]
    with Source(path) as source, Offscreen(size, QUALITIES["low"]) as screen:
        hud = Hud(screen.stage.hud, size)
        for ghost, toast in ((None, None), (GhostTable("other.mcap", ROWS, "phase_30"), "picture written")):
            hud.update(replaced(source, trip["t_s"] + 0.5, ghost, toast))
            written = [text for text, *_ in texts(hud)]
            lines = wrapped(trip["cause"], hud.kit.fonts.bold, 0.56 * size[0], 3)
            assert "Trip: overload" in written
            assert f"at {trip['t_s']:.2f} s" in written
            assert trip["cause"] in " ".join(written) or all(part in " ".join(written) for part in lines)
            assert "fault: wrong_pack:factor=1.01; lock_snag:lock=4" in written
            area = hud.incident.area
            assert area.right <= hud.free.right
            assert area.bottom <= hud.free.bottom
            assert area.height <= 0.7 * hud.free.height
            assert hud.ghost.area.bottom <= area.y
            assert hud.hit(area.x + 5, area.y + 5) is not None, "a click there turns no camera"
            inside = {id(layer) for layer in hud.incident.layers}
            boxes = [text[1:] for layer in hud.layers if id(layer) not in inside for text in layer.texts]
            for x0, y0, x1, y1 in boxes:
                assert x1 <= area.x or x0 >= area.right or y1 <= area.y or y0 >= area.bottom
            own = [text[1:] for layer in hud.incident.layers for text in layer.texts]
            for a, b in itertools.combinations(own, 2):
                assert a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] or b[3] <= a[1]
            for x0, y0, x1, y1 in own:
                assert area.x <= x0
                assert x1 <= area.right
                assert area.y <= y0
                assert y1 <= area.bottom
        hud.close()


def replaced(source: Source, t_s: float, ghost: GhostTable | None, toast: str | None):
    from dataclasses import replace

    return replace(model_at(source, Playback(source, t_s=t_s), None, None, controls=True), ghost=ghost, toast=toast)


def test_the_title_names_all_that_the_swap_was_made_of(overload) -> None:
    path, _ = overload
    for size in SIZES:
        with Source(path) as source, Offscreen(size, QUALITIES["low"]) as screen:
            hud = Hud(screen.stage.hud, size)
            hud.update(model_at(source, Playback(source, t_s=0.0), None, None))
            written = {text for text, *_ in texts(hud)}
            hud.close()
        assert {"chassis", "chassis_rigid_1", "chassis_171", "reduced order (rom)", "factory", "OVERLOAD"} <= written
        assert {"station", "truck", "pack", "plant", "timing", "seed"} <= written


def test_marks_of_trip_and_fault_have_words(overload) -> None:
    path, _ = overload
    with Source(path) as source, Offscreen((1280, 720), QUALITIES["low"]) as screen:
        hud = Hud(screen.stage.hud, (1280, 720))
        hud.update(model_at(source, Playback(source, t_s=0.0), None, None))
        lane = {text for layer in hud.timeline.layers for text, *_ in layer.texts}
        hud.close()
    assert {"overload", "fault lock_snag"} <= lane


@pytest.mark.parametrize(
    ("plant", "station", "fault"),
    [("bullet", "top_lift", "estop:at_s=1"), ("rom", "chassis", "truck_shove:force_n=500000,at_s=1,for_s=0.5")],
)
def test_a_screenshot_changes_where_the_panel_is(plant: str, station: str, fault: str, tmp_path: Path) -> None:
    path, size = tmp_path / "swap.mcap", (640, 360)
    result = recorded(path, plant, station, fault)
    (trip,) = [event for event in result.events if event["name"] == "trip"]
    with Source(path) as source:
        presenter = Presenter(source, size, "low", "overview")
        before = presenter.picture(trip["t_s"] - 0.02).astype(int)
        after = presenter.picture(trip["t_s"]).astype(int)
        note = incident_at(source, trip["t_s"])
        assert note is not None
        assert note.cause == trip["cause"]
        area = presenter._display._hud.incident.area
        presenter.close()
    x0, y0, x1, y1 = (round(v) for v in (area.x, area.y, area.right, area.bottom))
    changed = np.abs(after - before).max(axis=2) > 24
    assert changed[y0:y1, x0:x1].mean() > 0.6
    assert changed[: y0 - 2, : x1 - 2].mean() < 0.05, "the scene itself stands"
    panel = after[y0:y1, x0:x1]
    assert (panel[:, :, 0] > 200).sum() > 50, "red and white words"


def test_violations_are_reported_with_their_worst_value(tmp_path: Path) -> None:
    path = tmp_path / "swap.mcap"
    result = recorded(path, "rom", "top_lift", "brakes_released:phase=unlock")
    with Source(path) as source:
        note = incident_at(source, source.end_s)
        assert note is not None
        assert note.title == "trip: truck moved"
        assert "robot" not in note.where, "nobody's axis: the truck"
        reported = " ".join(note.violations)
        for violation in result.violations:
            assert f"invariant {violation['invariant']} violated from" in reported
            said = violation["message"]
            assert (said.rsplit(": ", 1)[-1] if "limit" in violation else said) in reported
        markers = [m for m in source.markers if m.violation]
        assert len(markers) == len(result.violations)
        assert [badge.text for badge in title_of(source).badges] == ["TRUCK MOVED", "VIOLATION"]


def test_a_trip_without_a_value_says_what_moved_and_how_it_came_to_rest(tmp_path: Path) -> None:
    """A button has no value: what is asked is the speed, the way on against the way allowed, height and load."""
    path = tmp_path / "estop.mcap"
    result = recorded(path, "rom", "top_lift", "estop:phase=lower,after_s=12")
    (trip,) = [event for event in result.events if event["name"] == "trip"]
    names = ["robot0/z/position_m", "robot0/z/velocity_mps", "robot0/load_n"]
    with Source(path) as source:
        note = incident_at(source, trip["t_s"])
        assert note is not None
        assert note.motion == getattr(incident_at(source, source.end_s), "motion", None)
        run = source.recording.states(trip["t_s"] - 0.1, source.end_s, names=names)
        z_m, z_mps, load_n = run.values.T
        at_m = np.interp(trip["t_s"], run.t_s, z_m)
        after = run.t_s > trip["t_s"] + 1e-6
        allowed_m = source.layout.station.axes.z.stopping_distance_m
        way_m = np.abs(z_m[after] - at_m).max()
        assert way_m > 0.05, "it was under way"
        rest_s = run.t_s[np.flatnonzero(np.abs(z_mps) > 0.01)[-1] + 1] - trip["t_s"]
        (said,) = note.motion
        mm = [f"{1e3 * length_m:.0f} mm" for length_m in (abs(z_mps[~after][-1]), way_m, allowed_m)]
        assert said == (
            f"z {mm[0]}/s, stopped within {mm[1]} of {mm[2]} allowed; at rest {rest_s:.1f} s later; "
            f"hoist at {at_m:.2f} m; load {load_n[~after][-1] / 1e3:.1f} kN"
        )
        for size in SIZES:
            with Offscreen(size, QUALITIES["low"]) as screen:
                hud = Hud(screen.stage.hud, size)
                table = GhostTable("other.mcap", ROWS, "phase_30")
                hud.update(replaced(source, source.end_s, table, None))
                written = " ".join(text for layer in hud.incident.layers for text, *_ in layer.texts)
                hud.close()
            assert "emergency stop button pressed" in written
            assert said in written, size


def test_axes_at_rest_at_a_trip_are_reported_as_such(overload) -> None:
    path, result = overload
    with Source(path) as source:
        assert moments.stop_lines(source, 1.0)[0].startswith("all axes stood still")
        assert moments.stop_lines(source, source.end_s) == (), "nothing is known of what came after"


def test_the_word_of_a_trip_is_read_also_where_the_cursor_stands(overload) -> None:
    path, result = overload
    (trip,) = [event for event in result.events if event["name"] == "trip"]
    for size in SIZES:
        with Source(path) as source:
            presenter = Presenter(source, size, "low", "overview")
            pictures = [presenter.picture(0.0)]
            hud = presenter._display._hud
            words = [box for layer in hud.timeline.layers for box in layer.texts if box[0] == "overload"]
            (_, x0, y0, x1, y1) = words[0]
            at = [hud.timeline.scale.time(x) for x in (x0 + 1, (x0 + x1) / 2, x1 - 1)]
            assert min(abs(t_s - trip["t_s"]) for t_s in at) < 1.0
            pictures += [presenter.picture(t_s) for t_s in at]
            presenter.close()
        shown = [p[round(y0) : round(y1) + 1, round(x0) : round(x1)].astype(int) for p in pictures]
        assert all(np.array_equal(shown[0], other) for other in shown[1:]), size


def test_where_few_lines_fit_the_last_alarms_are_kept() -> None:
    lines = tuple(
        RecentEvent(t_s, name, level)
        for t_s, name, level in ((1.0, "a", "error"), (2.0, "b", "info"), (3.0, "c", "warning"), (4.0, "d", "info"))
    )
    assert ["".join(line.text for line in _most_telling(lines, rows)) for rows in range(5)] == [
        "",
        "c",
        "ac",
        "acd",
        "abcd",
    ]


def test_a_number_keeps_its_unit() -> None:
    with Offscreen((64, 64), QUALITIES["low"]) as screen:
        hud = Hud(screen.stage.hud, (64, 64))
        font = hud.kit.fonts.small
        text = "stopped within 0.56 m of 1.90 m allowed; y 419 mm/s, load 34.0 kN; at rest 1.9 s later"
        for width in range(60, 400, 7):
            lines = wrapped(text, font, width, 99)
            assert " ".join(lines) == text or any("…" in line for line in lines)
            assert not any(line.split(" ")[0].rstrip(",;") in ("m", "mm/s", "kN", "s") for line in lines)
        hud.close()


def test_a_rail_that_was_hit_is_reported_with_force_limit_and_wheel(tmp_path: Path) -> None:
    path = tmp_path / "rail.mcap"
    config = DockingConfiguration(
        seed=3,
        station=load_station("top_lift"),
        truck=load_truck("tractor_6x4"),
        pack=load_pack("cab_282"),
        conditions="clear",
        guided=True,
        start=Start(-12.0, 0.3, 0.0, 0.0),
    )
    plant = config.new_plant()
    with DockingRecorder(path, plant, config) as recorder:
        while plant.rail_force_n()[0] < 2000.0:
            recorder.drive(0.0, 0.6)
        recorder.event("outcome", "rail_hit: too hard", level="error", outcome="rail_hit")
        recorder.finish("rail_hit", False, {})
    force_n, axle, side = float(plant.rail_force_n()[0]), *np.unravel_index(plant.rail_forces_n()[0].argmax(), (99, 2))
    with Source(path) as source:
        note = incident_at(source, source.end_s)
        assert note is not None
        rail, place = note.motion
        limit_kn = source.layout.station.approach.rail_force_limit_n / 1e3
        assert rail.startswith("rail force up to ")
        assert f"limit {limit_kn:.1f} kN; axle {axle + 1}, {('right', 'left')[side]} wheel" in rail
        assert float(rail.split()[4]) >= round(force_n / 1e3, 1)
        assert "before its place" in place


def test_an_alarm_of_a_log_is_reported_while_it_stands(imported_log: Path) -> None:
    with Source(imported_log) as source:
        assert incident_at(source, 12.9) is None
        note = incident_at(source, 14.0)
        assert note is not None
        assert (note.title, note.cause, note.faults) == ("lateral abort", "alarm 2211: lateral force over 6 kN", ())
        assert [line.text for line in note.recent][-1] == "alarm 2107: sway over 0.5 deg"
        assert note.where == "phase insert", "what it was at before its fault step"
        about = source.recording.sensors(12.0, 14.0, names=["robot0/load_cell_n"]).values
        (measured,) = note.motion
        assert f"load up to {np.abs(about).max() / 1e3:.1f} kN" in measured


def test_an_older_recording_says_what_it_knows(made_up_swap: Path) -> None:
    with Source(made_up_swap) as source:
        note = incident_at(source, 24.6)
        assert note is not None
        assert (note.title, note.cause) == ("trip", "lateral force above the limit")


def test_faults_without_an_event_are_those_of_the_setup() -> None:
    assert incidents.SETUP_FAULTS == player.SETUP_FAULTS
