"""Renders a station from a state, without a window and without a recording file.

>>> studio = Studio(source.layout, source.names, (640, 360))
>>> pixels = studio.picture(source.snapshot(12.0))  # (360, 640, 3) uint8
"""

from __future__ import annotations

import numpy as np

from twin.errors import InputError
from twin.viewer.graphics.camera import View
from twin.viewer.graphics.offscreen import Offscreen
from twin.viewer.graphics.pipe import Pipe
from twin.viewer.graphics.quality import QUALITIES
from twin.viewer.layout import Layout
from twin.viewer.origin import Provenance
from twin.viewer.scene.approach import sun_of
from twin.viewer.scene.presets import views_of
from twin.viewer.scene.scene import StationScene
from twin.viewer.scene.views import from_above, truck_hides_work
from twin.viewer.snapshot import Names, Snapshot


class Studio:
    """A station and a camera. `view` is a preset's name or a `View`, and may be set between pictures."""

    def __init__(
        self,
        layout: Layout,
        names: Names,
        size_px: tuple[int, int] = (1280, 720),
        quality: str = "medium",
        view: str | View = "overview",
        pipe: Pipe | None = None,
        provenance: Provenance | None = None,
    ) -> None:
        self.layout = layout
        self.view = view
        self.offscreen = Offscreen(size_px, QUALITIES[quality], pipe)
        self.stage = self.offscreen.stage
        if layout.docking:
            self.stage.aim_sun(*sun_of(layout))
        self.scene = StationScene(layout, names, provenance=provenance)
        self.scene.root.reparent_to(self.stage.world)

    def __enter__(self) -> Studio:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def picture(self, snapshot: Snapshot) -> np.ndarray:
        """Picture of this instant: (height, width, 3) uint8."""
        self.prepare(snapshot)
        return self.offscreen.picture()

    def prepare(self, snapshot: Snapshot) -> None:
        """Update scene and camera to this instant, without drawing."""
        self.scene.update(snapshot)
        self.scene.see_through_truck(truck_hides_work(self.view, self.layout))
        self.scene.uncover(from_above(self.view))
        self.stage.look(view_of(self.view, self.layout, snapshot))

    def close(self) -> None:
        self.scene.root.remove_node()
        self.offscreen.close()


def view_of(view: str | View, layout: Layout, snapshot: Snapshot) -> View:
    """A preset's view at this instant, or the view itself; raises InputError for an unknown preset."""
    if isinstance(view, View):
        return view
    try:
        preset = views_of(layout)[view]
    except KeyError:
        raise InputError("no such view", key="--view", value=view, allowed=", ".join(views_of(layout))) from None
    return preset(layout, snapshot)
