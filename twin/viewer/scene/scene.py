"""All of a station, built from a layout, moved by snapshots."""

from __future__ import annotations

from typing import Protocol

from panda3d.core import NodePath, TransparencyAttrib

from twin.viewer.graphics.stage import SEEN_BY_SUN
from twin.viewer.layout import Layout
from twin.viewer.scene.arrows import ForceArrows
from twin.viewer.scene.frames import FrameNodes
from twin.viewer.scene.guide_forces import GuideForces
from twin.viewer.scene.measured import MeasuredSeats
from twin.viewer.scene.packs import Packs
from twin.viewer.scene.robots import Robots
from twin.viewer.scene.seats import Seats
from twin.viewer.scene.site import Site
from twin.viewer.scene.truck import TruckModel
from twin.viewer.snapshot import Names, Snapshot


class Part(Protocol):
    """Something of the scene that changes with more than its frame's pose."""

    def update(self, snapshot: Snapshot) -> None: ...


class StationScene:
    """The station under `root`: call `update` with each snapshot.

    As a `ghost` only what moves is built, translucent, in one tint and without a shadow, forces and measured poses.
    """

    def __init__(self, layout: Layout, names: Names, ghost: bool = False) -> None:
        self.layout = layout
        self.root = NodePath("ghost" if ghost else "station")
        self.frames = FrameNodes(self.root, names)
        self.parts: list[Part] = []
        if not ghost:
            self.parts.append(Site(layout, self.frames))
        self._truck = TruckModel(layout, self.frames)
        self.parts += [
            self._truck,
            Packs(layout, self.frames, ghost),
            Robots(layout, self.frames),
        ]
        self.forces: ForceArrows | GuideForces | None = None
        self.measured: MeasuredSeats | None = None
        if not ghost:
            self.parts.append(Seats(layout, self.frames))
            self.forces = (GuideForces if layout.docking else ForceArrows)(layout, self.frames)
            self.measured = MeasuredSeats(layout, self.frames)
            self.parts += [self.forces, self.measured]
        if ghost:
            self.root.set_color_scale(0.45, 0.85, 1.25, 0.35)
            self.root.set_transparency(TransparencyAttrib.M_alpha)
            self.root.set_bin("transparent", 0)
            self.root.hide(SEEN_BY_SUN)

    def update(self, snapshot: Snapshot) -> None:
        """Moves everything to where the snapshot has it."""
        self.frames.update(snapshot)
        for part in self.parts:
            part.update(snapshot)

    def see_through_truck(self, on: bool) -> None:
        """Makes the truck translucent or solid."""
        self._truck.set_glass(on)

    @property
    def show_forces(self) -> bool:
        """Whether forces are drawn as arrows; takes effect with the next `update`."""
        return self.forces is not None and self.forces.visible

    @show_forces.setter
    def show_forces(self, on: bool) -> None:
        if self.forces is not None:
            self.forces.visible = on

    @property
    def show_measured(self) -> bool:
        """Whether the measured pose is drawn beside the true one; takes effect with the next `update`."""
        return self.measured is not None and self.measured.visible

    @show_measured.setter
    def show_measured(self, on: bool) -> None:
        if self.measured is not None:
            self.measured.visible = on
