"""Schemas of stations, trucks, packs and timing sets: typed, frozen, strict.

Every field is SI with its unit in its name (`_rad`, never degrees). Frames: W world (origin on the ground at the bay
centre, x along the lane, y left, z up), T truck (origin on the ground below the middle of its seats), K seat, P pack
(origin at the middle of its grip face), E end effector (spreader or lift table, origin in its grip plane).
Numbers carry their provenance in the YAML files, see `twin.catalogue.load`.
"""

from twin.catalogue.schema.approach import (
    Approach,
    Lidar,
    LidarWeather,
    RailSection,
    WheelContact,
    WheelStop,
)
from twin.catalogue.schema.base import Strict
from twin.catalogue.schema.driving import AxleGroup, Driving, Trailer
from twin.catalogue.schema.machine import (
    Actuators,
    Axes,
    EndEffector,
    FloatingHead,
    FloatingTable,
    FourRope,
    LinearAxis,
    Mast,
    Rates,
    RotaryAxis,
)
from twin.catalogue.schema.motor import LinearDesign, LinearGear, Motor, RotaryDesign, RotaryGear
from twin.catalogue.schema.pack import Coupler, Guides, Locks, Pack
from twin.catalogue.schema.scenario import LidarFailure, LidarFailures, Scenario
from twin.catalogue.schema.site import Charging, Demand, Fault, Handling, Site, TaperStep
from twin.catalogue.schema.station import (
    FixedTimes,
    Limits,
    Parking,
    PoseSpread,
    Robots,
    Scanner,
    Sensors,
    Slot,
    Station,
)
from twin.catalogue.schema.timing import DAMPED, MECHANICAL, PHASES, AxisTiming, PhaseTiming, TimingSet
from twin.catalogue.schema.truck import Axle, Outline, Truck

__all__ = [
    "DAMPED",
    "MECHANICAL",
    "PHASES",
    "Actuators",
    "Approach",
    "Axes",
    "AxisTiming",
    "Axle",
    "AxleGroup",
    "Charging",
    "Coupler",
    "Demand",
    "Driving",
    "EndEffector",
    "Fault",
    "FixedTimes",
    "FloatingHead",
    "FloatingTable",
    "FourRope",
    "Guides",
    "Handling",
    "Lidar",
    "LidarFailure",
    "LidarFailures",
    "LidarWeather",
    "Limits",
    "LinearAxis",
    "LinearDesign",
    "LinearGear",
    "Locks",
    "Mast",
    "Motor",
    "Outline",
    "Pack",
    "Parking",
    "PhaseTiming",
    "PoseSpread",
    "RailSection",
    "Rates",
    "Robots",
    "RotaryAxis",
    "RotaryDesign",
    "RotaryGear",
    "Scanner",
    "Scenario",
    "Sensors",
    "Site",
    "Slot",
    "Station",
    "Strict",
    "TaperStep",
    "TimingSet",
    "Trailer",
    "Truck",
    "WheelContact",
    "WheelStop",
]
