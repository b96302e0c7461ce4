"""Light, camera and layers of one output: the world in 3D, the display over it."""

from __future__ import annotations

import numpy as np
from panda3d.core import (
    AmbientLight,
    AntialiasAttrib,
    BitMask32,
    Camera,
    CullBinManager,
    CullFaceAttrib,
    DirectionalLight,
    GraphicsEngine,
    GraphicsOutput,
    LPoint3,
    LVector3,
    NodePath,
    OrthographicLens,
    PerspectiveLens,
    Point2,
    RenderState,
    ShaderAttrib,
)

from twin.viewer.graphics.camera import View
from twin.viewer.graphics.quality import Quality
from twin.viewer.graphics.shading import depth_shader, surface_shader

SKY = (0.80, 0.85, 0.90)
HAZE_M = 75.0
SUN_DIRECTION = (-0.42, 0.50, -0.76)  # from the sun to the ground: behind a viewer ahead on the right
SUN_AWAY_M = 60.0
SEEN_BY_CAMERAS, SEEN_BY_SUN = BitMask32.bit(0), BitMask32.bit(1)
NEAR_M, FAR_M = 0.05, 250.0
SOLID_BIN, SOLID_SORT = "solid", 15
ALL_DETAIL = 1e-6  # distance scale for the choice of simpler meshes


