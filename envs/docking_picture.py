"""Pictures of a docking episode, drawn by the viewer: the station with the truck that drives in."""

from __future__ import annotations

import numpy as np

from envs.docking_case import Case
from envs.picture import Picture
from twin.docking import DockingPlant
from twin.recording.docking.sampling import DockingSampler
from twin.setup.setup import SwapSetup, build_setup
from twin.viewer.layout import Layout, unguided
from twin.viewer.scene.approach import DOCKING_PRESETS
from twin.viewer.snapshot import Names, Snapshot
from twin.viewer.studio import view_of

Array = np.ndarray


class DockingPicture:
    """Draw episodes, as arrays or in a window. The scene is rebuilt when truck, pack, guides or station change.

    Raises:
        InputError: an unknown view, a wrong size, or a window where there is no display.
    """

    def __init__(self, mode: str, view: str, size_px: tuple[int, int]) -> None:
        self._picture = Picture(mode, view, size_px, DOCKING_PRESETS, "Docking")
        self._drawn: tuple[str, str, bool] | None = None
        self._plant: DockingPlant | None = None

    def show(self, case: Case, plant: DockingPlant) -> Array | None:
        """Draw the picture (height, width, 3) uint8 of this instant; show it in a window and return None there."""
        station = (case.truck.name, case.pack.name, case.guided)
        if station != self._drawn:
            self._setup = build_setup(case.station, case.truck, case.pack, seed=0)
            self._layout = layout_of(self._setup, case.guided)
        if station != self._drawn or plant is not self._plant:
            self._sampler, self._plant = DockingSampler(self._setup, plant, case.speed_scale), plant
            self._names = Names(self._sampler.frames, self._sampler.channel_names, self._sampler.sensor_names)
        if station != self._drawn:
            self._drawn = station
            self._picture.put(self._layout, self._names)
        frames, channels, sensors = self._sampler.read()
        snapshot = Snapshot(self._names, float(plant.time_s()[0]), frames, channels, sensors)
        return self._picture.draw(snapshot, view_of(self._picture.view, self._layout, snapshot))

    def close(self) -> None:
        """Free the window or buffer."""
        self._picture.close()


def layout_of(setup: SwapSetup, guided: bool) -> Layout:
    """Describe a drive into the bay for the viewer, with its guides."""
    station = setup.station if guided else unguided(setup.station)
    return Layout(station, setup.truck, setup.pack, setup.seats, setup.jobs, docking=True)
