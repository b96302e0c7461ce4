"""Materials of the scene, and colours with a meaning: states, warnings, measured and true."""

from __future__ import annotations

from twin.viewer.scene.mesh import Material

CONCRETE = Material((0.66, 0.66, 0.65), 0.02)
ASPHALT = Material((0.40, 0.41, 0.43), 0.02)
LANE_PAINT = Material((0.92, 0.92, 0.90), 0.05)
SAFETY_YELLOW = Material((0.96, 0.76, 0.10), 0.25)
STEEL = Material((0.66, 0.68, 0.71), 0.35)
DARK_STEEL = Material((0.28, 0.30, 0.33), 0.30)
GALVANISED = Material((0.75, 0.77, 0.79), 0.30)
ROBOT_ORANGE = Material((0.95, 0.48, 0.10), 0.35)
CAB_PAINT = Material((0.12, 0.34, 0.62), 0.65)
GLASS = Material((0.10, 0.14, 0.18), 0.95)
RUBBER = Material((0.11, 0.11, 0.12), 0.10)
CHASSIS_BLACK = Material((0.14, 0.15, 0.16), 0.20)
RIM = Material((0.72, 0.73, 0.75), 0.60)
TRAILER_WHITE = Material((0.88, 0.89, 0.90), 0.30)
ROPE = Material((0.20, 0.20, 0.21), 0.20)
PIN = Material((0.85, 0.86, 0.88), 0.80)

STRUCTURE = Material((0.36, 0.45, 0.56), 0.25)  # columns and runway of the hall
CRANE_YELLOW = Material((0.97, 0.70, 0.08), 0.35)
CABINET = Material((0.90, 0.91, 0.92), 0.30)
STATION_BLUE = Material((0.10, 0.42, 0.68), 0.30)  # trim of cabinets and walls, drives
WALL_PANEL = Material((0.80, 0.83, 0.86), 0.10)
SECTION = Material((0.52, 0.52, 0.53), 0.02)  # concrete at the section's cut
EARTH = Material((0.47, 0.41, 0.34), 0.0)
PIT_FLOOR = Material((0.58, 0.59, 0.60), 0.03)
PIT_WALL = Material((0.84, 0.84, 0.82), 0.02)
ALUMINIUM = Material((0.66, 0.67, 0.69), 0.45)
FRAME = Material((0.20, 0.21, 0.23), 0.25)
CRADLE = Material((0.42, 0.44, 0.47), 0.35)
EQUIPMENT = Material((0.80, 0.81, 0.83), 0.25)
TREAD = Material((0.075, 0.075, 0.08), 0.05)
HUB = Material((0.40, 0.42, 0.45), 0.40)
CAB_GLASS = Material((0.15, 0.20, 0.26), 0.95)
TRIM = Material((0.09, 0.10, 0.11), 0.18)  # black plastics of a cab
SEAM = Material((0.05, 0.09, 0.15), 0.10)
HEADLIGHT = Material((0.97, 0.98, 1.00), 0.70, 0.35)
EV_ACCENT = Material((0.10, 0.80, 0.85), 0.40, 0.35)
AMBER_LAMP = Material((1.00, 0.62, 0.08), 0.40, 0.30)
TAIL_LAMP = Material((0.85, 0.08, 0.08), 0.40, 0.25)
NUMBER_PLATE = Material((0.55, 0.80, 0.45), 0.20)  # green: a vehicle without an engine
HV_ORANGE = Material((1.00, 0.45, 0.05), 0.25)
BODY_PAINT = Material((0.70, 0.72, 0.74), 0.25)  # dump bodies, bulk trailers
BODY_SHADE = Material((0.55, 0.57, 0.60), 0.20)
DRUM_WHITE = Material((0.90, 0.91, 0.91), 0.40)
LOAD = Material((0.34, 0.31, 0.28), 0.02)  # ore, coal, gravel

PACK_BODY = Material((0.30, 0.33, 0.37), 0.30)
PACK_EMPTY = Material((0.86, 0.42, 0.24), 0.30)  # the pack that is removed
PACK_FULL = Material((0.28, 0.70, 0.40), 0.30)  # the pack that is installed
PACK_IDLE = Material((0.46, 0.56, 0.49), 0.25)  # charged, in a slot, not part of this swap
CASTING = Material((0.50, 0.52, 0.55), 0.40)
PACK_RIB = Material((0.23, 0.25, 0.29), 0.30)
GAUGE_OFF = Material((0.13, 0.14, 0.16), 0.20)
GAUGE_EMPTY = Material((1.00, 0.33, 0.10), 0.20, 0.45)
GAUGE_FULL = Material((0.25, 0.95, 0.40), 0.20, 0.45)
GAUGE_IDLE = Material((0.48, 0.70, 0.52), 0.20, 0.15)
WARNING_YELLOW = Material((1.00, 0.84, 0.05), 0.10, 0.10)
LAMP = Material((1.00, 1.00, 1.00), 0.20, 0.55)  # white: takes the colour of a state

# States, as on an HMI: a closed lock is green, an open one blue, one in transit amber.
STATE_OK = (0.18, 0.80, 0.36)
STATE_OPEN = (0.20, 0.58, 0.98)
STATE_MOVING = (1.00, 0.70, 0.10)
MEASURED = (0.98, 0.30, 0.85)
FORCE = (0.98, 0.20, 0.12)
CARRIED = (0.45, 0.30, 0.92)  # load on ropes, mast or table
ESTIMATED = (1.00, 0.73, 0.18)  # as in the charts: estimated
GHOST = (0.10, 0.72, 1.00)  # the other run
TRUE_POSE = (1.0, 1.0, 1.0)
STATE_UNKNOWN = (0.62, 0.64, 0.66)


def faded(state: tuple[float, float, float]) -> tuple[float, float, float]:
    """Colour of a state without a switch: half way to the grey of an unknown one."""
    r, g, b = ((c + grey) / 2.0 for c, grey in zip(state, STATE_UNKNOWN, strict=True))
    return r, g, b
