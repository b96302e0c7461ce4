"""A state in, a picture out: from a recording as the page says, and from a running plant without any file."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from tests.determinism.short_swap import setup_and_timing
from twin.recording.swap import Configuration
from twin.recording.swap.sampling import Sampler
from twin.viewer.graphics.pipe import Pipe, offscreen_pipe
from twin.viewer.layout import Layout
from twin.viewer.snapshot import Names, Snapshot
from twin.viewer.source import Source
from twin.viewer.studio import Studio

PAGE = Path(__file__).parents[3] / "docs" / "viewer.md"


def test_the_example_in_the_docs_runs(top_lift_swap: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert len(code) == 1
    monkeypatch.chdir(tmp_path)
    Path("swap.mcap").symlink_to(top_lift_swap)
    names: dict[str, np.ndarray] = {}
    exec(code[0].replace("160.0", "16.0"), names)
    assert names["pixels"].shape == (360, 640, 3)
    assert names["pixels"].dtype == np.uint8
    assert names["pixels"].std() > 20.0


def test_a_running_plant_is_drawn_without_a_recording() -> None:
    from twin.runner.kinds import bullet_runner

    setup, timing = setup_and_timing("chassis")
    layout = Layout.of(Configuration(setup, timing).as_plain())
    plant = bullet_runner(setup)
    sampler = Sampler(setup, plant.worlds, plant.params)
    names = Names(sampler.frames, sampler.channel_names, sampler.sensor_names)

    def now() -> Snapshot:
        frames, values, sensors = sampler.read()
        return Snapshot(names, 0.0, frames.copy(), values.copy(), sensors.copy())

    try:
        with Studio(layout, names, (320, 180), "low") as studio:
            plant.run_ticks(5)
            first = studio.picture(now())
            again = studio.picture(now())
            plant.worlds["truth"]["truck_q"][0, 0] += 0.5
            moved = studio.picture(now())
    finally:
        plant.close()
    assert (first == again).all(), "the same state gives the same picture"
    assert np.abs(first.astype(int) - moved).max() > 50


def test_without_opengl_the_software_renderer_draws(top_lift_swap: Path) -> None:
    pipe: Pipe = offscreen_pipe("p3tinydisplay")
    assert pipe.note is not None
    assert "\n" not in pipe.note
    with Source(top_lift_swap) as source, Studio(source.layout, source.names, (320, 180), pipe=pipe) as studio:
        pixels = studio.picture(source.snapshot(10.0))
    assert pixels.shape == (180, 320, 3)
    assert pixels.std() > 15.0
