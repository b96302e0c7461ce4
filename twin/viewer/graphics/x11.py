"""Queries the X server about a window: whether the server answers, and the colours on the screen.

Panda3D returns the picture that was drawn, not the one on the screen: on some machines the window stays black. So
libX11 (loaded by Panda3D) is called directly, on its own connection.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

LIBRARY = "libX11.so.6"
ROWS = 16
"""Number of pixel rows that are read: a picture of a recording has many colours in each."""
VIEWABLE = 2
Z_PIXMAP, ALL_PLANES = 2, 0xFFFFFFFF
CONNECTION_ATTEMPTS, CONNECTION_PAUSE_S = 5, 0.1


class _Attributes(ctypes.Structure):
    """XWindowAttributes up to `map_state`."""

    _fields_ = [
        *((name, ctypes.c_int) for name in ("x", "y", "width", "height", "border_width", "depth")),
        ("visual", ctypes.c_void_p),
        ("root", ctypes.c_ulong),
        *((name, ctypes.c_int) for name in ("kind", "bit_gravity", "win_gravity", "backing_store")),
        ("backing_planes", ctypes.c_ulong),
        ("backing_pixel", ctypes.c_ulong),
        ("save_under", ctypes.c_int),
        ("colormap", ctypes.c_ulong),
        ("map_installed", ctypes.c_int),
        ("map_state", ctypes.c_int),
        ("rest", ctypes.c_byte * 64),
    ]


LOST = 2
"""Exit code if the server goes away under an open window."""
_ERROR_HANDLER = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)


_LOST_HANDLER = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p)


def _lost(display: int | None) -> int:
    """Exit the process with one line: Xlib lets no program continue here, and Panda3D's own handler aborts."""
    text = f"error: the X server at DISPLAY={os.environ.get('DISPLAY', '')} went away, and the window with it\n"
    with contextlib.suppress(OSError):
        os.write(2, text.encode())
    os._exit(LOST)


_lost_handler = _LOST_HANDLER(_lost)  # keeps the reference: Xlib has only a pointer to it


def end_when_lost() -> None:
    """Exit the process with one line and the exit code LOST when the connection to the X server is lost."""
    if sys.platform != "linux":
        return
    with contextlib.suppress(OSError):
        x11 = ctypes.CDLL(LIBRARY)
        x11.XSetIOErrorHandler.restype, x11.XSetIOErrorHandler.argtypes = ctypes.c_void_p, [ctypes.c_void_p]
        x11.XSetIOErrorHandler(ctypes.cast(_lost_handler, ctypes.c_void_p))


def server_answers() -> bool | None:
    """True if the X server of DISPLAY accepts a connection; None without libX11.

    Asked several times: a server resets, and refuses for a moment, when its last client leaves.
    """
    try:
        for attempt in range(CONNECTION_ATTEMPTS):
            if attempt:
                time.sleep(CONNECTION_PAUSE_S)
            with _connection() as (_, display):
                if display is not None:
                    return True
    except OSError:
        return None
    return False


def one_colour(window: int) -> bool | None:
    """True if a window (its X id) has one colour all over on the screen.

    None if unknown: no X server, a window that is not on the screen or extends beyond it.
    """
    try:
        with _connection() as (x11, display):
            return None if display is None else _one_colour(x11, display, window)
    except OSError:
        return None


@contextmanager
def _connection() -> Iterator[tuple[Any, int | None]]:
    """(libX11, Display* or None); X errors are ignored meanwhile: the window may be gone any moment."""
    if sys.platform != "linux" or not os.environ.get("DISPLAY"):
        raise OSError("no X11")
    x11 = ctypes.CDLL(LIBRARY)
    x11.XOpenDisplay.restype = x11.XGetImage.restype = x11.XSetErrorHandler.restype = ctypes.c_void_p
    x11.XOpenDisplay.argtypes = [ctypes.c_char_p]
    x11.XSetErrorHandler.argtypes = [ctypes.c_void_p]
    for free in (x11.XCloseDisplay, x11.XDestroyImage):
        free.argtypes = [ctypes.c_void_p]
    x11.XGetWindowAttributes.argtypes = [ctypes.c_void_p, ctypes.c_ulong, ctypes.c_void_p]
    x11.XGetImage.argtypes = [
        *(ctypes.c_void_p, ctypes.c_ulong, ctypes.c_int, ctypes.c_int, ctypes.c_uint, ctypes.c_uint, ctypes.c_ulong),
        ctypes.c_int,
    ]
    x11.XGetPixel.restype = ctypes.c_ulong
    x11.XGetPixel.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_int]
    ignore = _ERROR_HANDLER(lambda display, error: 0)
    before = x11.XSetErrorHandler(ctypes.cast(ignore, ctypes.c_void_p))
    display = x11.XOpenDisplay(None)
    try:
        yield x11, display
    finally:
        if display is not None:
            x11.XCloseDisplay(display)
        x11.XSetErrorHandler(before)


def _one_colour(x11: Any, display: int, window: int) -> bool | None:
    about = _Attributes()
    if not x11.XGetWindowAttributes(display, window, ctypes.byref(about)) or about.map_state != VIEWABLE:
        return None
    colours: set[int] = set()
    for k in range(ROWS):
        y = (2 * k + 1) * about.height // (2 * ROWS)
        image = x11.XGetImage(display, window, 0, y, about.width, 1, ALL_PLANES, Z_PIXMAP)
        if image is None:
            return None
        colours.update(x11.XGetPixel(image, x, 0) for x in range(0, about.width, 2))
        x11.XDestroyImage(image)
        if len(colours) > 1:
            return False
    return True
