"""A picture of an incident says what happened: what tripped, when, where, at which value and limit."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest

from tests.twin.faults.cells import cell_of
from twin.catalogue import load_timing
from twin.faults import parse_fault
from twin.faults.player import CELL_KINDS
from twin.plants.kinds import plant_maker
from twin.recorded import SwapRecorder
from twin.swap import SwapResult, SwapTwin
from twin.viewer.graphics.offscreen import Offscreen
from twin.viewer.graphics.quality import QUALITIES
from twin.viewer.headless import Presenter
from twin.viewer.hud import GhostTable, Hud
from twin.viewer.hud.incident_panel import wrapped
from twin.viewer.hud.recorded import model_at
from twin.viewer.incidents import CELL_FAULTS, incident_at
from twin.viewer.playback import Playback
from twin.viewer.source import Source

ROWS = tuple((f"phase_{k}", 1.0 + k, 1.5 + k, 0.5) for k in range(40))
SIZES = ((1280, 720), (640, 360), (1920, 1080))


def recorded(path: Path, plant: str, station: str, *faults: str) -> SwapResult:
    cell = cell_of(station)
    timing = load_timing("factory", cell.station)
    twin = SwapTwin(cell, timing, [parse_fault(fault) for fault in faults], make_plant=plant_maker(plant))
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
        assert not any("overload" in text for text in said), "not told twice"
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
    [("bullet", "top_lift", "estop:at_s=1"), ("rom", "chassis", "truck_shove:force_n=250000,at_s=1,for_s=0.5")],
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


def test_violations_are_told_with_their_worst_value(tmp_path: Path) -> None:
    path = tmp_path / "swap.mcap"
    result = recorded(path, "rom", "top_lift", "brakes_released:phase=unlock")
    with Source(path) as source:
        note = incident_at(source, source.end_s)
        assert note is not None
        assert note.title == "trip: truck moved"
        assert "robot" not in note.where, "nobody's axis: the truck"
        told = " ".join(note.violations)
        for violation in result.violations:
            assert f"invariant {violation['invariant']} violated from" in told
            if "limit" in violation:
                assert violation["message"].rsplit(": ", 1)[-1] in told
        markers = [m for m in source.markers if m.violation]
        assert len(markers) == len(result.violations)


def test_an_alarm_of_a_log_is_told_while_it_stands(imported_log: Path) -> None:
    with Source(imported_log) as source:
        assert incident_at(source, 12.9) is None
        note = incident_at(source, 14.0)
        assert note is not None
        assert (note.title, note.cause, note.faults) == ("lateral abort", "alarm 2211: lateral force over 6 kN", ())
        assert [line.text for line in note.recent][-1] == "alarm 2107: sway over 0.5 deg"


def test_an_older_recording_says_what_it_knows(made_up_swap: Path) -> None:
    with Source(made_up_swap) as source:
        note = incident_at(source, 24.6)
        assert note is not None
        assert (note.title, note.cause) == ("trip", "lateral force above the limit")


def test_faults_without_an_event_are_those_of_the_cell() -> None:
    assert CELL_FAULTS == CELL_KINDS
