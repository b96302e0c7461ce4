"""The arrays that plants, sensors, controller, monitor and key figures share; one file each."""

from __future__ import annotations

from twin.records.clock import NOT_SCANNED as NOT_SCANNED
from twin.records.codes import *  # noqa: F403
from twin.records.command import COMMAND as COMMAND
from twin.records.command import Command as Command
from twin.records.command import new_command as new_command
from twin.records.control import Control as Control
from twin.records.faults import Faults as Faults
from twin.records.image import Image as Image
from twin.records.joining import joined as joined
from twin.records.kpis import Figures as Figures
from twin.records.monitor import Watch as Watch
from twin.records.params import PARAMS as PARAMS
from twin.records.params import Params as Params
from twin.records.sensors import DELAY_SCANS as DELAY_SCANS
from twin.records.sensors import Sensors as Sensors
from twin.records.truth import Truth as Truth
from twin.records.world import RECORD_OF as RECORD_OF
from twin.records.world import WORLD as WORLD
from twin.records.world import World as World
