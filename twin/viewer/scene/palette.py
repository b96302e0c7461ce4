"""Materials of the scene, and the colours that mean something: states, warnings, measured and true."""

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

PACK_BODY = Material((0.30, 0.33, 0.37), 0.30)
PACK_EMPTY = Material((0.86, 0.42, 0.24), 0.30)  # the pack that is taken out
PACK_FULL = Material((0.28, 0.70, 0.40), 0.30)  # the pack that is brought

# States, as on an HMI: a closed lock holds (green), an open one is free (blue), one under way is amber, a fault is red.
STATE_OK = (0.18, 0.80, 0.36)
STATE_OPEN = (0.20, 0.58, 0.98)
STATE_MOVING = (1.00, 0.70, 0.10)
STATE_FAULT = (0.95, 0.16, 0.16)
MEASURED = (0.98, 0.30, 0.85)
FORCE = (0.98, 0.20, 0.12)
