"""Objects to draw, from a recording's own configuration: station, truck, pack, and the content of each seat."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from twin.catalogue import Pack, Station, Truck
from twin.catalogue.plain import model_from_plain
from twin.errors import InputError
from twin.recording.mcap.header import DOCKING
from twin.setup.jobs import Job, Seat


@dataclass(frozen=True)
class Layout:
    """Station, truck and pack of a recording, typed.

    `job` is the index of an insertion's job, None for a swap; `docking` is True for a drive into the bay.
    """

    station: Station
    truck: Truck
    pack: Pack
    seats: tuple[Seat, ...]
    jobs: tuple[Job, ...]
    job: int | None = None
    docking: bool = False

    @property
    def robot(self) -> int:
        """The robot to show first."""
        return 0 if self.job is None else self.jobs[self.job].robot

    @property
    def retract(self) -> float:
        """+1 where the robot lifts packs up and out (gantry), -1 where it lowers them (under the truck).

        A pack's frame P is the middle of its grip face: on top where retract is +1, at the bottom where -1.
        """
        return 1.0 if self.station.kind == "top_lift" else -1.0

    @property
    def robots(self) -> int:
        return self.station.robots.count

    @property
    def charted_robots(self) -> int:
        """Number of robots with charts: a drive into the bay has no moving robots but counts as one."""
        return 1 if self.docking else self.robots

    @property
    def idle_slots(self) -> tuple[int, ...]:
        """Slots (from 0) with a pack that is not moved."""
        moved = {slot for job in self.jobs for slot in (job.put_slot, job.take_slot)}
        return tuple(i for i, slot in enumerate(self.station.slots) if slot.filled and i not in moved)

    @classmethod
    def of(cls, configuration: Mapping[str, Any], file: str | Path | None = None) -> Layout:
        """From `header.configuration`; raises InputError that names the file for missing or wrong parts."""
        models: dict[str, Any] = {}
        for key, model in (("station", Station), ("truck", Truck), ("pack", Pack)):
            models[key] = model_from_plain(model, configuration.get(key), key, file, "nothing to draw")
        try:
            seats = tuple(Seat.from_plain(seat) for seat in configuration["seats"])
            jobs = tuple(Job.from_plain(job) for job in configuration["jobs"])
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(
                f"nothing to draw: its configuration lacks seats and jobs ({error})", file=file, key="seats, jobs"
            ) from None
        slots = len(models["station"].slots)
        for job in jobs:
            for k in (job.put_slot, job.take_slot):
                if not 0 <= k < slots:
                    raise InputError(
                        "damaged configuration", file=file, key="jobs", value=k, allowed=f"0 to {slots - 1}"
                    )
        docking = configuration.get("kind") == DOCKING
        if docking and not configuration.get("guided", True):
            models["station"] = unguided(models["station"])
        return cls(**models, seats=seats, jobs=jobs, job=_job_of(configuration, jobs, file), docking=docking)


def unguided(station: Station) -> Station:
    """The station without its guide rails and its wheel stop."""
    approach = station.approach
    if approach is None:
        return station
    bare = approach.model_copy(update={"rails": (), "wheel_stop": None})
    return station.model_copy(update={"approach": bare})


def _job_of(configuration: Mapping[str, Any], jobs: tuple[Job, ...], file: str | Path | None) -> int | None:
    """The job of an insertion from hover; None for a swap."""
    hover = configuration.get("hover")
    if hover is None:
        return None
    job = hover.get("job") if isinstance(hover, Mapping) else hover
    if type(job) is not int or not 0 <= job < len(jobs):
        raise InputError(
            "damaged configuration", file=file, key="hover.job", value=job, allowed=f"0 to {len(jobs) - 1}"
        )
    return job