class Stage:
    """Content of one output: `world` (metres, z up) in sunlight, `hud` (pixels, y down) over it.

    The display's pixel (x, y) is the point (x, 0, -y) under `hud`, from the top left corner.
    """

    def __init__(self, output: GraphicsOutput, quality: Quality, shaders: bool) -> None:
        self.output = output
        self.quality = quality
        self.world = NodePath("world")
        self.hud = NodePath("hud")
        self._view: View | None = None
        self._free_px: tuple[float, float, float, float] | None = None
        _near_first(self.world)
        self._still, self._odd, self._count = True, False, 0
        self.world.set_antialias(AntialiasAttrib.M_multisample if quality.multisamples else AntialiasAttrib.M_none)
        self._light(shaders)
        self._lens = PerspectiveLens()
        self._lens.set_near_far(NEAR_M, FAR_M)
        camera = Camera("eye", self._lens)
        camera.set_camera_mask(SEEN_BY_CAMERAS)
        if quality.name == "high":
            camera.set_lod_scale(ALL_DETAIL)
        self.camera = self.world.attach_new_node(camera)
        self._region = output.make_display_region()
        self._region.set_sort(0)
        self._region.set_camera(self.camera)
        output.set_clear_color((*SKY, 1.0))
        self._hud_camera()
        self.resized()

    @property
    def still(self) -> bool:
        """True if the picture is a still, and not one of a motion."""
        return self._still

    @property
    def display_due(self) -> bool:
        """True if the display is to be updated with this picture."""
        return self._count % self.quality.display_every == 0

    def next_picture(self, still: bool) -> None:
        """Prepare the next picture of a window: in motion edges are not smoothed and every second shadow map is reused.

        With software rendering smooth edges take half of a picture's time, a shadow map a fifth.
        """
        self._still = still
        smooth = still and self.quality.multisamples > 0
        self.world.set_antialias(AntialiasAttrib.M_multisample if smooth else AntialiasAttrib.M_none)
        self._odd = not still and not self._odd
        self._count = 0 if still else self._count + 1

    def draw(self, engine: GraphicsEngine) -> None:
        """Draw a picture, shadows included; `engine` is the one of the output.

        Panda3D creates the shadow map's buffer while it draws the first sunlit object and fills it from the next frame
        on: the first picture has no shadows and is drawn twice.
        """
        shadows = self._shadow_map()
        if shadows is not None:
            shadows.set_active(not self._odd)
        engine.render_frame()
        if shadows is None and self.sun.node().is_shadow_caster():
            engine.render_frame()
            shadows = self._shadow_map()
        if shadows is not None:
            shadows.set_active(False)  # otherwise it would be filled too when a window only polls for events

    def _shadow_map(self) -> GraphicsOutput | None:
        """The shadow map; None before the first picture, and without shadows."""
        return self.sun.node().get_shadow_buffer(self.output.get_gsg())

    def _light(self, shaders: bool) -> None:
        px = self.quality.shadow_px if shaders else 0
        sun = DirectionalLight("sun")
        sun.set_color((1.0, 0.97, 0.92, 1.0))
        self._sun_lens = OrthographicLens()
        sun.set_lens(self._sun_lens)
        sun.set_camera_mask(SEEN_BY_SUN)
        if self.quality.name == "high":
            sun.set_lod_scale(ALL_DETAIL)
        if px:
            sun.set_shadow_caster(True, px, px)
            state = RenderState.make(ShaderAttrib.make(depth_shader()), 100)
            # back faces cast the shadow: the lit faces then have no shadow of their own on them
            sun.set_initial_state(state.set_attrib(CullFaceAttrib.make(CullFaceAttrib.M_cull_counter_clockwise), 100))
        self.sun = self.world.attach_new_node(sun)
        self.world.set_light(self.sun)
        self.aim_sun((0.0, 0.0, 1.0), 14.0)
        if shaders:
            shadow = "none" if not px else "soft" if self.quality.name == "high" else "hard"
            self.world.set_shader(surface_shader(shadow, px))
            self.world.set_shader_input("haze", (SKY[0] ** 2, SKY[1] ** 2, SKY[2] ** 2, HAZE_M))
        else:  # fixed function
            sky = AmbientLight("sky")
            sky.set_color((0.55, 0.57, 0.6, 1.0))
            self.world.set_light(self.world.attach_new_node(sky))
            sun.set_color((0.55, 0.53, 0.5, 1.0))

    def aim_sun(self, center_m: tuple[float, float, float], radius_m: float) -> None:
        """Fit the shadow map to a ball about `center_m`: the smaller, the finer the shadows."""
        self._sun_lens.set_film_size(2.0 * radius_m, 2.0 * radius_m)
        self._sun_lens.set_near_far(SUN_AWAY_M - 1.5 * radius_m, SUN_AWAY_M + 1.5 * radius_m)
        x, y, z = (c - SUN_AWAY_M * d for c, d in zip(center_m, _unit(SUN_DIRECTION), strict=True))
        self.sun.set_pos(x, y, z)
        self.sun.look_at(*center_m)
        texel_m = 2.0 * radius_m / max(self.quality.shadow_px, 1)
        self.world.set_shader_input("light_margin_m", 1.2 * texel_m)

    def look(self, view: View) -> None:
        """Set the view of the next pictures."""
        self._view = view
        self.camera.set_pos(*view.eye_m)
        ahead = np.subtract(view.target_m, view.eye_m)
        straight_down = abs(ahead[2]) > 0.999 * float(np.linalg.norm(ahead))
        # Straight down there is no horizon: the lane then runs from left to right.
        up = LVector3(0, 1, 0) if straight_down else LVector3(0, 0, 1)
        self.camera.look_at(LPoint3(*view.target_m), up)
        self._fit_lens()

    def resized(self) -> None:
        """Adapt to a new size of the output."""
        width, height = self.size_px
        self._hud_lens.set_film_size(width, height)
        self._hud_lens.set_film_offset(width / 2.0, -height / 2.0)
        self._fit_lens()

    def show_world_in(self, x: float, y: float, width: float, height: float) -> None:
        """Draw the world only in this rectangle (pixels, from the top left corner), which the display leaves free.

        Parts hidden by opaque panels are not drawn, and the view is centred in the rectangle.
        """
        free = (x, y, max(width, 1.0), max(height, 1.0))
        if free != self._free_px:
            self._free_px = free
            self._fit_lens()

    @property
    def world_px(self) -> tuple[float, float, float, float]:
        """(x, y, width, height) of the world's rectangle."""
        return self._free_px or (0.0, 0.0, *self.size_px)

    @property
    def size_px(self) -> tuple[int, int]:
        return max(self.output.get_x_size(), 1), max(self.output.get_y_size(), 1)

    def project(self, point_m: tuple[float, float, float] | np.ndarray) -> tuple[float, float] | None:
        """Pixel (x right, y down, from the top left corner) of a point in the world; None behind the camera."""
        x, y, z = (float(c) for c in point_m)
        at = self.camera.get_relative_point(self.world, LPoint3(x, y, z))
        film = Point2()
        if at.y <= NEAR_M:
            return None
        self._lens.project(at, film)  # False outside the picture, but the point is valid
        left, top, width, height = self.world_px
        return left + (film.x + 1.0) / 2.0 * width, top + (1.0 - film.y) / 2.0 * height

    def _fit_lens(self) -> None:
        x, y, width, height = self.world_px
        whole_width, whole_height = self.size_px
        right, bottom = (x + width) / whole_width, 1.0 - (y + height) / whole_height
        self._region.set_dimensions(x / whole_width, right, bottom, 1.0 - y / whole_height)
        fov = self._view.fov_deg if self._view is not None else 40.0
        self._lens.set_aspect_ratio(width / height)
        self._lens.set_min_fov(fov)

    def _hud_camera(self) -> None:
        self._hud_lens = OrthographicLens()
        self._hud_lens.set_near_far(-1000.0, 1000.0)
        camera = Camera("display", self._hud_lens)
        region = self.output.make_display_region()
        region.set_sort(10)
        region.set_clear_depth_active(True)
        region.set_camera(self.hud.attach_new_node(camera))
        self.hud.set_depth_test(False)
        self.hud.set_depth_write(False)
        self.hud.set_bin("unsorted", 0)


def _near_first(node: NodePath) -> None:
    """Draw solid objects from near to far, so that little is shaded and then covered."""
    manager = CullBinManager.get_global_ptr()
    if manager.find_bin(SOLID_BIN) < 0:
        manager.add_bin(SOLID_BIN, CullBinManager.BT_front_to_back, SOLID_SORT)
    node.set_bin(SOLID_BIN, 0)


def _unit(v: tuple[float, float, float]) -> tuple[float, float, float]:
    length = float(np.linalg.norm(v))
    return v[0] / length, v[1] / length, v[2] / length
