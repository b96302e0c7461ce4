"""Every contact of the reference plant has one source of friction: the engine, the plant's own, or a closed grip."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial

import numpy as np
import pybullet as pb
import pytest

from tests.physics import rig
from tests.physics.rig import BulletBench
from tests.physics.test_standing import press
from tests.twin.plants.test_scope import setup_of, standing
from twin.alignment.episode import AlignmentTwin
from twin.alignment.hover import Hover
from twin.alignment.servo import VisualServo
from twin.plants.bullet.bodies import idle_packs
from twin.plants.bullet.building import NEAR_M, Scope

Watch = Callable[[BulletBench], Counter[str]]


@pytest.fixture
def watch(monkeypatch) -> Watch:
    """Watches every tick of a plant from now on: contact points by what gives them friction."""

    def begin(bench: BulletBench) -> Counter[str]:
        plant, found, simulate = bench.plant, Counter(), pb.stepSimulation

        def tick(physicsClientId: int) -> None:
            found.update(sources(plant))
            simulate(physicsClientId=physicsClientId)

        monkeypatch.setattr(pb, "stepSimulation", tick)
        return found

    return begin


def sources(plant) -> Counter[str]:
    """Points that press, by their only source of friction, after the plant has pushed and before the engine steps."""
    found: Counter[str] = Counter()
    every = pb.getContactPoints(physicsClientId=plant._client)
    pressed = [point for point in every if point[9] > 0.0 and point[8] <= NEAR_M]
    there = Counter(((p[1], p[3]), (p[2], p[4])) for p in pressed)
    acts = {((p[1], p[3]), (p[2], p[4])) for p in pressed if p[10] or p[12]}
    own = Counter((first, second) for first, second, _ in plant._sliding.forces)
    assert not own.keys() - there.keys(), "friction of what does not touch"
    for pair, count in there.items():
        in_engine = np.prod([pb.getDynamicsInfo(*part, physicsClientId=plant._client)[1] for part in pair])
        gives = {"engine": in_engine > 0.0, "own": pair in own, "grip": pair in plant._sliding.fixed}
        [source] = [name for name, gives_it in gives.items() if gives_it]
        assert source != "own" or own[pair] == count
        assert source == "engine" or pair not in acts
        assert source != "engine" or in_engine == pytest.approx(plant.setup.guide_friction, rel=1e-6)
        found[source] += count
    return found


@pytest.fixture
def bench() -> Iterator[Callable[..., BulletBench]]:
    plants: list[BulletBench] = []

    def make(*args: str) -> BulletBench:
        plants.append(rig.bench(*args))
        return plants[-1]

    yield make
    for plant in plants:
        plant.close()


def test_a_standing_pack_has_the_engines(bench, watch):
    plant = bench()
    rig.unlock(plant, rig.OLD)
    rig.run(plant, 0.5)
    found = watch(plant)
    rig.run(plant, 0.2)
    assert found.keys() == {"engine"}
    assert found["engine"] >= 100 * 4, "a pack on four feet"


def test_an_end_effector_that_slides_on_a_pack_has_the_plants_own_until_it_grips(bench, watch):
    plant = bench("chassis", "chassis_tractor_3")
    press(plant)
    rig.move(plant, x=float(plant.worlds["truth"]["q"][0, 0, 0]) - 0.015, velocity=0.05, acceleration=0.5, jerk=5.0)
    found = watch(plant)
    rig.run(plant, 0.2)
    assert found["own"] >= 100 * 4
    own = found["own"]
    rig.grip(plant, rig.OLD)
    rig.run(plant, 0.2)
    assert found["own"] == own
    assert found["grip"] > 100


@pytest.mark.parametrize("station", ["top_lift", "chassis"])
@pytest.mark.parametrize("scope", ["swap", "seat"])
def test_a_pack_that_is_inserted(watch, station: str, scope: Scope):
    """Pins and pads rub by the plant's own friction: a held pack slides."""
    hover = Hover(height_m=0.15, off_x_m=0.012)
    twin = AlignmentTwin(setup_of(station, 2), hover, make_runner=partial(BulletBench, scope=scope))
    try:
        servo = VisualServo()
        twin.begin()
        found = watch(twin.runner)
        while twin.running:
            twin.advance(servo.speeds(twin.look()))
        assert twin.result().outcome == "seated"
    finally:
        twin.close()
    assert found["own"] > 200


def test_a_pack_on_pads_has_the_engines_while_nothing_holds_it(bench, watch):
    """It does not move where grips close or open."""
    plant = bench()
    rig.unlock(plant, rig.NEW)
    rig.brake(plant)
    rig.run(plant, 0.5)
    pose = plant.worlds["truth"]["pack_pose"][0, rig.NEW]
    before, found = pose.copy(), watch(plant)
    for change, source in ((rig.grip, "own"), (rig.release, "engine")):
        change(plant, rig.NEW) if change is rig.grip else change(plant)
        found.clear()
        rig.run(plant, 0.2)
        assert found[source] >= 99 * 4, "the engine finds the points anew"
        assert found.keys() == {source}
        assert pose == pytest.approx(before, abs=2e-6)


@pytest.mark.parametrize("scope", ["swap", "seat"])
@pytest.mark.parametrize("station", ["top_lift", "chassis"])
def test_every_part_with_a_shape_has_its_friction(station: str, scope: Scope):
    with standing(station, scope) as plant:
        c, friction = plant._client, plant.plant._sliding._friction
        for i in range(pb.getNumBodies(physicsClientId=c)):
            body = pb.getBodyUniqueId(i, physicsClientId=c)
            is_multibody = pb.getDynamicsInfo(body, -1, physicsClientId=c)[10] == 2  # else a box
            for link in range(-1, pb.getNumJoints(body, physicsClientId=c)):
                if not is_multibody or pb.getCollisionShapeData(body, link, physicsClientId=c):
                    assert (body, link) in friction


def test_a_load_set_down_where_none_is_expected_has_friction_from_the_next_scan_on(bench, watch):
    """On a stored pack: contacts are then read in every tick, although the load is not close to any seat."""
    plant = bench()
    setup, sheave_m = plant.setup, float(plant.params["sheave_height_m"][0])
    used = {slot for job in setup.jobs for slot in (job.put_slot, job.take_slot)}
    slot = setup.station.slots[idle_packs(setup.station, used)[0]]
    rope_m = sheave_m - slot.z_m - 2.0 * setup.pack.size_m[2]
    rig.hang(plant, rig.NEW, rope_m, x=slot.x_m, y=slot.y_m, sway_x_m=0.005)
    rig.run(plant, 0.15)
    found = watch(plant)
    rig.run(plant, 0.2)
    assert not plant.plant._guides.close
    assert found["own"] > 100 * 3


def test_ticks_between_scans_may_be_run_one_by_one(bench):
    """While a table slides on a pack: friction acts from the same contacts as when they are run together."""
    ends = []
    for ticks in (10, 1):
        plant = bench("chassis", "chassis_tractor_3")
        press(plant)
        rig.move(plant, x=float(plant.worlds["truth"]["q"][0, 0, 0]) - 0.015, velocity=0.05, acceleration=0.5, jerk=5.0)
        for _ in range(100 // ticks):
            plant.run_ticks(ticks)
        ends.append(plant.state_sha256())
        assert plant.plant._sliding.forces
    assert ends[0] == ends[1]
