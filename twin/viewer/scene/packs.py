"""To be drawn."""

from __future__ import annotations

from twin.viewer.layout import Layout
from twin.viewer.scene import palette
from twin.viewer.scene.frames import FrameNodes
from twin.viewer.scene.mesh import Mesh
from twin.viewer.snapshot import Snapshot


class Packs:
    def __init__(self, layout: Layout, frames: FrameNodes) -> None:
        self._layout = layout
        high = layout.pack.size_m[2]
        for job in layout.jobs:
            for k, paint in ((job.old_pack, palette.PACK_EMPTY), (job.new_pack, palette.PACK_FULL)):
                Mesh().box(layout.pack.size_m, (0.0, 0.0, -layout.retract * high / 2), paint, 0.04).node(
                    "pack", frames[f"pack{k}"]
                )

    def update(self, snapshot: Snapshot) -> None:
        pass
