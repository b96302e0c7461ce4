"""The planner: admissible plans only, the shortest of them, and shared exchanges."""

from __future__ import annotations

from typing import Any

import pytest

from twin.catalogue import load_pack, load_station, load_truck, with_overrides
from twin.errors import InputError
from twin.setup.exchange import NEAREST, SHORTEST
from twin.setup.jobs import Job, plan_jobs, tasks_of
from twin.setup.planning import shortest_plan
from twin.setup.setup import build_setup

HEIGHT_M = 0.45


def swap(station: str, truck: str, planning: str) -> Any:
    at, who = load_station(station), load_truck(truck)
    return build_setup(at, who, load_pack(who.default_pack), seed=1, planning=planning)


def test_one_gantry_takes_the_neighbouring_slot_with_the_shorter_travel() -> None:
    """The empty slot is 2.25 m ahead of the truck: the charged pack beside it on the truck's side is on the way."""
    near, short = (swap("top_lift", "tractor_6x4", planning).jobs[0] for planning in (NEAREST, SHORTEST))
    assert (near.put_slot, near.take_slot) == (5, 3)
    assert (short.put_slot, short.take_slot) == (5, 4)


def test_two_robots_share_the_middle_block_by_halves() -> None:
    jobs = swap("chassis", "chassis_tractor_3", SHORTEST).jobs
    assert sorted(job.shared for job in jobs) == [False, False, True]
    halves = [sum(task.out + task.into for task in tasks_of(jobs, robot)) for robot in range(2)]
    assert halves == [3, 3]
    shared = next(job for job in jobs if job.shared)
    slots = load_station("chassis").slots
    assert slots[shared.put_slot].robot == shared.robot
    assert slots[shared.take_slot].robot == shared.in_robot


@pytest.mark.parametrize("station", ["chassis", "chassis_single"])
@pytest.mark.parametrize("truck", ["chassis_rigid_1", "chassis_tractor_2", "chassis_tractor_3"])
@pytest.mark.parametrize("planning", [NEAREST, SHORTEST])
def test_every_plan_is_admissible(station: str, truck: str, planning: str) -> None:
    """Slots are empty when a pack comes and full when one is taken, by the robot they belong to, seat by seat."""
    at, who = load_station(station), load_truck(truck)
    jobs, _ = plan_jobs(at, who, planning=planning, height_m=HEIGHT_M)
    assert sorted(job.truck_seat for job in jobs) == sorted({job.truck_seat for job in jobs})
    assert len(jobs) == len(who.seats_xyz_m)
    for robot in range(at.robots.count):
        full = {i for i, slot in enumerate(at.slots) if slot.filled}
        for task in tasks_of(jobs, robot):
            job = jobs[task.job]
            if task.out:
                assert job.put_slot not in full
                full.add(job.put_slot)
            if task.into:
                assert job.take_slot in full
                full.remove(job.take_slot)
            for slot in (job.put_slot if task.out else None, job.take_slot if task.into else None):
                assert slot is None or at.robots.count == 1 or at.slots[slot].robot == robot


def test_a_station_without_slots_for_a_truck_is_refused_in_one_line() -> None:
    at = with_overrides(load_station("chassis"), {f"slots[{i}].filled": False for i in (2, 5)})
    with pytest.raises(InputError, match="station chassis has no plan for chassis_tractor_3: too few slots"):
        shortest_plan(at, load_truck("chassis_tractor_3"), HEIGHT_M)


def test_a_job_of_an_older_recording_is_one_robots() -> None:
    fields = ("robot", "truck_seat", "put_seat", "take_seat", "old_pack", "new_pack", "put_slot", "take_slot")
    job = Job.from_plain({name: i for i, name in enumerate(fields)} | {"robot": 1})
    assert job.in_robot == 1
    assert not job.shared
