"""Pictures of an episode on a swap's plant, through the viewer."""

from __future__ import annotations

import numpy as np

from envs.picture import Picture, layout_of
from twin.recording.swap.sampling import Sampler
from twin.runner.single import Runner
from twin.setup.setup import SwapSetup
from twin.viewer.scene.views import PRESETS
from twin.viewer.snapshot import Names, Snapshot
from twin.viewer.studio import view_of

Array = np.ndarray


class SwapPicture:
    """Draws a plant as it is now, as an array or in a window. The scene is built anew for every other setup.

    Raises:
        InputError: an unknown view, a wrong size, or a window where there is no display.
    """

    def __init__(self, mode: str, view: str, size_px: tuple[int, int], title: str) -> None:
        self._picture = Picture(mode, view, size_px, tuple(PRESETS), title)
        self._setup: SwapSetup | None = None

    def show(self, setup: SwapSetup, runner: Runner, job: int | None = None) -> Array | None:
        """The picture (height, width, 3) uint8 of the plant's one world; in a window it is shown and None returned.

        `job` is the one that the episode is about, None for a whole swap.
        """
        sampler = Sampler(setup, runner.worlds, runner.params)
        if self._setup is not setup:
            self._setup = setup
            self._layout = layout_of(setup, job)
            self._names = Names(sampler.frames, sampler.channel_names, sampler.sensor_names)
            self._picture.put(self._layout, self._names)
        poses, values, sensors = sampler.read()
        snapshot = Snapshot(self._names, float(runner.worlds["truth"]["t_s"][0]), poses, values, sensors)
        return self._picture.draw(snapshot, view_of(self._picture.view, self._layout, snapshot))

    def close(self) -> None:
        """Frees what was opened."""
        self._picture.close()
