"""Camera presets of a recording: for a swap, or for a drive into the bay."""

from __future__ import annotations

from collections.abc import Mapping

from twin.viewer.layout import Layout
from twin.viewer.scene.approach import DOCKING_PRESETS
from twin.viewer.scene.views import PRESETS, Preset


def views_of(layout: Layout) -> Mapping[str, Preset]:
    """The presets for a layout; the first is the default."""
    if layout.docking:
        return DOCKING_PRESETS
    return PRESETS


def usual_view(layout: Layout) -> str:
    """Name of the default view."""
    return next(iter(views_of(layout)))
