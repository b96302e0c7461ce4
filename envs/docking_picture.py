"""Pictures of a docking episode, through the viewer: the station with the truck that drives in."""

from __future__ import annotations

import numpy as np

from envs.docking_case import Case
from twin.cell import Cell, build_cell
from twin.docking import DockingPlant
from twin.errors import InputError
from twin.plants.state import TPITCH, TROLL, TX, TY, TYAW, TZ
from twin.recorded.sampling import fill_frames, frames_of
from twin.viewer.graphics.camera import View
from twin.viewer.graphics.quality import QUALITIES
from twin.viewer.graphics.window import Window
from twin.viewer.layout import Layout
from twin.viewer.scene.scene import StationScene
from twin.viewer.scene.views import PRESETS
from twin.viewer.snapshot import UNIT_POSE, Names, Snapshot, compose
from twin.viewer.studio import Studio, view_of

Array = np.ndarray
APPROACH = "approach"
PLANE = [TX, TY, TYAW]
VIEWS = (APPROACH, *PRESETS)
QUALITY = "low"
"""Without shadows: pictures of an episode are many and small."""
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
        if view not in VIEWS:
            raise InputError("no such view", key="view", value=view, allowed=", ".join(VIEWS))
        sizes = isinstance(size_px, tuple | list) and len(size_px) == 2 and all(type(side) is int for side in size_px)
        if not sizes or not all(16 <= side <= 4096 for side in size_px):
            raise InputError("not a width and height", key="size_px", value=size_px, allowed="16 to 4096 each")
        self._mode, self._view, self._size = mode, view, (size_px[0], size_px[1])
        self._drawn: tuple[str, str] | None = None
        self._studio: Studio | None = None
        self._scene: StationScene | None = None
        self._window = self._open() if mode == "human" else None

    def show(self, case: Case, plant: DockingPlant) -> Array | None:
        """The picture (height, width, 3) uint8 of this instant; in a window it is shown and None returned."""
        self._prepare(case)
        snapshot = self._posed.at(plant)
        view = approach_view(snapshot) if self._view == APPROACH else view_of(self._view, self._layout, snapshot)
        if self._studio is not None:
            self._studio.view = view
            return self._studio.picture(snapshot)
        self._show(snapshot, view)
        return None

    def close(self) -> None:
        """Frees what was opened."""
        self._clear()
        if self._window is not None:
            self._window.close()
            self._window = None

    def _prepare(self, case: Case) -> None:
        wanted = (case.truck.name, case.pack.name)
        if wanted == self._drawn:
            return
        self._clear()
        cell = build_cell(case.station, case.truck, case.pack, seed=0)
        self._posed, self._layout = Posed(cell), _layout(cell)
        if self._mode == "rgb_array":
            self._studio = Studio(self._layout, self._posed.names, self._size, QUALITY)
        elif self._window is not None:
            self._scene = StationScene(self._layout, self._posed.names)
            self._scene.root.reparent_to(self._window.stage.world)
        self._drawn = wanted

    def _clear(self) -> None:
        if self._studio is not None:
            self._studio.close()
        if self._scene is not None:
            self._scene.root.remove_node()
        self._studio = self._scene = self._drawn = None

    # ----------------------------------------------------------------------------------------------------- the window

    def _open(self) -> Window:
        try:
            return Window("Docking · SwapTwin", self._size, QUALITIES[QUALITY])
        except InputError:
            raise InputError(
                "no window can be opened here (is there a display?)",
                key="render_mode",
                value="human",
                allowed="'rgb_array' needs none",
            ) from None

    def _show(self, snapshot: Snapshot, view: View) -> None:
        """Draw into the window; once the user has closed it, nothing is drawn any more."""
        if self._window is None or self._scene is None:
            return
        for press in self._window.poll():
            if press.kind == "close":
                self.close()
                return
        self._window.resized()
        self._scene.update(snapshot)
        self._window.stage.look(view)
        self._window.draw()


def _layout(cell: Cell) -> Layout:
    return Layout(station=cell.station, truck=cell.truck, pack=cell.pack, seats=cell.seats, jobs=cell.jobs)
