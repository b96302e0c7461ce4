"""What ships: every file loads, says where its numbers come from, and fits or is refused with a reason."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from twin.catalogue import (
    compatible,
    default_pack,
    load_pack,
    load_station,
    load_timing,
    load_truck,
    load_with_provenance,
    names,
    resolve,
    with_overrides,
)
from twin.catalogue.fit import rebound_m
from twin.catalogue.load import TAGS, models_folder
from twin.catalogue.schema import FloatingTable, FourRope, LinearAxis, Mast, Station, Truck
from twin.errors import InputError
from twin.gravity import GRAVITY_MPS2 as G

KIND_OF_FOLDER = {
    "stations": "station",
    "trucks": "truck",
    "packs": "pack",
    "timing": "timing",
    "scenarios": "scenario",
    "sites": "site",
    "motors": "motor",
}
FILES = sorted(
    path
    for path in models_folder().rglob("*.yaml")
    if path.relative_to(models_folder()).parts[0] not in ("policies", "experiments")
)
STATIONS = [load_station(name) for name in names("station")]
TRUCKS = [load_truck(name) for name in names("truck")]
PACKS = [load_pack(name) for name in names("pack")]


def by_id(thing: object) -> str:
    return str(getattr(thing, "name", thing))


def kind_of(path: Path) -> str:
    return KIND_OF_FOLDER[path.relative_to(models_folder()).parts[0]]


def test_the_catalogue_has_at_least_what_was_asked() -> None:
    assert {"top_lift", "chassis"} <= set(names("station"))
    assert len(names("pack")) >= 4
    assert len(names("truck")) >= 5
    assert {len(t.seats_xyz_m) for t in TRUCKS if t.mount == "chassis"} == {1, 2, 3}
    assert {t.outline.body for t in TRUCKS} & {"mixer", "dump"}
    assert {type(s.reeving) for s in STATIONS} == {FourRope, Mast, FloatingTable}


@pytest.mark.parametrize("path", FILES, ids=lambda p: "/".join(p.relative_to(models_folder()).parts))
def test_a_shipped_file_loads_under_its_own_name_and_every_number_says_where_it_comes_from(path: Path) -> None:
    model, provenance = load_with_provenance(kind_of(path), path)
    assert model.name == path.stem  # type: ignore[attr-defined]
    assert provenance
    unstated = [key for key, source in provenance.items() if source.tag not in TAGS or len(source.text) < 3]
    assert unstated == []


@pytest.mark.parametrize("path", [p for p in FILES if kind_of(p) != "timing"], ids=lambda p: p.stem)
def test_only_timing_sets_have_one_provenance_for_the_whole_file(path: Path) -> None:
    assert "\nprovenance:" not in path.read_text(encoding="utf-8")


@pytest.mark.parametrize("station", STATIONS, ids=by_id)
def test_every_station_has_a_factory_timing_set(station: Station) -> None:
    timing = load_timing("factory", station)
    assert timing == load_timing("factory", station.name)
    assert timing.kind == station.kind


# ------------------------------------------------------------------------------------------------------- what fits what


@pytest.mark.parametrize("station", STATIONS, ids=by_id)
@pytest.mark.parametrize("truck", TRUCKS, ids=by_id)
def test_every_pair_fits_or_is_refused_with_a_reason(station: Station, truck: Truck) -> None:
    for pack in PACKS:
        reason = compatible(station, truck, pack)
        if reason is None:
            resolve(station, truck, pack)
            assert pack.interface == truck.interface
        else:
            assert len(reason) > 20
            with pytest.raises(InputError, match=r"are not compatible: ") as caught:
                resolve(station, truck, pack)
            assert reason in str(caught.value)
    fits = {"top_lift": "back_of_cab", "chassis": "chassis"}[station.kind] == truck.mount
    if fits:
        assert compatible(station, truck, default_pack(station, truck)) is None
    else:
        with pytest.raises(InputError, match="no pack fits"):
            default_pack(station, truck)


@pytest.mark.parametrize("truck", TRUCKS, ids=by_id)
def test_every_truck_has_a_station_and_a_pack(truck: Truck) -> None:
    assert any(compatible(s, truck, p) is None for s in STATIONS for p in PACKS)


@pytest.mark.parametrize("pack", PACKS, ids=by_id)
def test_every_pack_has_a_station_and_a_truck(pack: object) -> None:
    assert any(compatible(s, t, pack) is None for s in STATIONS for t in TRUCKS)  # type: ignore[arg-type]


COMBINATIONS = {
    "cab": ("top_lift", "tractor_6x4", "cab_282"),
    "cab heavy": ("top_lift", "tractor_6x4", "cab_423"),
    "two blocks": ("chassis", "chassis_tractor_2", "chassis_171"),
    "three blocks": ("chassis", "chassis_tractor_3", "chassis_171"),
}


@pytest.mark.parametrize(
    ("combination", "change", "reason"),
    [
        ("cab", {"station.interfaces": ["cab_frame_b"]}, "station takes interface"),
        ("cab", {"pack.interface": "cab_frame_b"}, "seats take interface"),
        ("cab heavy", {"station.limits.rated_load_kg": 4000}, "rated load of 4000 kg"),
        ("cab", {"truck.pack_mass_limit_kg": 3100}, "truck's limit of 3100 kg"),
        ("cab", {"pack.size_m": [1.1, 2.6, 1.6]}, "2.55 m"),
        ("cab", {"pack.size_m": [1.7, 2.4, 1.6]}, "in slots 0 and 1 would overlap"),
        ("cab", {"station.slots[0].yaw_rad": 1.5}, "slots 0 and 1 would overlap"),
        ("cab", {"truck.outline.cab_rear_x_m": 0.5}, "the cab begins at 0.5"),
        ("cab", {"truck.outline.cab_height_m": 3.3}, "cab reach up to 3.3"),
        ("cab", {"truck.seats_xyz_m": [[0.0, 0.0, 3.4]]}, "needs axis z"),
        ("cab", {"truck.seats_xyz_m": [[0.0, -0.5, 1.056]]}, "needs axis y"),
        ("cab", {"pack.size_m": [1.1, 2.4, 1.3]}, "slot 0 with this pack needs axis z"),
        ("cab", {"station.limits.clearance_height_m": 3.6}, "clearance_height_m 3.6"),
        ("cab", {"station.limits.clearance_height_m": 1.9}, "stored packs reach up to 2"),
        (
            "cab",
            {"station.limits.repark_yaw_rad": 0.2, "station.parking.clip.yaw_rad": 0.1},
            "askew with this pack needs axis yaw",
        ),
        ("three blocks", {"pack.size_m": [0.75, 2.1, 0.8]}, "bottom would be -0.07"),
        ("three blocks", {"station.limits.clearance_height_m": -0.5}, "hang down to -0.57"),
        ("three blocks", {"station.limits.repark_m": 0.1}, "needs axis y"),
        ("three blocks", {"station.slots[1].filled": False}, "robot 1 has 1 charged packs"),
        ("two blocks", {"pack.size_m": [0.9, 2.1, 0.45]}, "slots 0 and 1 would overlap"),
        ("two blocks", {"truck.seats_xyz_m": [[0.3, 0.0, 0.73], [-0.3, 0.0, 0.73]]}, "truck's seats at x -0.3 and 0.3"),
        ("two blocks", {"truck.seats_xyz_m": [[1.6, 0.0, 0.73], [-0.4, 0.0, 0.73]]}, "the axles are at"),
    ],
)
def test_each_rule_refuses_with_its_own_reason(combination: str, change: dict[str, object], reason: str) -> None:
    station_name, truck_name, pack_name = COMBINATIONS[combination]
    station, truck, pack = load_station(station_name), load_truck(truck_name), load_pack(pack_name)
    assert compatible(station, truck, pack) is None

    def part(kind: str) -> dict[str, object]:
        return {key.partition(".")[2]: value for key, value in change.items() if key.startswith(f"{kind}.")}

    found = compatible(
        with_overrides(station, part("station")),
        with_overrides(truck, part("truck")),
        with_overrides(pack, part("pack")),
    )
    assert found is not None
    assert reason in found


# ------------------------------------------------------------------------------------ numbers against what they rest on


def test_a_3_2_t_pack_leaving_the_6x4_tractor_rebounds_by_41_and_5_mm_and_0_46_deg() -> None:
    truck = load_truck("tractor_6x4")
    front = rebound_m(truck, truck.front_axle.x_m, 3200.0)
    rear = rebound_m(truck, truck.rear_axle.x_m, 3200.0)
    assert front == pytest.approx(0.041, rel=0.02)
    assert rear == pytest.approx(0.005, rel=0.02)
    assert math.degrees((front - rear) / truck.wheelbase_m) == pytest.approx(0.46, rel=0.02)


@pytest.mark.parametrize("truck", TRUCKS, ids=by_id)
@pytest.mark.parametrize("laden", [False, True], ids=["without packs", "with packs"])
def test_both_ends_of_a_truck_bounce_at_1_2_to_1_9_hz(truck: Truck, laden: bool) -> None:
    mass, x = truck.sprung_mass_kg, truck.sprung_com_m[0]
    pitch = truck.sprung_inertia_kgm2[1]
    packs = default_pack(
        next(s for s in STATIONS if compatible(s, truck, PACKS[1]) is None or truck.mount == s.kind), truck
    )
    added = len(truck.seats_xyz_m) * packs.mass_kg if laden else 0.0
    total = mass + added
    middle = mass * x / total
    inertia = pitch + mass * (x - middle) ** 2 + added * middle**2
    a, b = truck.front_axle.x_m - middle, middle - truck.rear_axle.x_m
    kf, kr = truck.front_axle.stiffness_n_per_m, truck.rear_axle.stiffness_n_per_m
    # heave z and pitch: [[kf + kr, kr b - kf a], [., kf a2 + kr b2]]
    p, q, r = (kf + kr) / total, (kr * b - kf * a), (kf * a * a + kr * b * b) / inertia
    root = math.sqrt((p - r) ** 2 / 4 + q * q / (total * inertia))
    for squared in ((p + r) / 2 - root, (p + r) / 2 + root):
        assert 1.2 <= math.sqrt(squared) / (2 * math.pi) <= 1.9
    assert 0.15 <= truck.front_axle.damping_ratio <= 0.3


@pytest.mark.parametrize("station", STATIONS, ids=by_id)
def test_drives_can_do_what_their_limits_say_and_stop_within_the_stated_distance(station: Station) -> None:
    limits, axes, ee = station.limits, station.axes, station.end_effector
    moved = {
        "x": axes.x.moving_mass_kg + axes.y.moving_mass_kg + limits.rated_load_kg,
        "y": axes.y.moving_mass_kg + limits.rated_load_kg,
        "z": axes.z.moving_mass_kg + limits.rated_load_kg,
    }
    for name, mass in moved.items():
        axis: LinearAxis = getattr(axes, name)
        weight = limits.rated_load_kg * limits.overload_fraction * G if name == "z" else 0.0
        friction = axis.coulomb_n + axis.viscous_n_per_mps * axis.velocity_mps
        assert axis.force_limit_n > mass * axis.acceleration_mps2 + friction + weight
        empty = mass - limits.rated_load_kg + ee.mass_kg
        assert axis.force_limit_n > empty * axis.acceleration_empty_mps2 + friction + ee.mass_kg * G * (name == "z")
        for v, a in (
            (axis.velocity_mps, axis.acceleration_mps2),
            (axis.velocity_empty_mps, axis.acceleration_empty_mps2),
        ):
            stop = v * v / (2 * a) + v * a / (2 * axis.jerk_mps3) + v * limits.reaction_time_s
            assert 1.15 * stop < axis.stopping_distance_m, (name, stop)


@pytest.mark.parametrize("station", [s for s in STATIONS if s.kind == "top_lift"], ids=by_id)
def test_top_lift_cut_off_stays_below_the_5_t_structural_load(station: Station) -> None:
    assert station.limits.rated_load_kg * station.limits.overload_fraction < 5000.0


@pytest.mark.parametrize("station", STATIONS, ids=by_id)
def test_creep_heights_cover_the_guide_pins(station: Station) -> None:
    pins = [p.guides.pin_length_m for p in PACKS if p.interface in station.interfaces]
    timing = load_timing("factory", station)
    for phase in ("store", "insert"):
        assert timing.of(phase).creep_height_m >= max(pins)
    assert station.limits.creep_out_height_m >= max(pins)


@pytest.mark.parametrize("station", [s for s in STATIONS if s.kind == "chassis"], ids=by_id)
def test_chassis_blocks_are_stored_clear_of_the_opening_under_the_truck(station: Station) -> None:
    reach = max(abs(x) for t in TRUCKS if t.mount == "chassis" for x, _, _ in t.seats_xyz_m) + 0.75 / 2
    assert reach <= 1.3 <= min(abs(slot.x_m) for slot in station.slots) - 0.75 / 2
