"""The seat of truck or station that a robot is at, or moves to."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from twin.setup.jobs import Job
from twin.viewer.layout import Layout
from twin.viewer.snapshot import Snapshot

AT_SEAT = 0.1
"""A robot within this share of its way from either seat counts as at the seat."""


class Work(NamedTuple):
    """A robot's way from one seat to another: their frames, and the completed share in plan view."""

    start: str
    goal: str
    share: float
    robot: int = 0

    @property
    def tool(self) -> str:
        """The robot's end effector."""
        return f"robot{self.robot}/end_effector"

    @property
    def seat(self) -> str:
        """The nearer of the two."""
        return self.start if self.share < 0.5 else self.goal


def work_at(layout: Layout, snapshot: Snapshot) -> Work:
    """The way of the first robot that has not finished; after the end its last seat.

    In the recording of one job, or of a drive into the bay, it is always the truck's seat.
    """
    if layout.job is not None:
        return _still(_truck_seat(layout, layout.jobs[layout.job]))
    if layout.docking:
        return _still(_truck_seat(layout, layout.jobs[0]))
    for robot in dict.fromkeys(r for job in layout.jobs for r in (job.robot, job.in_robot)):
        jobs = [job for job in layout.jobs if robot in (job.robot, job.in_robot)]
        held = snapshot.code(f"robot{robot}/held", -1)
        holds = [job for job in jobs if held in (job.old_pack, job.new_pack)]
        unfinished = [job for job in jobs if _locked(layout, snapshot, job) != job.new_pack]
        if job := next(iter((*holds, *unfinished)), None):
            return _work_of(layout, snapshot, robot, job, jobs[max(jobs.index(job) - 1, 0)], held)
    first = layout.jobs[0].robot
    return _still(_truck_seat(layout, [job for job in layout.jobs if job.robot == first][-1]))


def _work_of(layout: Layout, snapshot: Snapshot, robot: int, job: Job, before: Job, held: int) -> Work:
    """The way within one job: from the truck to the slot with the old pack, to the next slot, back with the new one."""
    truck, put, take = (layout.seats[k].name for k in (job.truck_seat, job.put_seat, job.take_seat))
    if held == job.old_pack:
        start, goal = truck, put
    elif held == job.new_pack:
        start, goal = take, truck
    elif _locked(layout, snapshot, job) >= 0 or not _is_away(layout, snapshot, job):
        start, goal = _truck_seat(layout, before), truck  # the one just finished, or the first of all
    else:
        start, goal = put, take
    return Work(start, goal, _share(snapshot, robot, start, goal), robot)


def _still(seat: str) -> Work:
    return Work(seat, seat, 0.0)


def _truck_seat(layout: Layout, job: Job) -> str:
    return layout.seats[job.truck_seat].name


def _locked(layout: Layout, snapshot: Snapshot, job: Job) -> int:
    """The pack locked on the job's seat of the truck; -1 for none."""
    return snapshot.code(f"{_truck_seat(layout, job)}/locked", -1)


def _is_away(layout: Layout, snapshot: Snapshot, job: Job) -> bool:
    """True if the old pack is farther from the truck's seat than from its destination slot."""
    pack = f"pack{job.old_pack}"
    put = layout.seats[job.put_seat].name
    if not (snapshot.has_frame(pack) and snapshot.has_frame(put)):
        return False
    at, truck, slot = (snapshot.world_pose(name)[:3] for name in (pack, _truck_seat(layout, job), put))
    return bool(np.linalg.norm(at - slot) < np.linalg.norm(at - truck))


def _share(snapshot: Snapshot, robot: int, start: str, goal: str) -> float:
    """Completed share of the way between two seats, 0 to 1; 1 if the robot is far from both."""
    tool = f"robot{robot}/end_effector"
    if start == goal or not all(snapshot.has_frame(name) for name in (tool, start, goal)):
        return 0.0 if start == goal else 1.0
    at, a, b = (snapshot.world_pose(name)[:2] for name in (tool, start, goal))
    way = b - a
    if np.linalg.norm(at - a) > np.linalg.norm(way):
        return 1.0
    share = float((at - a) @ way) / max(float(way @ way), 1e-9)
    return min(max((share - AT_SEAT) / (1.0 - 2.0 * AT_SEAT), 0.0), 1.0)
