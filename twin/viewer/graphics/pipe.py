"""Selects the graphics pipe: a window, EGL without a display, or Panda3D's own software renderer."""

from __future__ import annotations

from dataclasses import dataclass

from panda3d.core import GraphicsPipe, GraphicsPipeSelection, load_prc_file_data

from twin.errors import InputError

# Panda3D looks for a display and for audio at import; a picture of a recording needs neither.
load_prc_file_data(
    "swaptwin",
    "\n".join(
        (
            "audio-library-name null",
            "window-title SwapTwin",
            "notify-level error",
            "notify-level-display fatal",  # EGL without a display only warns; failures are reported below
            "sync-video true",
            "gl-coordinate-system default",
            "text-minfilter linear",
            "text-magfilter linear",
            "text-page-size 512 512",
            "text-flatten true",
            "text-dynamic-merge true",
        )
    ),
)

DEBIAN_PACKAGES = ("libegl1", "libgl1-mesa-dri")
"""Packages of Debian and derivatives for drawing without a display."""
WINDOW_PACKAGES = ("libgl1", "libgl1-mesa-dri")
"""Packages for drawing in a window."""


@dataclass(frozen=True)
class Pipe:
    """A graphics pipe; `shaders` is False for Panda3D's own software renderer, which has neither shadows nor MSAA."""

    pipe: GraphicsPipe
    name: str
    shaders: bool

    @property
    def note(self) -> str | None:
        """One line for the user if the picture has reduced quality."""
        if self.shaders:
            return None
        return (
            "drawing without OpenGL (p3tinydisplay): no shadows, no anti-aliasing; "
            f"for better pictures: apt install {' '.join(DEBIAN_PACKAGES)}"
        )


def offscreen_pipe(prefer: str | None = None) -> Pipe:
    """EGL without a display, or p3tinydisplay without OpenGL; `prefer` requests one of them by name.

    Raises:
        InputError: if this machine can draw with neither.
    """
    selection = GraphicsPipeSelection.get_global_ptr()
    if prefer in (None, "p3headlessgl"):
        pipe = selection.make_module_pipe("p3headlessgl")
        if pipe is not None and pipe.is_valid():
            return Pipe(pipe, "p3headlessgl", shaders=True)
    if prefer in (None, "p3tinydisplay"):
        pipe = selection.make_pipe("TinyOffscreenGraphicsPipe", "p3tinydisplay")
        if pipe is not None and pipe.is_valid():
            return Pipe(pipe, "p3tinydisplay", shaders=False)
    raise InputError(
        "this machine cannot draw: neither EGL nor Panda3D's software renderer works "
        f"(Debian: apt install {' '.join(DEBIAN_PACKAGES)})"
    )
