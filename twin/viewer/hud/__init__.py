"""The 2D display over the picture: title, time line, strip charts, comparison, help."""

from twin.viewer.hud.display import Hud
from twin.viewer.hud.model import Badge, Charts, GhostTable, HudModel, Title
from twin.viewer.hud.regions import Hit

__all__ = [
    "Badge",
    "Charts",
    "GhostTable",
    "Hit",
    "Hud",
    "HudModel",
    "Title",
]
