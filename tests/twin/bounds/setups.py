"""Setups and limits that the tests of the bounds share."""

from __future__ import annotations

from functools import cache

import numpy as np
from hypothesis import strategies as st

from twin.bounds.motion import Limits
from twin.catalogue import load_pack, load_station, load_truck, with_overrides
from twin.catalogue.schema import Station
from twin.setup.setup import SwapSetup, build_setup

SHIPPED = {"top_lift": ("tractor_6x4", "cab_282"), "chassis": ("chassis_tractor_3", "chassis_171")}
NO_SPREAD = {
    f"parking.{which}.{name}": 0.0
    for which in ("guided", "unguided")
    for name in ("x_m", "y_m", "z_m", "yaw_rad", "roll_rad", "pitch_rad")
}


def log_range(low: float, high: float) -> st.SearchStrategy[float]:
    return st.floats(np.log10(low), np.log10(high)).map(lambda exponent: float(10.0**exponent))


LIMITS = st.builds(Limits, log_range(0.02, 3.0), log_range(0.02, 5.0), log_range(0.05, 50.0))
DISTANCE_M = log_range(1e-4, 20.0)
FRACTION = st.floats(0.05, 1.0)


@cache
def station_of(name: str) -> Station:
    return load_station(name)


def make_setup(station: Station, *, seed: int = 1, truck: str = "", pack: str = "") -> SwapSetup:
    truck_name, pack_name = SHIPPED[station.kind]
    return build_setup(station, load_truck(truck or truck_name), load_pack(pack or pack_name), seed=seed)


def changed(name: str, overrides: dict[str, object], **wanted: object) -> SwapSetup:
    return make_setup(with_overrides(station_of(name), overrides), **wanted)  # type: ignore[arg-type]
