"""Colours, sizes and words of the display. Sizes are for a picture 720 pixels high; `Hud` scales them."""

from __future__ import annotations

from twin.viewer.source import Marker

Colour = tuple[float, float, float, float]

DOCK: Colour = (0.105, 0.122, 0.142, 1.0)  # panels at the edges: opaque, so that nothing behind them is drawn
WELL: Colour = (0.067, 0.080, 0.096, 1.0)  # drawing areas inside panels
LABEL: Colour = (0.067, 0.080, 0.096, 0.80)  # under a word on lines
FLOATING: Colour = (0.070, 0.086, 0.105, 0.86)  # panels over the picture
NOTE: Colour = (0.050, 0.062, 0.078, 0.96)  # urgent notes
RULE: Colour = (1.0, 1.0, 1.0, 0.10)
GRID: Colour = (1.0, 1.0, 1.0, 0.07)
TEXT: Colour = (0.93, 0.95, 0.97, 1.0)
SOFT: Colour = (0.66, 0.71, 0.76, 1.0)
FAINT: Colour = (0.47, 0.52, 0.57, 1.0)
ACCENT: Colour = (0.31, 0.70, 1.0, 1.0)
HOVER: Colour = (1.0, 1.0, 1.0, 0.12)
PRESSED: Colour = (0.31, 0.70, 1.0, 0.30)
GOOD: Colour = (0.26, 0.78, 0.46, 1.0)
WARNING: Colour = (1.0, 0.73, 0.18, 1.0)
BAD: Colour = (1.0, 0.33, 0.31, 1.0)
ESTIMATED: Colour = WARNING  # numbers, dashes and outlines of estimated values
UNLOGGED: Colour = (0.16, 0.18, 0.20, 0.88)  # gaps of the recording, under the hatching
HATCH: Colour = (0.62, 0.66, 0.70, 0.55)

TITLE_BAR_PX = 40
CHARTS_WIDTH_PX = 344
BUTTON_PX = 32

LINES: tuple[Colour, ...] = (
    (0.36, 0.74, 1.0, 1.0),
    (0.55, 0.88, 0.42, 1.0),
    (1.0, 0.66, 0.26, 1.0),
    (0.86, 0.56, 1.0, 1.0),
)
"""Colours of the signals of one chart, in their order."""

WORK: dict[str, Colour] = {
    "handling": (0.50, 0.42, 0.80, 1.0),
    "lifting": (0.20, 0.46, 0.76, 1.0),
    "travelling": (0.10, 0.52, 0.47, 1.0),
    "aligning": (0.72, 0.49, 0.12, 1.0),
    "waiting": (0.30, 0.34, 0.39, 1.0),
    "fault": (0.62, 0.19, 0.22, 1.0),
}
"""Kinds of work and the colour of their phases."""

KIND_OF_WORK: dict[str, str] = {
    **dict.fromkeys(("grip", "unlock", "lock", "release", "pull_test"), "handling"),
    **dict.fromkeys(("lower", "raise", "lift_out", "lower_out", "store", "pick", "clear"), "lifting"),
    **dict.fromkeys(("traverse_to_slot", "traverse_to_full", "traverse_to_truck"), "travelling"),
    **dict.fromkeys(("scan", "rescan", "align", "insert"), "aligning"),
    **dict.fromkeys(("dock", "identify", "verify", "exit", "idle"), "waiting"),
    "fault": "fault",
}


def paler(colour: Colour) -> Colour:
    """Half way to white: visible on a line of the colour itself."""
    r, g, b, a = colour
    return (1.0 + r) / 2.0, (1.0 + g) / 2.0, (1.0 + b) / 2.0, a


def kind_of_work(phase: str) -> str:
    """Kind of work of a phase by its name; an unknown phase is waiting."""
    return KIND_OF_WORK.get(phase, "waiting")


def words(name: str) -> str:
    """A recorded name in words: `traverse_to_slot` is "traverse to slot"."""
    return name.replace("_", " ")


def marker_look(marker: Marker) -> tuple[str, Colour]:
    """(icon, colour) of an event."""
    if marker.violation:
        return "violation", BAD
    looks = {"error": ("error", BAD), "warning": ("warning", WARNING)}
    return looks.get(marker.level, ("info", ACCENT))


def clock(t_s: float) -> str:
    """`MM:SS.ss`, from one hour on `H:MM:SS.ss`."""
    hundredths = round(abs(t_s) * 100.0)
    minutes, rest = divmod(hundredths, 6000)
    sign = "−" if t_s < 0.0 and hundredths else ""
    hours, minutes = divmod(minutes, 60)
    ahead = f"{hours}:{minutes:02d}" if hours else f"{minutes:02d}"
    return f"{sign}{ahead}:{rest // 100:02d}.{rest % 100:02d}"


def seconds(value_s: float, sign: bool = False) -> str:
    """Seconds with a true minus sign, so that columns of numbers align."""
    return f"{value_s:+.2f}".replace("-", "−") if sign else f"{value_s:.2f}".replace("-", "−")
