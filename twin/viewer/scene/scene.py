"""The whole station, built from a layout and moved by snapshots."""

from __future__ import annotations

from typing import Protocol

from panda3d.core import NodePath, TransparencyAttrib

from twin.viewer.graphics.stage import SEEN_BY_SUN
from twin.viewer.layout import Layout
from twin.viewer.origin import Provenance, is_estimated
from twin.viewer.scene.arrows import ForceArrows
from twin.viewer.scene.estimated import EstimatedBodies
from twin.viewer.scene.frames import FrameNodes
from twin.viewer.scene.ghost import GhostOutlines
from twin.viewer.scene.guide_forces import GuideForces
from twin.viewer.scene.measured import FRAME as MEASURED_FRAME
from twin.viewer.scene.measured import MeasuredSeats
from twin.viewer.scene.packs import Packs
from twin.viewer.scene.robots import Robots
from twin.viewer.scene.seats import Seats
from twin.viewer.scene.site import Site
from twin.viewer.scene.truck import TruckModel
from twin.viewer.snapshot import Names, Snapshot

TRUCK, SAME_M, SAME_RAD = "truck", 0.02, 0.002
"""Trucks of two runs within these distances count as in the same place."""
TWILIGHT = (0.50, 0.53, 0.60)
"""Brightness during a gap of the log."""


class Part(Protocol):
    """A part of the scene that changes with more than its frame's pose."""

    def update(self, snapshot: Snapshot) -> None: ...


class StationScene:
    """The station under `root`: call `update` with each snapshot.

    A `ghost` has only the moving parts, translucent, in one tint and without shadow, forces and measured poses.
    """

    def __init__(self, layout: Layout, names: Names, ghost: bool = False, provenance: Provenance | None = None) -> None:
        origin = provenance or {}
        self.layout = layout
        self.root = NodePath("ghost" if ghost else "station")
        self.frames = FrameNodes(self.root, names)
        self.parts: list[Part] = []
        self._glass = self._uncovered = False
        self._site: Site | None = None
        if not ghost:
            self._site = Site(layout, self.frames)
            self.parts.append(self._site)
        self._truck = TruckModel(layout, self.frames)
        self.parts += [
            self._truck,
            Packs(layout, self.frames, ghost),
            Robots(layout, self.frames, origin),
        ]
        self.forces: ForceArrows | GuideForces | None = None
        self.measured: MeasuredSeats | None = None
        if not ghost:
            self.parts.append(Seats(layout, self.frames, origin))
            self.forces = (
                GuideForces(layout, self.frames) if layout.docking else ForceArrows(layout, self.frames, origin)
            )
            self.parts.append(self.forces)
            if not is_estimated(origin, MEASURED_FRAME):
                self.measured = MeasuredSeats(layout, self.frames)
                self.parts.append(self.measured)
        self.estimated = EstimatedBodies(layout, self.frames, origin, ghost)
        self._ghost, self._logged = ghost, True
        if ghost:
            self.parts.append(GhostOutlines(layout, self.frames))
            self.root.set_color_scale(0.35, 0.85, 1.35, 0.45)
            self.root.set_transparency(TransparencyAttrib.M_alpha)
            self.root.set_bin("transparent", 0)
            self.root.hide(SEEN_BY_SUN)

    def update(self, snapshot: Snapshot, first: Snapshot | None = None) -> None:
        """Move everything to the snapshot's poses; in a gap of a log it is dimmed, and a ghost is hidden.

        A ghost's truck at the place of the `first` run's truck is hidden: coincident surfaces flicker.
        """
        if self._ghost and first is not None:
            apart = snapshot.world_pose(TRUCK) - first.world_pose(TRUCK)
            self._truck.show(bool(abs(apart[:3]).max() > SAME_M or abs(apart[3:]).max() > SAME_RAD))
        if snapshot.logged != self._logged:
            self._logged = snapshot.logged
            self._dim(not snapshot.logged)
        self.frames.update(snapshot)
        for part in self.parts:
            part.update(snapshot)

    def _dim(self, on: bool) -> None:
        if self._ghost:
            for node in self.root.get_children():
                node.hide() if on else node.show()
        elif on:
            self.root.set_color_scale(*TWILIGHT, 1.0)
        else:
            self.root.clear_color_scale()

    def see_through_truck(self, on: bool) -> None:
        """Make the truck translucent or solid."""
        self._glass = on
        self._truck.set_glass(on, faint=on and self._uncovered)

    def uncover(self, on: bool) -> None:
        """Uncover the area under deck and roof, or cover it again: from above they hide the work in the pit."""
        self._uncovered = on
        self._truck.set_glass(self._glass, faint=self._glass and on)
        if self._site is not None:
            self._site.uncover(on)

    @property
    def show_forces(self) -> bool:
        """True if forces are drawn as arrows; takes effect with the next `update`."""
        return self.forces is not None and self.forces.visible

    @show_forces.setter
    def show_forces(self, on: bool) -> None:
        if self.forces is not None:
            self.forces.visible = on

    @property
    def show_measured(self) -> bool:
        """True if the measured pose is drawn beside the true one; takes effect with the next `update`."""
        return self.measured is not None and self.measured.visible

    @show_measured.setter
    def show_measured(self, on: bool) -> None:
        if self.measured is not None:
            self.measured.visible = on
