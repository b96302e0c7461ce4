"""A window on the screen: its stage, its keys and its mouse."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from panda3d.core import (
    ButtonRegistry,
    ButtonThrower,
    DataGraphTraverser,
    EventParameter,
    EventQueue,
    FrameBufferProperties,
    GraphicsEngine,
    GraphicsPipe,
    GraphicsPipeSelection,
    GraphicsWindow,
    ModifierButtons,
    MouseAndKeyboard,
    MouseWatcher,
    NodePath,
    WindowProperties,
)

from twin.errors import InputError
from twin.viewer.graphics import pipe as _  # noqa: F401  sets Panda3D up before it looks for a display
from twin.viewer.graphics.quality import Quality
from twin.viewer.graphics.stage import Stage

MODIFIERS = ("shift", "control", "alt", "meta")


@dataclass(frozen=True)
class Press:
    """A key or mouse button that went `down` or `up`, or repeats (`repeat`) while it is held; a character `typed`; or
    the window's `close` button. `other` is True with control, alt or the system's key held."""

    name: str
    kind: str
    shift: bool = False
    other: bool = False


class Window:
    """A window with a stage on it; `events` tells what the user did since, `draw` shows the stage.

    Raises:
        InputError: where no window can be opened, naming the options that need none.
    """

    def __init__(self, title: str, size_px: tuple[int, int], quality: Quality) -> None:
        self._engine = GraphicsEngine()
        # without DISPLAY Panda3D tries :0.0, which would be another user's screen
        possible = sys.platform != "linux" or bool(os.environ.get("DISPLAY"))
        window = (self._open(title, size_px, quality) or self._open(title, size_px, None)) if possible else None
        if window is None:
            raise InputError(
                "no window can be opened here (is there a display?): "
                "--video FILE.mp4 and --screenshot FILE.png need none"
            )
        self.window: GraphicsWindow = window
        window.set_close_request_event("user-close")
        self.stage = Stage(window, quality, shaders=True)
        self._size_px = self.stage.size_px
        self._data = NodePath("input")
        devices = self._data.attach_new_node(MouseAndKeyboard(window, 0, "mouse and keyboard"))
        self._watcher = MouseWatcher("mouse")
        self._thrower = ButtonThrower("keys")
        devices.attach_new_node(self._watcher).attach_new_node(self._thrower)
        modifiers = ModifierButtons()
        for name in MODIFIERS:
            modifiers.add_button(ButtonRegistry.ptr().get_button(name))
        thrower = self._thrower
        thrower.set_modifier_buttons(modifiers)
        thrower.set_button_down_event("user-down")
        thrower.set_button_up_event("user-up")
        thrower.set_button_repeat_event("user-repeat")
        thrower.set_keystroke_event("user-typed")
        self._traverser = DataGraphTraverser()
        self._queue = EventQueue.get_global_event_queue()

    def _open(self, title: str, size_px: tuple[int, int], quality: Quality | None) -> GraphicsWindow | None:
        graphics = GraphicsPipeSelection.get_global_ptr().make_module_pipe("pandagl")
        if graphics is None or not graphics.is_valid():
            return None
        wanted = FrameBufferProperties()
        wanted.set_rgb_color(True)
        wanted.set_rgba_bits(8, 8, 8, 0)
        wanted.set_depth_bits(24)
        if quality is not None and quality.multisamples:
            wanted.set_multisamples(quality.multisamples)
        properties = WindowProperties()
        properties.set_size(*size_px)
        properties.set_title(title)
        window = self._engine.make_output(
            graphics,
            "window",
            0,
            wanted,
            properties,
            GraphicsPipe.BF_require_window | GraphicsPipe.BF_fb_props_optional,
        )
        if window is None:
            return None
        self._engine.open_windows()
        if not window.is_valid() or window.is_closed():
            self._engine.remove_all_windows()
            return None
        return window

    # --- what the user did ----------------------------------------------------------------------------------------

    def poll(self) -> Iterator[Press]:
        """Keys and buttons since the last call. Nothing is drawn."""
        self.window.set_active(False)
        self._engine.render_frame()  # takes in the window system's events; an inactive window is not drawn
        self._traverser.traverse(self._data.node())
        while not self._queue.is_queue_empty():
            event = self._queue.dequeue_event()
            name = event.get_name()
            if name == "user-close":
                yield Press("close", "close")
            elif name.startswith("user-") and event.get_num_parameters():
                yield self._press(name.removeprefix("user-"), event.get_parameter(0))

    def _press(self, kind: str, parameter: EventParameter) -> Press:
        name = parameter.get_wstring_value() if parameter.is_wstring() else parameter.get_string_value()
        held = set()
        while kind != "typed" and (found := next((m for m in MODIFIERS if name.startswith(f"{m}-")), None)):
            held.add(found)
            name = name.removeprefix(f"{found}-")
        return Press(name, kind, "shift" in held, bool(held - {"shift"}))

    @property
    def open(self) -> bool:
        return not self.window.is_closed()

    @property
    def pointer_px(self) -> tuple[float, float] | None:
        """Where the pointer is, from the top left corner; None outside the window."""
        pointer = self.window.get_pointer(0)
        x, y = float(pointer.get_x()), float(pointer.get_y())
        width, height = self.stage.size_px
        if not pointer.get_in_window() or not (0 <= x < width and 0 <= y < height):
            return None
        return x, y

    def resized(self) -> bool:
        """True once after the size has changed; the stage follows."""
        if self.stage.size_px == self._size_px:
            return False
        self._size_px = self.stage.size_px
        self.stage.resized()
        return True

    def draw(self) -> None:
        """Draws and shows a picture."""
        self.window.set_active(True)
        self.stage.draw(self._engine)
        self._engine.flip_frame()

    def picture(self) -> np.ndarray:
        """Draws a picture and gives it as (height, width, 3) uint8, the first row at the top."""
        self.window.set_active(True)
        self.stage.draw(self._engine)
        texture = self.window.get_screenshot()
        width, height = texture.get_x_size(), texture.get_y_size()
        pixels = np.frombuffer(texture.get_ram_image_as("RGB"), dtype=np.uint8).reshape(height, width, 3)
        self._engine.flip_frame()
        return np.ascontiguousarray(pixels[::-1])

    def close(self) -> None:
        self._engine.remove_all_windows()
        while not self._queue.is_queue_empty():
            self._queue.dequeue_event()
