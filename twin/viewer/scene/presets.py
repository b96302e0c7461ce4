"""The camera presets of what a recording is about: a swap, or a drive into the bay."""

from __future__ import annotations

from collections.abc import Mapping

from twin.viewer.layout import Layout
from twin.viewer.scene.approach import DOCKING_PRESETS
from twin.viewer.scene.views import PRESETS, Preset


def views_of(layout: Layout) -> Mapping[str, Preset]:
    """The presets for what a layout is about; the first is the usual one."""
    if layout.docking:
        return DOCKING_PRESETS
    return PRESETS


def usual_view(layout: Layout) -> str:
    """The name of the view that a person who asks for none is shown."""
    return next(iter(views_of(layout)))
