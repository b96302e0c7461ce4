"""Faults drawn at random: as often as their rates say, each from a stream of its own."""

from __future__ import annotations

import math

import pytest

from tests.twin.faults.setups import SETUPS
from twin.catalogue import load_pack, load_station, load_truck, names
from twin.faults import RATES_PER_1000, faulty_setup, random_faults
from twin.faults.draws import DETAILS
from twin.setup.setup import build_setup


def test_random_faults_come_as_often_as_their_rates_say() -> None:
    """A hundred times the rates over 400 seeds: each count within four standard deviations."""
    rates = {kind: 100.0 * rate for kind, rate in RATES_PER_1000.items()}
    drawn = [random_faults(seed, rates) for seed in range(400)]
    for kind, rate in rates.items():
        share = min(rate / 1000.0, 1.0)
        count = sum(fault.kind == kind for faults in drawn for fault in faults)
        assert abs(count - 400 * share) <= 4.0 * math.sqrt(400 * share * (1.0 - share)) + 1e-9, kind
    assert sum(len(random_faults(seed)) for seed in range(400)) <= 20, "few at the real rates: 16.4 in 1000"


def test_one_more_kind_or_rate_shifts_no_other_draw() -> None:
    all_of_them = dict.fromkeys(RATES_PER_1000, 1000.0)
    for seed in range(5):
        everything = random_faults(seed, all_of_them)
        assert random_faults(seed, all_of_them) == everything
        for fault in everything:
            assert random_faults(seed, {fault.kind: 1000.0}) == (fault,)
    assert random_faults(1, all_of_them) != random_faults(2, all_of_them)


@pytest.mark.parametrize("station", names("station"))
def test_every_drawn_fault_fits_every_station(station: str) -> None:
    assert set(DETAILS) == set(RATES_PER_1000)
    at = load_station(station)
    truck, pack = SETUPS[at.kind]
    setup = build_setup(at, load_truck(truck), load_pack(pack), seed=0)
    for seed in range(30):
        faulty_setup(setup, random_faults(seed, dict.fromkeys(RATES_PER_1000, 1000.0)))
