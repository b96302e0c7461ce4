"""The whole display: layout of its panels, and hit tests."""

from __future__ import annotations

from panda3d.core import NodePath

from twin.viewer.hud import style
from twin.viewer.hud.canvas import Kit, Layer, Painter
from twin.viewer.hud.charts import ChartPanel
from twin.viewer.hud.ghost_table import GhostPanel
from twin.viewer.hud.help import HelpPage
from twin.viewer.hud.incident_panel import IncidentPanel
from twin.viewer.hud.model import HudModel
from twin.viewer.hud.notes import Notes
from twin.viewer.hud.overlays import Overlays, tip_of
from twin.viewer.hud.regions import Hit, Rect
from twin.viewer.hud.timeline import Timeline, height_units, rows_of
from twin.viewer.hud.titlebar import TitleBar
from twin.viewer.hud.transport import Transport

SCALE_STEP = 0.25
SMALLEST_SCALE = 0.75
DESIGNED_PX = (1280, 720)


def scale_for(size_px: tuple[int, int]) -> float:
    """Scale relative to 1280 x 720, in quarters, so that pixels stay crisp."""
    least = min(size_px[0] / DESIGNED_PX[0], size_px[1] / DESIGNED_PX[1])
    return max(int(least / SCALE_STEP + 1e-6) * SCALE_STEP, SMALLEST_SCALE)


class Hud:
    """The display under `root` (`stage.hud`): call `update` with each model, `hit` for the element under a pixel."""

    def __init__(self, root: NodePath, size_px: tuple[int, int], scale: float | None = None) -> None:
        self._parent = root
        self._build(size_px, scale or scale_for(size_px))

    def _build(self, size_px: tuple[int, int], scale: float) -> None:
        self.size_px, self.scale = size_px, scale
        self.kit = kit = Kit(scale)
        self.root = self._parent.attach_new_node("display")
        self.root.set_two_sided(True)
        self._ground = Layer(self.root, kit, "panel")
        self.timeline = Timeline(self.root, kit)
        self.transport = Transport(self.root, kit)
        self.charts = ChartPanel(self.root, kit)
        self.ghost = GhostPanel(self.root, kit)
        self.title = TitleBar(self.root, kit)
        self.incident = IncidentPanel(self.root, kit)
        self.notes = Notes(self.root, kit)
        self.overlays = Overlays(self.root, kit)
        self.help = HelpPage(self.root, kit, size_px)
        self._help_open = False
        self.free = Rect(0, 0, *size_px)
        """Part of the screen that the panels at the edges leave free."""

    def resize(self, size_px: tuple[int, int], scale: float | None = None) -> None:
        """Rebuild the display for another size of the screen."""
        scale = scale or scale_for(size_px)
        if (size_px, scale) == (self.size_px, self.scale):
            return
        if scale == self.scale:  # every layer's key includes its place
            self.size_px = size_px
            return
        self.close()
        self._build(size_px, scale)

    def close(self) -> None:
        self.root.remove_node()

    @property
    def layers(self) -> list[Layer]:
        """All layers, bottom to top."""
        edges = (self.timeline, self.transport, self.charts, self.ghost, self.title)
        parts = (*edges, self.incident, self.notes, self.overlays, self.help)
        return [self._ground, *(layer for part in parts for layer in part.layers)]

    def update(self, model: HudModel) -> None:
        """Show the model; only changes are redrawn."""
        kit, (width, height) = self.kit, self.size_px
        screen = Rect(0, 0, width, height)
        line_height = kit.px(height_units(rows_of(model)))
        row_height = kit.px(style.BUTTON_PX)
        bottom = Rect(0, height - line_height - row_height - kit.px(20), width, line_height + row_height + kit.px(20))
        bar = Rect(0, 0, width, kit.px(style.TITLE_BAR_PX))
        side = kit.px(16)
        self._ground.show(bottom, lambda painter: self._paint_ground(painter, bottom))
        self.transport.update(model, Rect(side, bottom.y + kit.px(8), width - 2 * side, row_height))
        self.timeline.update(model, Rect(side, bottom.y + row_height + kit.px(14), width - 2 * side, line_height))
        self.title.update(model, bar)
        free = Rect(0, bar.bottom, width, bottom.y - bar.bottom)
        if model.charts is not None:
            wide = min(kit.px(style.CHARTS_WIDTH_PX), width // 2)
            self.charts.update(model, Rect(width - wide, free.y, wide, free.height))
            free = Rect(0, free.y, width - wide, free.height)
        else:
            self.charts.clear()
        self.free = free
        self.incident.update(model.incident, free, table=model.ghost is not None)
        if model.incident is not None:  # the other panels over the picture avoid it
            free = Rect(free.x, free.y, free.width, max(self.incident.area.y - free.y, 0))
        if model.ghost is not None:
            self.ghost.update(model, free)
        else:
            self.ghost.clear()
        self.notes.update(model, free, max(free.x, self.ghost.area.right))
        self._help_open = model.help_open
        if model.help_open:
            self.help.update(screen)
        else:
            self.help.clear()
        self.overlays.update(model, free, screen, self._tip(model))

    def hit(self, x_px: float, y_px: float) -> Hit | None:
        """The element under a pixel; None over the picture."""
        if self._help_open:
            return self.help.hit(x_px, y_px)
        for part in (self.title, self.transport, self.timeline, self.charts, self.ghost, self.incident):
            found = part.hit(x_px, y_px)
            if found is not None:
                return found
        if y_px < self.kit.px(style.TITLE_BAR_PX) or y_px >= self.timeline.area.y - self.kit.px(style.BUTTON_PX + 14):
            return Hit("panel")
        return None

    def _tip(self, model: HudModel) -> tuple[str, Rect] | None:
        if model.pointer_px is None or model.help_open:
            return None
        x, y = model.pointer_px
        found = self.hit(x, y)
        if found is not None and found.kind == "button":
            return self.transport.tip(found.name)
        if found is not None and found.kind in ("event", "phase", "timeline"):
            return tip_of(found, (x, self.free.bottom), model.gaps)
        return None

    def _paint_ground(self, painter: Painter, area: Rect) -> None:
        painter.ground(*area, style.DOCK)
