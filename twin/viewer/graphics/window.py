"""A window on the screen: its stage, keys and mouse."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
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
from twin.viewer.graphics import pipe, x11  # pipe configures Panda3D before it looks for a display
from twin.viewer.graphics.quality import Quality
from twin.viewer.graphics.stage import Stage

MODIFIERS = ("shift", "control", "alt", "meta")
GLSL = (1, 50)
"""GLSL version of the shader; older OpenGL draws without shadows."""
NEED_NONE = "--video FILE.mp4 and --screenshot FILE.png need no window"
IN_SOFTWARE = "LIBGL_ALWAYS_SOFTWARE=1 in the environment draws in software"
NOISE = 'extension "XFree86-DGA" missing'
"""Message of Xlib on every X server without that extension, which is not needed."""


@dataclass(frozen=True)
class InputEvent:
    """A key or mouse button: `down`, `up`, or `repeat` while held; a character `typed`; or the window's `close` button.
    `other` is True with control, alt or the system's key held."""

    name: str
    kind: str
    shift: bool = False
    other: bool = False


class Window:
    """A window with a stage; `events` gives the user's input since, `draw` shows the stage.

    Raises:
        InputError: if no window can be opened, with the cause and the options that need none.
    """

    def __init__(self, title: str, size_px: tuple[int, int], quality: Quality) -> None:
        self._engine = GraphicsEngine()
        display = os.environ.get("DISPLAY", "")
        if sys.platform == "linux" and not display:  # Panda3D would try :0.0, another user's screen
            raise InputError(f"no window can be opened: DISPLAY is not set, so there is no screen; {NEED_NONE}")
        with _captured_messages() as driver_message:
            window = self._open(title, size_px, quality) or self._open(title, size_px, None)
            gsg = window.get_gsg() if window is not None else None
            if window is None or gsg is None or not gsg.get_driver_renderer():  # a window, but without OpenGL
                self._engine.remove_all_windows()
                raise InputError(_window_error(display, driver_message()))
        self.window: GraphicsWindow = window
        x11.end_when_lost()
        window.set_close_request_event("user-close")
        glsl = (gsg.get_driver_shader_version_major(), gsg.get_driver_shader_version_minor())
        self.stage = Stage(window, quality, shaders=glsl >= GLSL)
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
        wanted.set_back_buffers(1)  # otherwise Mesa's software OpenGL leaves the window black
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
        self._engine.render_frame()  # the driver's name is known only now
        return window

    def poll(self) -> Iterator[InputEvent]:
        """Keys and buttons since the last call; draws nothing."""
        self.window.set_active(False)
        self._engine.render_frame()  # processes the window system's events; an inactive window is not drawn
        self._traverser.traverse(self._data.node())
        while not self._queue.is_queue_empty():
            event = self._queue.dequeue_event()
            name = event.get_name()
            if name == "user-close":
                yield InputEvent("close", "close")
            elif name.startswith("user-") and event.get_num_parameters():
                yield self._press(name.removeprefix("user-"), event.get_parameter(0))

    def _press(self, kind: str, parameter: EventParameter) -> InputEvent:
        name = parameter.get_wstring_value() if parameter.is_wstring() else parameter.get_string_value()
        held = set()
        while kind != "typed" and (found := next((m for m in MODIFIERS if name.startswith(f"{m}-")), None)):
            held.add(found)
            name = name.removeprefix(f"{found}-")
        return InputEvent(name, kind, "shift" in held, bool(held - {"shift"}))

    @property
    def open(self) -> bool:
        return not self.window.is_closed()

    @property
    def pointer_px(self) -> tuple[float, float] | None:
        """Pointer position from the top left corner; None outside the window."""
        pointer = self.window.get_pointer(0)
        x, y = float(pointer.get_x()), float(pointer.get_y())
        width, height = self.stage.size_px
        if not pointer.get_in_window() or not (0 <= x < width and 0 <= y < height):
            return None
        return x, y

    def resized(self) -> bool:
        """True once after a change of size; the stage is adapted."""
        if self.stage.size_px == self._size_px:
            return False
        self._size_px = self.stage.size_px
        self.stage.resized()
        return True

    def draw(self) -> None:
        """Draw and show a picture."""
        self.window.set_active(True)
        self.stage.draw(self._engine)
        self._engine.flip_frame()

    def picture(self) -> np.ndarray:
        """Draw a picture and return it as (height, width, 3) uint8, the first row at the top."""
        self.window.set_active(True)
        self.stage.draw(self._engine)
        texture = self.window.get_screenshot()
        width, height = texture.get_x_size(), texture.get_y_size()
        pixels = np.frombuffer(texture.get_ram_image_as("RGB"), dtype=np.uint8).reshape(height, width, 3)
        self._engine.flip_frame()
        return np.ascontiguousarray(pixels[::-1])

    @property
    def black(self) -> bool:
        """True if the window's area of the screen has one colour; False if it cannot be determined.

        Call it some seconds after a picture was drawn, which takes time to reach the screen.
        """
        handle = self.window.get_window_handle()
        return handle is not None and x11.one_colour(handle.get_int_handle()) is True

    def refuse_black(self) -> InputError:
        """The error for a window that stays black."""
        return InputError(
            f"the window stays black: {self.window.get_gsg().get_driver_renderer()} draws, "
            f"but nothing of it reaches the screen; {IN_SOFTWARE}; {NEED_NONE}"
        )

    def close(self) -> None:
        self._engine.remove_all_windows()
        while not self._queue.is_queue_empty():
            self._queue.dequeue_event()


def _window_error(display: str, driver_message: str) -> str:
    """One line about a window that cannot be opened: the cause if known, and the remedy."""
    if x11.server_answers() is False:
        cause = f"no X server answers at DISPLAY={display} (is it running, and may this user use it?)"
    else:
        cause = f"there is no OpenGL at DISPLAY={display or 'this screen'}"
        cause += f" (Debian: apt install {' '.join(pipe.WINDOW_PACKAGES)}; {IN_SOFTWARE})"
    detail = f" [{driver_message}]" if driver_message else ""
    return f"no window can be opened: {cause}; {NEED_NONE}{detail}"


@contextmanager
def _captured_messages() -> Iterator[Callable[[], str]]:
    """Capture the messages of Xlib and the driver on standard error; yields a function that returns the last line.

    Without an error they are written at the end, without NOISE.
    """
    sys.stderr.flush()
    with tempfile.TemporaryFile() as held:

        def lines() -> list[str]:
            held.seek(0)
            said = held.read().decode(errors="replace").splitlines()
            return [line.strip() for line in said if line.strip() and NOISE not in line]

        kept = os.dup(2)
        os.dup2(held.fileno(), 2)
        try:
            yield lambda: next(reversed(lines()), "")
        finally:
            os.dup2(kept, 2)
            os.close(kept)
        for line in lines():
            print(line, file=sys.stderr)
