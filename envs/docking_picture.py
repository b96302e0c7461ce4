"""Pictures of a docking episode, through the viewer: the station with the truck that drives in."""

from __future__ import annotations

import numpy as np

from envs.docking_case import Case
from envs.picture import Picture, layout_of
from twin.cell import Cell, build_cell
from twin.docking import DockingPlant
from twin.plants.state import TPITCH, TROLL, TX, TY, TYAW, TZ
from twin.recorded.sampling import fill_frames, frames_of
from twin.viewer.graphics.camera import View
from twin.viewer.scene.views import PRESETS
from twin.viewer.snapshot import UNIT_POSE, Names, Snapshot, compose
from twin.viewer.studio import view_of

Array = np.ndarray
APPROACH = "approach"
PLANE = [TX, TY, TYAW]
VIEWS = (APPROACH, *PRESETS)
EYE_AHEAD_M, EYE_ASIDE_M, EYE_HEIGHT_M = 9.0, -8.5, 5.5
"""The approach is seen from ahead of the bay, on the side that the site leaves open."""
FOV_DEG = 42.0


def approach_view(snapshot: Snapshot) -> View:
    """From a fixed place past the bay; the camera turns with the truck as it comes in."""
    x_m = float(snapshot.world_pose("truck")[0])
    return View((EYE_AHEAD_M, EYE_ASIDE_M, EYE_HEIGHT_M), (0.5 * x_m - 1.0, 0.0, 1.2), FOV_DEG)


class Posed:
    """The frames of a station at rest with the truck, and what stands on it, where a docking plant has it."""

    def __init__(self, cell: Cell) -> None:
        self._worlds, self._params = cell.new_world(), cell.params
        self.names = Names(frames_of(cell))
        # a pack's frame is the middle of its grip face, one height off its seat
        off_seat = np.array([0.0, 0.0, cell.retract * cell.pack.size_m[2], *UNIT_POSE[3:]])
        self._packs = [(f"pack{job.old_pack}", cell.seats[job.truck_seat].name, off_seat) for job in cell.jobs]

    def at(self, plant: DockingPlant) -> Snapshot:
        """The station as `plant`'s one world is now."""
        truck, seen = self._worlds["truck_q"][0], self._worlds["scan_pose"][0, 0]
        truck[PLANE] = plant.pose()[0]
        truck[[TZ, TPITCH, TROLL]] = plant.heave_m()[0], plant.dive_rad()[0], plant.roll_rad()[0]
        seen[:] = truck
        if np.isfinite(plant.measured_age_s()[0]):
            seen[PLANE] = plant.measured_pose()[0]  # the cross that the scene draws is where the lidar has the seat
        poses = np.zeros((len(self.names.frames), 7))
        fill_frames(self._worlds, self._params, 0, poses)
        snapshot = Snapshot(self.names, float(plant.time_s()[0]), poses)
        for name, seat, off_seat in self._packs:
            poses[self.names.frame_index[name]] = compose(snapshot.world_pose(seat), off_seat)
        return snapshot


class DockingPicture:
    """Draws episodes, as arrays or in a window. The scene is built anew when truck, pack or station change.

    Raises:
        InputError: an unknown view, a wrong size, or a window where there is no display.
    """

    def __init__(self, mode: str, view: str, size_px: tuple[int, int]) -> None:
        self._picture = Picture(mode, view, size_px, VIEWS, "Docking")
        self._drawn: tuple[str, str] | None = None

    def show(self, case: Case, plant: DockingPlant) -> Array | None:
        """The picture (height, width, 3) uint8 of this instant; in a window it is shown and None returned."""
        station = (case.truck.name, case.pack.name)
        if station != self._drawn:
            self._drawn = station
            cell = build_cell(case.station, case.truck, case.pack, seed=0)
            self._posed, self._layout = Posed(cell), layout_of(cell)
            self._picture.put(self._layout, self._posed.names)
        snapshot, name = self._posed.at(plant), self._picture.view
        view = approach_view(snapshot) if name == APPROACH else view_of(name, self._layout, snapshot)
        return self._picture.draw(snapshot, view)

    def close(self) -> None:
        """Frees what was opened."""
        self._picture.close()
