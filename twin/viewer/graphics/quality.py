"""Quality levels of light and edges, by name."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Quality:
    """`multisamples` per pixel (0: none), `shadow_px` the side of the shadow map (0: no shadows).

    During motion, time line and charts are updated once in `display_every` pictures.
    """

    name: str
    multisamples: int
    shadow_px: int
    display_every: int = 1


QUALITIES = {
    "low": Quality("low", multisamples=0, shadow_px=0, display_every=2),
    "medium": Quality("medium", multisamples=4, shadow_px=1024),
    "high": Quality("high", multisamples=8, shadow_px=4096),
}
"""low for speed, medium for a window, high for pictures and videos."""
