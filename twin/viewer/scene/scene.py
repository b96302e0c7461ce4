"""All of a station, built from a layout, moved by snapshots."""

from __future__ import annotations

from typing import Protocol

from panda3d.core import NodePath, TransparencyAttrib

from twin.viewer.layout import Layout
from twin.viewer.scene.frames import FrameNodes
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

    As a `ghost` only what moves is built, translucent and in one tint.
    """

    def __init__(self, layout: Layout, names: Names, ghost: bool = False) -> None:
        self.layout = layout
        self.root = NodePath("ghost" if ghost else "station")
        self.frames = FrameNodes(self.root, names)
        self.parts: list[Part] = []
        if not ghost:
            self.parts.append(Site(layout, self.frames))
        self.parts += [
            TruckModel(layout, self.frames),
            Packs(layout, self.frames),
            Robots(layout, self.frames),
        ]
        if not ghost:
            self.parts.append(Seats(layout, self.frames))
        if ghost:
            self.root.set_color_scale(0.45, 0.85, 1.25, 0.35)
            self.root.set_transparency(TransparencyAttrib.M_alpha)

    def update(self, snapshot: Snapshot) -> None:
        """Moves everything to where the snapshot has it."""
        self.frames.update(snapshot)
        for part in self.parts:
            part.update(snapshot)
