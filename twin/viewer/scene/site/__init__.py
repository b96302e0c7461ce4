"""What stands still: ground, lane, the hall or the pit, racks, cabinets."""

from __future__ import annotations

from twin.viewer.layout import Layout
from twin.viewer.scene.frames import FrameNodes
from twin.viewer.scene.mesh import Mesh
from twin.viewer.scene.overlay import as_ground
from twin.viewer.scene.proportions import Gantry, Pit
from twin.viewer.scene.site.hall import hall
from twin.viewer.scene.site.lane import ground, lane_markings, wheel_guides
from twin.viewer.scene.site.pit import pit, pit_ground
from twin.viewer.snapshot import Snapshot


class Site:
    """The site under the world's root: the ground as one node, all that stands on it as another."""

    def __init__(self, layout: Layout, frames: FrameNodes) -> None:
        flat, solid = Mesh(), Mesh()
        wheel_guides(solid, layout)
        if layout.station.kind == "top_lift":
            gantry = Gantry.of(layout)
            ground(flat)
            lane_markings(flat, layout, gantry.near_y_m)
            hall(solid, flat, layout, gantry)
        else:
            hollow = Pit.of(layout)
            pit_ground(flat, layout, hollow)
            lane_markings(flat, layout, -hollow.half_y_m)
            pit(solid, layout, hollow)
        self.ground = as_ground(flat.node("ground", frames.root))
        self.structure = solid.node("structure", frames.root)
        self.triangles = flat.triangles + solid.triangles

    def update(self, snapshot: Snapshot) -> None:
        """Nothing of the site moves."""
