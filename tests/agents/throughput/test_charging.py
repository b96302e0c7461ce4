"""Charging times in closed form, and how a short connection is shared."""

from __future__ import annotations

import pytest
import simpy

from agents.throughput.charging import Hall, charge_time_s
from tests.agents.throughput.small import KWH_J, site
from twin.catalogue import load_pack, load_site, load_station, names

PACK_J = 100.0 * KWH_J
POWER_W = 100e3
TAPER = ({"from_soc": 0.8, "power_fraction": 0.5}, {"from_soc": 0.9, "power_fraction": 0.2})


def charging(**changes: object) -> object:
    return site(charging={"power_w": POWER_W, "chargers": 4, "site_power_limit_w": 1e9, **changes}).charging


@pytest.mark.parametrize(
    ("soc", "ready", "expected_h"),
    [
        (0.2, 1.0, 0.6 + 0.1 / 0.5 + 0.1 / 0.2),
        (0.85, 1.0, 0.05 / 0.5 + 0.1 / 0.2),
        (0.2, 0.8, 0.6),
        (0.2, 0.95, 0.6 + 0.1 / 0.5 + 0.05 / 0.2),
        (0.2, 0.5, 0.3),
    ],
)
def test_constant_power_then_taper(soc: float, ready: float, expected_h: float) -> None:
    of = charging(taper=TAPER, ready_soc=ready)
    assert charge_time_s(of, PACK_J, soc) == pytest.approx(3600.0 * expected_h)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", names("site"))
def test_shipped_chargers_take_the_sourced_hour(name: str) -> None:
    of = load_site(name)
    station = load_station(of.kind)
    pack = load_pack({"top_lift": "cab_282", "chassis": "chassis_171"}[of.kind])
    assert charge_time_s(of.charging, pack.energy_kwh * KWH_J, 0.2) == pytest.approx(3600.0, rel=0.005)
    if of.kind == "top_lift":
        assert of.slots == len(station.slots)
        assert of.packs == sum(slot.filled for slot in station.slots)


def ready_times(socs: list[float], **changes: object) -> list[float]:
    """Times at which packs become ready that come together, in the order of becoming so."""
    env = simpy.Environment()
    found: list[float] = []
    hall = Hall(env, charging(**changes), PACK_J, lambda: None, lambda n: found.extend([env.now] * n))  # type: ignore[arg-type]
    for soc in socs:
        hall.plug(soc * PACK_J)
    env.run()
    assert hall.taken == hall.given == len(socs)
    assert hall.delivered_j == pytest.approx(sum(1.0 - soc for soc in socs) * PACK_J)
    return [time_s / 3600.0 for time_s in found]


def test_a_short_connection_is_shared_equally_or_goes_to_the_fullest() -> None:
    limit = {"site_power_limit_w": POWER_W}
    # equal: 50 kW each until the fuller one has its 20 kWh, then 100 kW for what is left of 80 kWh
    assert ready_times([0.8, 0.2], **limit) == pytest.approx([0.4, 1.0])
    assert ready_times([0.8, 0.2], **limit, sharing="fullest_first") == pytest.approx([0.2, 1.0])


def test_what_a_tapered_pack_cannot_take_goes_to_the_others() -> None:
    # the first takes 20 kW of 120, the second its full 100
    found = ready_times([0.9, 0.0], taper=TAPER, site_power_limit_w=1.2 * POWER_W)
    assert found == pytest.approx([0.5, 0.8 + 0.1 / 0.5 + 0.1 / 0.2])


def test_packs_wait_for_chargers_in_their_order() -> None:
    assert ready_times([0.5, 0.5, 0.5], chargers=1) == pytest.approx([0.5, 1.0, 1.5])
    assert ready_times([0.5, 0.5, 0.9, 0.5], chargers=2) == pytest.approx([0.5, 0.5, 0.6, 1.0])


def test_a_charger_that_fails_gives_its_pack_back() -> None:
    env = simpy.Environment()
    found: list[float] = []
    hall = Hall(env, charging(chargers=1), PACK_J, lambda: None, lambda n: found.append(env.now))  # type: ignore[arg-type]
    hall.plug(0.0)
    env.run(until=1800.0)
    hall.break_down(0)
    assert (len(hall.charging), list(hall.waiting)) == (0, [pytest.approx(0.5 * PACK_J)])
    env.run(until=3600.0)
    hall.repair(0)
    env.run()
    assert found == [pytest.approx(3600.0 + 1800.0)]
