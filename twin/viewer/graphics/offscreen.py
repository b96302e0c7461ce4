"""Renders a stage to a buffer and reads it back as pixels, without a window."""

from __future__ import annotations

import numpy as np
from panda3d.core import (
    FrameBufferProperties,
    GraphicsEngine,
    GraphicsOutput,
    GraphicsPipe,
    Texture,
    WindowProperties,
)

from twin.errors import InputError
from twin.viewer.graphics.pipe import Pipe, offscreen_pipe
from twin.viewer.graphics.quality import QUALITIES, Quality
from twin.viewer.graphics.stage import Stage


class Offscreen:
    """An off-screen stage whose pictures are arrays; close it after use."""

    def __init__(
        self, size_px: tuple[int, int] = (1280, 720), quality: Quality = QUALITIES["medium"], pipe: Pipe | None = None
    ) -> None:
        self.pipe = pipe or offscreen_pipe()
        self._engine = GraphicsEngine()
        wanted = FrameBufferProperties()
        wanted.set_rgba_bits(8, 8, 8, 8)
        wanted.set_depth_bits(24)
        if self.pipe.shaders and quality.multisamples:
            wanted.set_multisamples(quality.multisamples)
        self._buffer = self._engine.make_output(
            self.pipe.pipe,
            "picture",
            0,
            wanted,
            WindowProperties.size(*size_px),
            GraphicsPipe.BF_refuse_window | GraphicsPipe.BF_fb_props_optional,
        )
        if self._buffer is None:
            raise InputError(f"no picture of {size_px[0]} x {size_px[1]} pixels can be drawn here ({self.pipe.name})")
        self._engine.open_windows()
        self._texture = Texture("picture")
        self._buffer.add_render_texture(self._texture, GraphicsOutput.RTM_copy_ram)
        self.stage = Stage(self._buffer, quality, self.pipe.shaders)

    def __enter__(self) -> Offscreen:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def draw(self) -> None:
        """Draw the stage as it is now, including the transfer to memory."""
        self.stage.draw(self._engine)

    def picture(self) -> np.ndarray:
        """The stage as it is now: (height, width, 3) uint8, the first row at the top."""
        self.draw()
        width, height = self._texture.get_x_size(), self._texture.get_y_size()
        # memory order, blue first and the last row first: Panda3D's own conversion takes three times as long
        data = np.frombuffer(self._texture.get_ram_image(), dtype=np.uint8)
        pixels = data.reshape(height, width, self._texture.get_num_components())
        return np.ascontiguousarray(pixels[::-1, :, 2::-1])

    @property
    def driver(self) -> str:
        """Name of the driver, as it reports it."""
        if not self.pipe.shaders:
            return self.pipe.name
        return str(self._buffer.get_gsg().get_driver_renderer())

    def close(self) -> None:
        """Free the buffer; no picture after that."""
        if self._buffer is not None:
            self._engine.remove_all_windows()
            self._buffer = None
