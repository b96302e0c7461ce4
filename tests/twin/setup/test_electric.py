"""Electric energy of a drive against closed forms, and within its bounds for any drive and any load."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.catalogue import load_motor
from twin.catalogue.schema import LinearGear, Motor
from twin.setup.electric import Meters, electric_energy, rated_force

G = 9.81
HOIST = load_motor("hoist_15kw")
FEEDING = HOIST.model_copy(update={"feeds_back": True})
GEAR = LinearGear(travel_m_per_rad=0.001635, efficiency=0.94)
STILL = Meters(0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)


def lift(kg: float, height_m: float, speed_mps: float, down: bool = False) -> Meters:
    """Lifting, or lowering, at a constant speed."""
    work_j, time_s = kg * G * height_m, height_m / speed_mps
    square_s = (kg * G) ** 2 * time_s
    if down:
        return Meters(0.0, work_j, 0.0, height_m, 0.0, square_s, time_s)
    return Meters(work_j, 0.0, height_m, 0.0, square_s, 0.0, time_s)


def test_at_its_rating_a_motor_has_its_catalogues_efficiency() -> None:
    """m g h / (gear x motor x inverter) and standby, if the weight is the rated force and the speed the rated one."""
    exact = HOIST.model_copy(update={"rated_torque_nm": HOIST.rated_power_w / HOIST.rated_speed_radps})
    kg, speed_mps = rated_force(exact, GEAR) / G, HOIST.rated_speed_radps * GEAR.travel
    used = electric_energy(exact, GEAR, lift(kg, 3.0, speed_mps))
    mains = kg * G * 3.0 / (0.94 * 0.921 * 0.97) + 80.0 * 3.0 / speed_mps
    assert used.drawn_j == pytest.approx(mains, rel=1e-12)
    assert (used.fed_back_j, used.burnt_j) == (0.0, 0.0)


def test_lifting_a_pack_by_hand() -> None:
    """3.45 t, 2 m at 0.25 m/s: 67.7 kJ; load losses 0.7 x 1287 W x (33.8 / 56.4)^2 x 8 s, others 0.3 x 1287 W x 8 s."""
    used = electric_energy(HOIST, GEAR, lift(3450.0, 2.0, 0.25))
    losses_w = 15000.0 * (1.0 / 0.921 - 1.0)
    share = (3450.0 * G) / (98.1 * 0.94 / 0.001635)
    others_j = 0.3 * losses_w * 2.0 / (0.001635 * 1460.0 * 2.0 * 3.14159265 / 60.0)
    by_hand = (67689.0 / 0.94 + 0.7 * losses_w * share**2 * 8.0 + others_j) / 0.97 + 80.0 * 8.0
    assert used.net_j == pytest.approx(by_hand, rel=1e-6)


def test_standing_under_load_costs_load_losses_and_standby() -> None:
    force_n, time_s = rated_force(HOIST, GEAR), 30.0
    used = electric_energy(HOIST, GEAR, dataclasses.replace(STILL, square_s=force_n**2 * time_s, time_s=time_s))
    assert used.net_j == pytest.approx(0.7 * HOIST.rated_losses_w * time_s / 0.97 + 80.0 * time_s)


def test_what_is_lowered_is_fed_back_or_burnt() -> None:
    burnt, fed = (electric_energy(motor, GEAR, lift(3450.0, 2.0, 0.25, down=True)) for motor in (HOIST, FEEDING))
    assert (burnt.fed_back_j, fed.burnt_j) == (0.0, 0.0)
    assert fed.fed_back_j == pytest.approx(0.97 * burnt.burnt_j)
    assert 0.8 * 67689.0 < burnt.burnt_j < (2.0 - 1.0 / 0.94) * 67689.0
    assert burnt.drawn_j == fed.drawn_j == pytest.approx(80.0 * 8.0)


def test_a_travel_from_rest_to_rest_with_and_without_feeding_back() -> None:
    """6 t to 0.5 m/s and back, ideal motor and gear: without feeding back 1/2 m v^2, with it nothing but inverter."""
    ideal = {"efficiency": 1.0, "standby_w": 0.0}
    gear = LinearGear(travel_m_per_rad=0.003327, efficiency=1.0)
    kinetic_j = 0.5 * 6000.0 * 0.5**2
    moved = Meters(kinetic_j, kinetic_j, 1.0, 1.0, 1e6, 1e6, 8.0)
    resistor, feeding = (
        electric_energy(load_motor("travel_1_1kw").model_copy(update={**ideal, "feeds_back": feeds}), gear, moved)
        for feeds in (False, True)
    )
    assert resistor.net_j == pytest.approx(kinetic_j / 0.95)
    assert feeding.net_j == pytest.approx(kinetic_j / 0.95 - kinetic_j * 0.95)
    assert resistor.burnt_j == pytest.approx(kinetic_j)


def test_a_self_locking_gear_has_to_be_driven_down_too() -> None:
    """Efficiency 0.4 passes 2 - 1 / 0.4 = -0.5 of the load's work: the motor adds as much."""
    worm = LinearGear(travel_m_per_rad=0.001, efficiency=0.4)
    lossless = FEEDING.model_copy(update={"efficiency": 1.0, "standby_w": 0.0, "inverter_efficiency": 1.0})
    used = electric_energy(lossless, worm, dataclasses.replace(STILL, braking_work_j=1000.0))
    assert (used.drawn_j, used.fed_back_j) == pytest.approx((500.0, 0.0))


amounts = st.floats(0.0, 1e6)
fractions = st.floats(0.05, 1.0)
metered = st.builds(Meters, amounts, amounts, st.floats(0.0, 1e3), st.floats(0.0, 1e3), st.floats(0.0, 1e12),
                    st.floats(0.0, 1e12), st.floats(0.0, 1e4))  # fmt: skip


def drive(gear: float, motor: float, inverter: float, feeds_back: bool) -> tuple[Motor, LinearGear]:
    changed = {"efficiency": motor, "inverter_efficiency": inverter, "feeds_back": feeds_back}
    return HOIST.model_copy(update=changed), GEAR.model_copy(update={"efficiency": gear})


@given(fractions, fractions, fractions, st.booleans(), metered)
def test_a_passive_drive_never_takes_less_than_the_work_that_leaves_it(
    gear: float, motor: float, inverter: float, feeds_back: bool, load: Meters
) -> None:
    used = electric_energy(*drive(gear, motor, inverter, feeds_back), load)
    assert used.net_j >= (load.work_j - load.braking_work_j) * (1.0 - 1e-9) - 1e-6
    assert min(used.drawn_j, used.fed_back_j, used.burnt_j) >= 0.0


@given(fractions, fractions, fractions, st.booleans(), metered, st.integers(0, 2), st.floats(0.0, 1.0))
def test_a_better_part_never_costs_energy(
    gear: float, motor: float, inverter: float, feeds_back: bool, load: Meters, which: int, better: float
) -> None:
    parts = [gear, motor, inverter]
    before = electric_energy(*drive(*parts, feeds_back), load).net_j  # type: ignore[misc]
    parts[which] += better * (1.0 - parts[which])
    after = electric_energy(*drive(*parts, feeds_back), load).net_j  # type: ignore[misc]
    assert after <= before + 1e-9 * abs(before) + 1e-6


@given(fractions, fractions, fractions, metered)
def test_feeding_back_never_costs_energy(gear: float, motor: float, inverter: float, load: Meters) -> None:
    burnt, fed = (electric_energy(*drive(gear, motor, inverter, feeds), load) for feeds in (False, True))
    assert fed.net_j <= burnt.net_j
