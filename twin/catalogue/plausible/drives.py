"""Plausibility of an axis' limits beside its motor: no limit is beyond what the motor is able to do at the axis."""

from __future__ import annotations

from collections.abc import Iterator

from twin.catalogue.derived import LOADS, UNITS, Problem
from twin.catalogue.fitted import Drive, duty, field, most
from twin.catalogue.plausible.ranges import within
from twin.catalogue.schema import Station


def drive_problems(s: Station) -> Iterator[Problem]:
    """Check velocity, acceleration and force limits of every axis that has a motor."""
    for name in UNITS:
        axis = getattr(s.axes, name)
        if axis.motor is None:
            continue
        drive, key, motor = Drive(axis.motor, axis.gear), f"axes.{name}", f"motor {axis.motor.name} with its gear"
        why = f"{motor} gives no more at its peak, nor do rails and structure bear more"
        yield from within(s, f"{key}.{field(name, 'force_limit')}", why, None, drive.peak_force())
        for load in LOADS:
            asked = duty(s, name, load)
            why = f"{motor} moves weight and friction no faster for 40 % of the time, nor turns faster than its maximum"
            fastest = drive.intermittent_speed(asked)
            yield from within(s, f"{key}.{field(name, f'velocity{load}')}", why, None, fastest)
            why = f"{motor} accelerates mass and rotors by no more at full speed"
            yield from within(
                s, f"{key}.{field(name, f'acceleration{load}')}", why, None, most(drive, asked, asked.velocity)
            )
