"""Static parts: ground, lane, the hall or the pit, racks, cabinets."""

from __future__ import annotations

from panda3d.core import NodePath, TransparencyAttrib

from twin.viewer.graphics.stage import SEEN_BY_SUN
from twin.viewer.layout import Layout
from twin.viewer.scene.frames import FrameNodes
from twin.viewer.scene.mesh import Mesh
from twin.viewer.scene.overlay import as_ground
from twin.viewer.scene.proportions import Gantry, Pit
from twin.viewer.scene.site.hall import hall
from twin.viewer.scene.site.lane import ground, lane_markings, wheel_guides
from twin.viewer.scene.site.pit import canopy, deck, pit, pit_ground
from twin.viewer.snapshot import Snapshot

DECK_GLASS = 0.12


class Site:
    """The site under the world's root: the ground as one node, everything on it as another.

    The deck over a pit and the roof beside it are separate nodes for `uncover`.
    """

    def __init__(self, layout: Layout, frames: FrameNodes) -> None:
        flat, solid = Mesh(), Mesh()
        plates, roofs = Mesh(), Mesh()
        wheel_guides(solid, layout)
        if layout.station.kind == "top_lift":
            gantry = Gantry.of(layout)
            ground(flat)
            lane_markings(flat, layout, gantry.near_y_m)
            hall(solid, flat, layout, gantry)
        else:
            hollow = Pit.of(layout)
            pit_ground(flat, hollow)
            lane_markings(flat, layout, -hollow.half_y_m)
            pit(solid, layout, hollow)
            deck(plates, hollow)
            canopy(roofs, layout)
        self.ground = as_ground(flat.node("ground", frames.root))
        solid.node("structure", frames.root)
        self.deck, self.roof = (
            mesh.node(name, frames.root) if mesh.triangles else NodePath(name)
            for name, mesh in (("deck", plates), ("roof", roofs))
        )
        self.triangles = sum(mesh.triangles for mesh in (flat, solid, plates, roofs))
        self._docking, self._uncovered = layout.docking, False

    def update(self, snapshot: Snapshot) -> None:
        """Does nothing: the site is static."""

    def uncover(self, on: bool) -> None:
        """Hide the roof and make the deck translucent, for a view from above; during docking the deck stays solid."""
        if on == self._uncovered:
            return
        self._uncovered = on
        if on:
            self.roof.hide()
        else:
            self.roof.show()
        if on and not self._docking:
            self.deck.set_color_scale(1.0, 1.0, 1.0, DECK_GLASS)
            self.deck.set_transparency(TransparencyAttrib.M_alpha)
            self.deck.set_bin("transparent", 0)
            self.deck.hide(SEEN_BY_SUN)  # otherwise everything below is in its shadow
        else:
            self.deck.clear_color_scale()
            self.deck.clear_transparency()
            self.deck.clear_bin()
            self.deck.show(SEEN_BY_SUN)
