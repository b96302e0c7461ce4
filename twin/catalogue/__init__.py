"""The catalogue: stations, trucks, packs and timing sets from YAML, checked and frozen."""

from twin.catalogue.fit import compatible, default_pack, resolve
from twin.catalogue.load import (
    Provenance,
    load_motor,
    load_pack,
    load_scenario,
    load_site,
    load_station,
    load_timing,
    load_truck,
    load_with_provenance,
    names,
    with_overrides,
)
from twin.catalogue.schema import Motor, Pack, Scenario, Site, Station, TimingSet, Truck

__all__ = [
    "Motor",
    "Pack",
    "Provenance",
    "Scenario",
    "Site",
    "Station",
    "TimingSet",
    "Truck",
    "compatible",
    "default_pack",
    "load_motor",
    "load_pack",
    "load_scenario",
    "load_site",
    "load_station",
    "load_timing",
    "load_truck",
    "load_with_provenance",
    "names",
    "resolve",
    "with_overrides",
]
